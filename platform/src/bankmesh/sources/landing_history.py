"""Figures of an object's accepted landings, and whether the next landing falls behind them.

The pointer to the last accepted landing (`current.json`) holds its figures, so they are written in the same step as the
acceptance and remain when landings expire. For a pointer of an earlier release, which has none, the figures are read
from the landing itself.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.model import Classification
from bankmesh.contracts.shrink_tolerance import GUARDED_FROM, CountChange, has_shrunk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bankmesh.contracts.shrink_tolerance import AcceptedShrink
    from bankmesh.sources.declarations.source_declaration import LegacyObject
    from bankmesh.sources.landing_record import Landing

TOLERANCE = 5
"""The percentage of rows that a landing may have fewer than the last accepted one."""

KEY_TYPES = ("integer", "long", "decimal", "date", "timestamp")
"""Types with an order, whose greatest value can be compared."""

KeyValue = int | Decimal | dt.date | dt.datetime


@dataclass(frozen=True)
class LandingFigures:
    """Figures of an accepted landing: `keys` has the greatest value of each declared key column."""

    rows: int
    files: int
    complete_through: dt.date | None
    keys: Mapping[str, KeyValue] = field(default_factory=dict, hash=False)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, as the pointer stores it."""
        return {
            "rows": self.rows,
            "files": self.files,
            "complete_through": self.complete_through.isoformat() if self.complete_through else None,
            "keys": {name: {"type": _kind(value), "value": str(value)} for name, value in self.keys.items()},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LandingFigures:
        """Return the figures that `to_json` wrote."""
        through = document["complete_through"]
        return cls(
            document["rows"],
            document["files"],
            dt.date.fromisoformat(through) if through else None,
            {name: _PARSERS[entry["type"]](entry["value"]) for name, entry in document["keys"].items()},
        )


@dataclass(frozen=True)
class LandingComparison:
    """A landing compared with the last accepted one (None for the first): its losses, and who accepted them."""

    before: LandingFigures | None
    after: LandingFigures
    losses: tuple[str, ...] = ()
    accepted: AcceptedShrink | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the landing may be accepted: it has no losses, or a person accepted them."""
        return not self.losses or self.accepted is not None


def figures_of(obj: LegacyObject, landing: Landing, keys: Sequence[str] | None = None) -> LandingFigures:
    """Return the figures of a landing, with greatest values of `keys`, by default the object's own keys."""
    names = [name for name in (obj.key if keys is None else keys) if name in {c.name for c in landing.columns}]
    return LandingFigures(
        landing.rows, len(landing.files), landing.complete_through, _greatest(landing, names) if names else {}
    )


def find_losses(obj: LegacyObject, before: LandingFigures, after: LandingFigures) -> tuple[str, ...]:
    """Return where the next landing falls behind the last accepted one, with both figures; empty if nowhere."""
    found = []
    rows = CountChange("rows", before.rows, after.rows)
    if before.rows >= GUARDED_FROM and has_shrunk(rows, TOLERANCE):
        found.append(f"{rows} (at most {TOLERANCE} % fewer)")
    # A landing whose last day is unknown is not compared by it.
    if before.complete_through and after.complete_through and after.complete_through < before.complete_through:
        found.append(f"last day {before.complete_through} → {after.complete_through}")
    if before.files and not after.files:
        found.append(f"files {before.files} → none")
    behind = [n for n in obj.key if n in before.keys and _is_behind(after.keys.get(n), before.keys[n])]
    return (*found, *(f"greatest {name} {_shown(obj, name, before, after)}" for name in behind))


def carried_over(before: LandingFigures | None, after: LandingFigures) -> LandingFigures:
    """Return the figures to store for an accepted landing: an unknown last day keeps the one before."""
    if before is None or after.complete_through is not None:
        return after
    return LandingFigures(after.rows, after.files, before.complete_through, after.keys)


def _is_behind(after: KeyValue | None, before: KeyValue) -> bool:
    if after is None:
        return True
    # Values of two types have no common order, so a column whose declared type changed is not compared.
    return _kind(after) == _kind(before) and after < before  # type: ignore[operator]


def _shown(obj: LegacyObject, name: str, before: LandingFigures, after: LandingFigures) -> str:
    column = next(column for column in obj.columns if column.name == name)
    if column.classification > Classification.INTERNAL:
        return f"fell behind (values withheld: {column.classification.label})"
    return f"{before.keys[name]} → {after.keys.get(name, 'none')}"


def _greatest(landing: Landing, names: Sequence[str]) -> dict[str, KeyValue]:
    import polars as pl

    row = pl.scan_parquet(landing.rows_paths, glob=False).select(pl.col(*names).max()).collect().row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


def _kind(value: KeyValue) -> str:
    if isinstance(value, dt.datetime):
        return "timestamp"
    return {int: "integer", Decimal: "decimal", dt.date: "date"}[type(value)]


_PARSERS: dict[str, Callable[[str], KeyValue]] = {
    "integer": int,
    "decimal": Decimal,
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
}
