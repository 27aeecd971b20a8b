"""The clause `volume`, which every contract has by default: a version does not lose rows unnoticed.

- property: volume
  value: {tolerance: 25, distinct: [customer_id]}      in percent; columns whose distinct values count as well
- property: volume
  value: free                                          there is no such clause
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import Volume
from bankmesh.contracts.model import Clause, Severity
from bankmesh.contracts.parsing.odcs_schema import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

    from bankmesh.contracts.parsing.section_cursor import Section
    from bankmesh.yaml.documents import Value

CUSTOM_PROPERTY = "volume"
CLAUSE = "volume"
FREE = "free"
DEFAULT_TOLERANCE = Decimal(10)
_KEYS = ("tolerance", "distinct")
_WHOLE = 100


def volume_clause(root: Section, table: Section, columns: Collection[str] | None) -> tuple[Clause, Section] | None:
    """Return the clause and the section that states it, by default the table; None for `free`.

    `columns` is None if columns have faults: names are then not resolved. Fault: `bad-volume`.
    """
    item = next((s for s in root.sections("customProperties") if s.text("property") == CUSTOM_PROPERTY), None)
    if item is None:
        return _clause(Volume(DEFAULT_TOLERANCE), table), table
    value = item.data.get("value")
    if item.faulty or value == FREE:
        return None
    try:
        rule = _read(value, columns)
    except ValueError as error:
        item.fault("value", "bad-volume", f"volume: {error}")
        return None
    return _clause(rule, item), item


def _clause(rule: Volume, section: Section) -> Clause:
    counted = "".join(f", and distinct values of {name}" for name in rule.distinct)
    return Clause(
        CLAUSE,
        rule,
        None,
        Severity.ERROR,
        f"rows and partitions{counted} are at most {rule.tolerance:f} % fewer than in the version before",
        "completeness",
        rule.distinct,
        whole_table=True,
        place=section.place(),
    )


def _read(value: Value, columns: Collection[str] | None) -> Volume:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{value} is not known; write free, or a mapping of tolerance (in percent) and distinct")
    for key in value:
        if key not in _KEYS:
            raise ValueError(f"there is no {key}.{nearest(str(key), _KEYS)} Allowed: {', '.join(_KEYS)}")
    return Volume(_tolerance(value.get("tolerance")), _distinct(value.get("distinct"), columns))


def _tolerance(value: Value) -> Decimal:
    if value is None:
        return DEFAULT_TOLERANCE
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value < _WHOLE:
        raise ValueError(
            f"tolerance {value} is not a percentage from 0 to below 100; to allow any loss, write value: free"
        )
    return Decimal(str(value))


def _distinct(value: Value, columns: Collection[str] | None) -> tuple[str, ...]:
    names = value or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("distinct is a list of columns")
    for name in names:
        if columns is not None and name not in columns:
            raise ValueError(f"there is no column {name}.{nearest(name, columns)}")
    return tuple(dict.fromkeys(names))
