"""Short words for dependencies in the tests of Polars lineage: `C s.y, T s.x`, sorted, with a star where the value is masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.lineage.model import Dependency, StepLineage

LETTERS = {
    "IDENTITY": "I",
    "TRANSFORMATION": "T",
    "AGGREGATION": "A",
    "CONDITIONAL": "C",
    "WINDOW": "W",
    "SORT": "S",
    "JOIN": "J",
    "FILTER": "F",
    "GROUP_BY": "G",
    "OPAQUE": "O",
}


def words(found: Iterable[Dependency]) -> str:
    """Dependencies, sorted."""
    return ", ".join(sorted(f"{LETTERS[d.how.value]} {d.source}{'*' if d.masking else ''}" for d in found))


def lineage_words(lineage: StepLineage) -> dict[str, str]:
    """Every output column, and `rows`, in words; underivable ones as `?`."""
    columns = {name: "?" if name in lineage.underivable else words(found) for name, found in lineage.columns.items()}
    return {**columns, "rows": words(lineage.rows)}
