"""The reader's predicates that may be evaluated before the row filter, because they cannot fail or reveal anything.

A predicate is read from Polars' own JSON of it and built anew from the few kinds of nodes below, so that nothing that
a reader wrote runs on rows that they may not see. Any other node, type or form is unknown, and the whole predicate
then runs above the filter and the masks.

    column = literal, <>, <, <=, >, >=, between, in, is null, is not null, and a boolean column, combined by and/or/not

Columns are shown ones, and a literal has the type of its column. Doubles are left out: statistics of files leave NaN
out, so that skipping files by them would lose rows.
"""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Closed = Literal["both", "left", "right", "none"]

_COMPARISONS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "Eq": lambda column, value: column == value,
    "NotEq": lambda column, value: column != value,
    "Lt": lambda column, value: column < value,
    "LtEq": lambda column, value: column <= value,
    "Gt": lambda column, value: column > value,
    "GtEq": lambda column, value: column >= value,
}
_MIRRORED = {"Eq": "Eq", "NotEq": "NotEq", "Lt": "Gt", "LtEq": "GtEq", "Gt": "Lt", "GtEq": "LtEq"}
_CLOSED: dict[str, _Closed] = {"Both": "both", "Left": "left", "Right": "right", "None": "none"}
_EPOCH = date(1970, 1, 1)
_LARGEST = 1 << 20
_DEEPEST = 100

_COMPARED = (pl.String, pl.Boolean, pl.Int32, pl.Int64, pl.Date, pl.Datetime, pl.Decimal)


class _UnknownNodeError(Exception):
    """A part of a predicate is none of the known nodes."""


_UNREADABLE = (_UnknownNodeError, pl.exceptions.PolarsError, ValueError, OverflowError, RecursionError)


@dataclass(frozen=True)
class PredicateReading:
    """A predicate as it was read.

    Attributes:
        below: the same predicate, built anew; None if it may only run on rows and values that its reader may see.
        lookups: the values that columns are compared with by `=` or `in`, by column.
        confined: the columns that have one of these values in each row that satisfies the predicate.
    """

    below: pl.Expr | None
    lookups: Mapping[str, tuple[object, ...]]
    confined: frozenset[str] = frozenset()


def read_predicate(predicate: pl.Expr, shown: Mapping[str, pl.DataType]) -> PredicateReading:
    """Read a predicate over the `shown` columns, which are those whose values are neither masked nor withheld."""
    lookups: dict[str, tuple[object, ...]] = {}
    reader, confined = _PredicateReader(shown, lookups), frozenset[str]()
    try:
        text = predicate.meta.serialize(format="json")
        if len(text) > _LARGEST:
            return PredicateReading(None, {})
        tree = json.loads(text)
        confined = reader.confined(tree, 0)
        below = reader.read(tree, 0)
    except _UNREADABLE:
        return PredicateReading(None, lookups, confined)
    return PredicateReading(below, lookups, confined)


def balance_chains(predicate: pl.Expr) -> pl.Expr:
    """Return a predicate whose chains of `|` and `&` are trees of the same terms in the same order.

    Each `|` of a chain lies in the one after it, and the time that Polars takes grows with the square of their number,
    for each batch anew.
    """
    return _balanced(predicate, 0)


def _balanced(predicate: pl.Expr, depth: int) -> pl.Expr:
    for combine in (operator.or_, operator.and_):
        terms, rest = [], predicate
        while (sides := _sides(rest, combine)) is not None:
            rest, last = sides
            terms.append(last)
        if terms and depth < _DEEPEST:
            found = [_balanced(term, depth + 1) for term in (rest, *reversed(terms))]
            while len(found) > 1:
                found = [reduce(combine, found[at : at + 2]) for at in range(0, len(found), 2)]
            return found[0]
    return predicate


def _sides(predicate: pl.Expr, combine: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> tuple[pl.Expr, pl.Expr] | None:
    """Return both sides of an operator; None if the predicate is of another kind."""
    match predicate.meta.pop():
        case [right, left] if combine(left, right).meta.eq(predicate):
            return left, right
    return None


class _PredicateReader:
    def __init__(self, shown: Mapping[str, pl.DataType], lookups: dict[str, tuple[object, ...]]) -> None:
        self._shown, self._lookups = shown, lookups

    def read(self, node: object, depth: int) -> pl.Expr:
        """Return the predicate of a node. Raises _UnknownNodeError."""
        kind, body = _single(node)
        if depth > _DEEPEST:
            raise _UnknownNodeError
        match kind:
            case "Column":
                name, dtype = self._column(node)
                if dtype == pl.Boolean:
                    return pl.col(name)
            case "BinaryExpr":
                left, op, right = _members(body, "left", "op", "right")
                if op in {"And", "LogicalAnd"}:
                    return self.read(left, depth + 1) & self.read(right, depth + 1)
                if op in {"Or", "LogicalOr"}:
                    return self.read(left, depth + 1) | self.read(right, depth + 1)
                return self._comparison(left, op, right)
            case "Function":
                inputs, function = _members(body, "input", "function")
                name, options = _single(function)
                if name == "Boolean" and isinstance(inputs, list):
                    return self._function(inputs, options, depth)
        raise _UnknownNodeError

    def confined(self, node: object, depth: int) -> frozenset[str]:
        """Return the columns that have a looked-up value in each row that satisfies a node.

        Parts of it may be unknown. Raises _UnknownNodeError for a node that is too deep.
        """
        kind, body = _single(node)
        if depth > _DEEPEST:
            raise _UnknownNodeError
        if kind == "BinaryExpr" and isinstance(body, dict):
            sides = [body.get("left"), body.get("right")]
            match body.get("op"):
                case "And" | "LogicalAnd":
                    return frozenset.union(*(self.confined(side, depth + 1) for side in sides))
                case "Or" | "LogicalOr":
                    return frozenset.intersection(*(self.confined(side, depth + 1) for side in sides))
        leaf = _PredicateReader(self._shown, {})
        try:
            leaf.read(node, depth)
        except _UNREADABLE:
            return frozenset()
        if not _is_equality(kind, body):
            return frozenset()
        for name, values in leaf._lookups.items():
            self._remember(name, list(values))
        return frozenset(leaf._lookups)

    def _comparison(self, left: object, op: object, right: object) -> pl.Expr:
        if op not in _COMPARISONS or not isinstance(op, str):
            raise _UnknownNodeError
        if not isinstance(left, dict) or "Column" not in left:
            left, op, right = right, _MIRRORED[op], left
        name, dtype = self._column(left)
        value = _literal(right, dtype)
        if op == "Eq":
            self._remember(name, [value])
        return _COMPARISONS[op](pl.col(name), pl.lit(value, dtype=dtype))

    def _function(self, inputs: list[object], options: object, depth: int) -> pl.Expr:
        match options, inputs:
            case "Not", [operand]:
                return ~self.read(operand, depth + 1)
            case "IsNull", [operand]:
                return pl.col(self._column(operand)[0]).is_null()
            case "IsNotNull", [operand]:
                return pl.col(self._column(operand)[0]).is_not_null()
            case {"IsBetween": {"closed": str(closed)}}, [operand, low, high]:
                name, dtype = self._column(operand)
                first, last = (pl.lit(_literal(end, dtype), dtype=dtype) for end in (low, high))
                return pl.col(name).is_between(first, last, closed=_closed(closed))
            case {"IsIn": {"nulls_equal": False}}, [operand, several]:
                name, dtype = self._column(operand)
                values = _literals(several, dtype)
                self._remember(name, values)
                return pl.col(name).is_in(values)
        raise _UnknownNodeError

    def _column(self, node: object) -> tuple[str, pl.DataType]:
        kind, name = _single(node)
        dtype = self._shown.get(name) if kind == "Column" and isinstance(name, str) else None
        if dtype is None or not isinstance(dtype, _COMPARED):
            raise _UnknownNodeError
        return name, dtype

    def _remember(self, name: str, values: list[Any]) -> None:
        self._lookups[name] = tuple(dict.fromkeys((*self._lookups.get(name, ()), *values)))


def _is_equality(kind: str, body: dict[str, Any]) -> bool:
    """Whether a node that could be read is `column = literal` or `column in literals`."""
    if kind == "BinaryExpr":
        return bool(body["op"] == "Eq")
    return kind == "Function" and "IsIn" in body["function"]["Boolean"]


def _single(node: object) -> tuple[str, Any]:
    """Return the only member of a JSON object, which is how Polars writes the kind of a node."""
    if not isinstance(node, dict) or len(node) != 1:
        raise _UnknownNodeError
    return next(iter(node.items()))


def _members(body: object, *names: str) -> tuple[Any, ...]:
    if not isinstance(body, dict) or set(body) != set(names):
        raise _UnknownNodeError
    return tuple(body[name] for name in names)


def _literal(node: object, dtype: pl.DataType) -> Any:  # noqa: ANN401 - a value of the column's type
    """Return a literal's value, if it is one of the column's type."""
    kind, body = _single(node)
    if kind != "Literal":
        raise _UnknownNodeError
    form, scalar = _single(body)
    name, value = _single(scalar)
    if form == "Dyn" and name == "Int" and isinstance(dtype, pl.Int32 | pl.Int64):
        return _whole(value, dtype)
    if form != "Scalar":
        raise _UnknownNodeError
    return _scalar(name, value, dtype)


def _scalar(name: str, value: Any, dtype: pl.DataType) -> Any:  # noqa: ANN401 - a value of the column's type
    match name, dtype, value:
        case "String", pl.String(), str():
            return value
        case "Boolean", pl.Boolean(), bool():
            return value
        case ("Int32", pl.Int32(), int()) | ("Int64", pl.Int64(), int()):
            return _whole(value, dtype)
        case "Date", pl.Date(), int():
            return _EPOCH + timedelta(days=value)
        case "Datetime", pl.Datetime(), [int(moment), "Microseconds", {"inner": "UTC"}]:
            if dtype == pl.Datetime("us", "UTC"):
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)
        case "Decimal", pl.Decimal(), [int(units), int(), int(scale)]:
            return _exact(units, scale, dtype)
    raise _UnknownNodeError


def _whole(value: object, dtype: pl.DataType) -> int:
    limit = 1 << (31 if dtype == pl.Int32 else 63)
    if not isinstance(value, int) or isinstance(value, bool) or not -limit <= value < limit:
        raise _UnknownNodeError
    return value


def _closed(ends: str) -> _Closed:
    if ends not in _CLOSED:
        raise _UnknownNodeError
    return _CLOSED[ends]


def _exact(units: int, scale: int, dtype: pl.Decimal) -> Decimal:
    shift = (dtype.scale or 0) - scale
    if shift < 0 or abs(units) * 10**shift >= 10 ** (dtype.precision or 0):
        raise _UnknownNodeError
    return Decimal(f"{units}E-{scale}")


def _literals(node: object, dtype: pl.DataType) -> list[Any]:
    """Return the values of a literal list, whose items have the column's type."""
    kind, body = _single(node)
    form, scalar = _single(body) if kind == "Literal" else ("", None)
    name, packed = _single(scalar) if form == "Scalar" else ("", None)
    if name != "List" or not isinstance(packed, list):
        raise _UnknownNodeError
    found = pl.read_ipc_stream(bytes(packed)).to_series()
    if found.dtype != dtype or isinstance(dtype, pl.Decimal):
        raise _UnknownNodeError
    return [value for value in found.to_list() if value is not None]
