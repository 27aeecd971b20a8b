"""Rules written as expectations of Great Expectations: `type: custom`, `engine: greatExpectations`.

Known types are those of the installed package, found by its file names: importing it takes seconds.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.clause_rules import Expectation
from bankmesh.contracts.documents import leaves, parse, spell
from bankmesh.contracts.numbers import plain_numbers
from bankmesh.contracts.standard import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

    from bankmesh.contracts.documents import Value

ENGINES = ("greatExpectations", "great-expectations", "great_expectations")
_COLUMN_KEYS = ("column", "column_A", "column_B")
_COLUMNS_KEYS = ("column_list", "column_set")
_BOUNDS = ("min_value", "max_value", "sum_total", "mostly", "threshold")
_NO_NUMBER = re.compile(r"[-+]?(nan|inf|infinity)", re.IGNORECASE)  # texts that become floats, and bounds of nothing


@cache
def known_types() -> frozenset[str]:
    """Snake-case types of the core expectations of the installed Great Expectations."""
    found = find_spec("great_expectations")
    folders = (
        [Path(place) / "expectations" / "core" for place in (found.submodule_search_locations or ())] if found else []
    )
    names = (file.stem for folder in folders for file in folder.glob("*.py"))
    return frozenset(n for n in names if n.startswith("expect_") or n == "unexpected_rows_expectation")


def read_expectation(
    implementation: Value, column: str | None, columns: Collection[str]
) -> tuple[Expectation, tuple[str, ...]]:
    """The expectation, and the columns it is about. Raises ValueError, saying what is allowed.

    `column` is the column the rule stands at: it is filled in where a column expectation names none.
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
    return Expectation(name, arguments), _named_columns(arguments, columns)


def _argument(key: str, value: Value) -> Value:
    """An argument as Great Expectations takes it, which computes with doubles. Raises ValueError for what is none."""
    plain = plain_numbers(value)
    for path, leaf in leaves(plain):
        if isinstance(leaf, Decimal):
            message = "Great Expectations compares doubles; write the rule as a metric, an option or sql"
            raise ValueError(f"{spell((key, *path))} {leaf} is not a double. {message}")  # noqa: TRY004 - a bad value
        if isinstance(leaf, str) and key in _BOUNDS and _NO_NUMBER.fullmatch(leaf.strip()):
            raise ValueError(f"{key} {leaf} bounds nothing; write a number, or leave it out")
    return plain


def _parsed(text: str) -> Value:
    """An implementation written as a text of YAML or JSON."""
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
