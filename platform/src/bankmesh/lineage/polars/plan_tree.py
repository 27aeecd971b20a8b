"""A Polars plan as plain values, so that only `node_traverser` depends on Polars' private classes.

Expressions and nodes are compared by identity: equal nodes at two places of a plan are distinct, and a node that is
read twice (a cache) is one node.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    import polars as pl


class InputRole(StrEnum):
    """The role of an expression's input: it gives the value, or it only decides which value is taken."""

    VALUE = "VALUE"
    CONDITION = "CONDITION"
    SORT = "SORT"
    WINDOW = "WINDOW"


class ExpressionKind(StrEnum):
    """Kinds of expressions. FUNCTION holds all that have a name; UNREADABLE is one that Polars does not show."""

    COLUMN = "COLUMN"
    LITERAL = "LITERAL"
    LENGTH = "LENGTH"
    BINARY = "BINARY"
    CAST = "CAST"
    TERNARY = "TERNARY"
    AGGREGATE = "AGGREGATE"
    FUNCTION = "FUNCTION"
    EXPLODE = "EXPLODE"
    FILTER = "FILTER"
    SORT = "SORT"
    GATHER = "GATHER"
    SLICE = "SLICE"
    WINDOW = "WINDOW"
    ROLLING = "ROLLING"
    STRUCT = "STRUCT"
    UNREADABLE = "UNREADABLE"


@dataclass(frozen=True, eq=False, slots=True)
class Expression:
    """One expression.

    Attributes:
        form: its kind.
        inputs: its input expressions, each with its role, values first.
        name: of the column, the aggregate (`sum`) or the function (`shift`, `StringFunction.Slice`); of an unreadable
            expression the text that Polars gives for it (`anonymousfunction`).
        fields: names of the struct fields that correspond to the inputs.
        scalar: of `gather`: it gives one value. Of a window: its function has an order of its own.
        argument: further arguments of the function: a field's name, a strategy.
    """

    form: ExpressionKind
    inputs: tuple[tuple[InputRole, Expression], ...] = ()
    name: str = ""
    fields: tuple[str, ...] = ()
    scalar: bool = False
    argument: object = None

    def of(self, role: InputRole) -> tuple[Expression, ...]:
        """Return the inputs in one role."""
        return tuple(expression for found, expression in self.inputs if found is role)


Named = tuple[str, Expression]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Node:
    """One node of a plan: frames go in, a frame with the columns of `schema` comes out."""

    inputs: tuple[Node, ...]
    schema: Mapping[str, pl.DataType]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Source(Node):
    """A scan by a function; `read` is the function that was registered."""

    read: object


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class InMemory(Node):
    """A frame in memory."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FileScan(Node):
    """A scan of files or of anything else that the plan itself names."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class PassThrough(Node):
    """A node that passes its input on, with all or some of its columns: projections, caches, hints."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Select(Node):
    """New columns only, or (`keeps`) in addition to those of the input."""

    columns: tuple[Named, ...]
    keeps: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Filter(Node):
    """Rows for which the predicate is true."""

    predicate: Expression


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class GroupBy(Node):
    """Groups; `index` is the time column of dynamic (`windows`) and rolling ones; `opaque`: a function takes groups."""

    keys: tuple[Named, ...]
    aggregates: tuple[Named, ...]
    index: str | None
    windows: bool
    keeps_order: bool
    opaque: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Join(Node):
    """A join. `how` is Polars' name of its kind, `order` the side whose order is maintained, `by` as-of join groups."""

    how: str
    left_on: tuple[Named, ...]
    right_on: tuple[Named, ...]
    left_by: tuple[str, ...]
    right_by: tuple[str, ...]
    suffix: str
    coalesces: bool
    order: str
    slices: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Union(Node):
    """Vertically concatenated frames."""

    keeps_order: bool
    slices: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SideBySide(Node):
    """Horizontally concatenated frames, row by row."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Merge(Node):
    """Two frames sorted by `key`, merged into one that is sorted by it too."""

    key: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Distinct(Node):
    """One row per distinct value of `subset`, or of all columns if that is None."""

    subset: tuple[str, ...] | None
    keep: str
    keeps_order: bool
    slices: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Sort(Node):
    """Rows in another order, only the first of them if `slices`."""

    by: tuple[Named, ...]
    stable: bool
    slices: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Slice(Node):
    """Rows by position."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Gather(Node):
    """Rows of the first input, at the positions that the second one gives."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Explode(Node):
    """A row for each item of the lists in `columns`."""

    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Unnest(Node):
    """A column for each field of the structs in `columns`; `separator`, if any, joins the two names."""

    columns: tuple[str, ...]
    separator: str | None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Unpivot(Node):
    """A row for each of the columns `on`: its name in one column, its value in another."""

    index: tuple[str, ...]
    on: tuple[str, ...]
    names: str
    values: str


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class RowNumber(Node):
    """An additional column with the row numbers."""

    name: str


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Opaque(Node):
    """A function from frame to frame."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class UnknownNode(Node):
    """A node that is not understood, with the reason."""

    reason: str


_Item = TypeVar("_Item", bound="Hashable")


def bottom_up(root: _Item, inputs: Callable[[_Item], Iterable[_Item]]) -> list[_Item]:
    """Return everything below `root` and itself, each once and after its inputs, without recursion."""
    listed: list[_Item] = []
    seen: set[_Item] = set()
    stack: list[tuple[_Item, bool]] = [(root, False)]
    while stack:
        item, inputs_done = stack.pop()
        if inputs_done:
            listed.append(item)
        elif item not in seen:
            seen.add(item)
            stack.append((item, True))
            stack.extend((found, False) for found in inputs(item))
    return listed
