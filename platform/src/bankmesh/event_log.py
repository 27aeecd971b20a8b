"""Reading Dagster's event log type by type, which works on SQLite and PostgreSQL alike, and as one log all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import dagster as dg


def in_order(
    found: Collection[Mapping[int, dg.EventLogEntry]], limit: int
) -> tuple[list[tuple[int, dg.EventLogEntry]], bool]:
    """Readings of several types as one, and whether there is more.

    A reading that reached the limit says nothing about what lies behind its last entry, so nor does the whole.
    """
    known_up_to = min((max(entries) for entries in found if len(entries) >= limit), default=None)
    merged = sorted((item for entries in found for item in entries.items()), key=lambda item: item[0])
    if known_up_to is None:
        return merged, False
    return [(number, entry) for number, entry in merged if number <= known_up_to], True


def counted(data: dg.AssetCheckEvaluation, *names: str) -> int | None:
    """A number of rows that a check gives under the first of these names, and nothing else, whatever it puts there."""
    for name in names:
        found = data.metadata.get(name)
        if found is not None and isinstance(found.value, int) and not isinstance(found.value, bool):
            return found.value
    return None
