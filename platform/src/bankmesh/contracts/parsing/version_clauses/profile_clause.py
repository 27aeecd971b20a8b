"""The clause `profile`, which a contract turns on: columns whose values shift between versions are a warning.

- property: profile
  value: {maxShift: 20}      of the contract: in percent of the rows, for columns outside key and partitioning
- property: profile
  value: {maxShift: 5}       of a column: for this one; `free` for none
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import ProfileShift
from bankmesh.contracts.model import Clause, Severity
from bankmesh.contracts.parsing.odcs_schema import nearest

if TYPE_CHECKING:
    from bankmesh.contracts.model import Column
    from bankmesh.contracts.parsing.section_cursor import Section
    from bankmesh.yaml.documents import Value

CLAUSE = PROFILE = "profile"
"""The name of the clause, and of the custom property."""
_KEY = "maxShift"
_FREE = "free"
_WHOLE = 100


def profile_clause(root: Section, columns: tuple[tuple[Column, Section], ...]) -> tuple[Clause, Section] | None:
    """Return the clause and the section that states it first; None if no column has a limit. Fault: `bad-profile`."""
    general = _limit(root)
    limits: dict[str, Decimal] = {}
    stated = _item(root)
    for column, section in columns:
        item = _item(section)
        # Keys and partitions change with every row that is added.
        follows = column.primary_key_position is None and column.partition_position is None
        limit = _limit(section) if item is not None else general if follows else None
        stated = stated or item
        if limit is not None:
            limits[column.name] = limit
    if not limits or stated is None:
        return None
    clause = Clause(
        CLAUSE,
        ProfileShift(tuple(limits.items())),
        None,
        Severity.WARNING,
        _describe(limits),
        "consistency",
        tuple(limits),
        whole_table=True,
        place=stated.place(),
    )
    return clause, stated


def _describe(limits: dict[str, Decimal]) -> str:
    bounds = sorted(set(limits.values()))
    spelled = f"{bounds[0]:f} %" if len(bounds) == 1 else f"{bounds[0]:f} to {bounds[-1]:f} %, by column"
    return f"at most {spelled} of the rows have other values than in the version before"


def _item(section: Section) -> Section | None:
    return next((s for s in section.sections("customProperties") if s.text("property") == PROFILE), None)


def _limit(section: Section) -> Decimal | None:
    item = _item(section)
    if item is None or item.faulty or item.data.get("value") == _FREE:
        return None
    try:
        return _read(item.data.get("value"))
    except ValueError as error:
        item.fault("value", "bad-profile", f"profile: {error}")
        return None


def _read(value: Value) -> Decimal:
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{value} is not known; write {_FREE}, or {{{_KEY}: 20}}, in percent of the rows")
    for key in value:
        if key != _KEY:
            raise ValueError(f"there is no {key}.{nearest(str(key), [_KEY])} Allowed: {_KEY}")
    limit = value[_KEY]
    if isinstance(limit, bool) or not isinstance(limit, int | float | Decimal) or not 0 < limit < _WHOLE:
        raise ValueError(f"{_KEY} {limit} is not a percentage above 0 and below 100; to allow any shift, write {_FREE}")
    return Decimal(str(limit))
