"""Rules written as expectations of Great Expectations: `type: custom`, `engine: greatExpectations`.

The known types are those of the installed package, listed by its file names, because importing it takes seconds.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.clause_rules import Expectation
from bankmesh.contracts.exact_numbers import is_number, plain_numbers, spell_number
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.yaml.documents import leaves, parse, spell

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from bankmesh.contracts.model import ColumnType
    from bankmesh.yaml.documents import Value

ENGINES = ("greatExpectations", "great-expectations", "great_expectations")
_COLUMN_KEYS = ("column", "column_A", "column_B")
_COLUMNS_KEYS = ("column_list", "column_set")
_BOUNDS = ("min_value", "max_value", "sum_total", "mostly", "threshold")
_SHARES = ("mostly", "threshold", "p_value")  # arguments that no value of a column is compared with
# Expectations whose numbers bound a count, a share or a statistic, and no value of a column.
_OF_NO_VALUE = re.compile(r"_(count|proportion|p_value|divergence|phi_value|stdev|z_scores|lengths)_")
_DIGITS = 15  # numbers of up to 15 digits map to distinct doubles in the same order
_NO_NUMBER = re.compile(r"[-+]?(nan|inf|infinity)", re.IGNORECASE)  # texts that parse as floats but bound nothing


@cache
def known_types() -> frozenset[str]:
    """Return the snake-case types of the core expectations of the installed Great Expectations."""
    found = find_spec("great_expectations")
    folders = (
        [Path(place) / "expectations" / "core" for place in (found.submodule_search_locations or ())] if found else []
    )
    names = (file.stem for folder in folders for file in folder.glob("*.py"))
    return frozenset(n for n in names if n.startswith("expect_") or n == "unexpected_rows_expectation")


def read_expectation(
    implementation: Value, column: str | None, types: Mapping[str, ColumnType]
) -> tuple[Expectation, tuple[str, ...]]:
    """Return the expectation and the columns it is about. Raises ValueError with what is allowed.

    `column` is the column of the rule; a column expectation that names none gets it. `types` are those of
    all columns of the contract.
    """
    given = _parsed(implementation) if isinstance(implementation, str) else implementation
    arguments = given.get("kwargs") or {} if isinstance(given, dict) else None
    if not isinstance(arguments, dict) or set(given) - {"type", "kwargs"}:
        raise ValueError("implementation is a mapping of type, a text, and kwargs, a mapping; nothing else")
    name = given.get("type")
    if not isinstance(name, str) or name not in known_types():
        raise ValueError(f"there is no core expectation {name}.{nearest(str(name), known_types())}")
    arguments = {key: _argument(key, value) for key, value in arguments.items()}
    if column is not None and name.startswith("expect_column_") and "column_A" not in arguments:
        arguments.setdefault("column", column)
    named = _named_columns(arguments, types)
    if not _OF_NO_VALUE.search(name):
        _refuse_bounds_beyond_doubles(arguments, [types[column] for column in named])
    return Expectation(name, arguments), named


def _refuse_bounds_beyond_doubles(arguments: dict[str, Value], types: Collection[ColumnType]) -> None:
    """Raise ValueError for a number that is not distinguishable, as a double, from other values of the column."""
    places = max((_places(kind) for kind in types), default=0)
    for path, number in _numbers(arguments):
        if abs(number) >= Decimal(10) ** (_DIGITS - places):
            near = f" beside {places} decimal places" if places else ""
            raise ValueError(
                f"{spell(path)} {spell_number(number)} has too many digits{near}: Great Expectations compares doubles, "
                f"which are exact for {_DIGITS} digits. Write the rule as a metric, an option or sql"
            )


def _places(kind: ColumnType) -> int:
    return _places(kind.item) if kind.item is not None else kind.scale


def _numbers(arguments: dict[str, Value]) -> Iterator[tuple[tuple[str | int, ...], Decimal]]:
    """Yield each number in the arguments that is compared with column values, with its path."""
    for key, value in arguments.items():
        if key not in _SHARES:
            for path, leaf in leaves(value):
                if is_number(leaf):
                    yield (key, *path), Decimal(str(leaf))


def _argument(key: str, value: Value) -> Value:
    """Return an argument for Great Expectations, which computes with doubles. Raises ValueError if it cannot."""
    plain = plain_numbers(value)
    for path, leaf in leaves(plain):
        if isinstance(leaf, Decimal):
            message = "Great Expectations compares doubles; write the rule as a metric, an option or sql"
            raise ValueError(f"{spell((key, *path))} {leaf} is not a double. {message}")  # noqa: TRY004 - a bad value
        if isinstance(leaf, str) and key in _BOUNDS and _NO_NUMBER.fullmatch(leaf.strip()):
            raise ValueError(f"{key} {leaf} bounds nothing; write a number, or leave it out")
    return plain


def _parsed(text: str) -> Value:
    """Parse an implementation that is written as a YAML or JSON text."""
    document, faults = parse("implementation", text)
    if faults:
        raise ValueError(f"implementation, line {faults[0].line}: {faults[0].message}")
    return document.data


def _named_columns(arguments: dict[str, Any], columns: Collection[str]) -> tuple[str, ...]:
    named = [arguments[key] for key in _COLUMN_KEYS if key in arguments]
    for key in _COLUMNS_KEYS:
        value = arguments.get(key, [])
        named.extend(value if isinstance(value, list) else [value])
    for name in named:
        if not isinstance(name, str) or name not in columns:
            raise ValueError(f"there is no column {name}.{nearest(str(name), columns)}")
    return tuple(dict.fromkeys(named))
