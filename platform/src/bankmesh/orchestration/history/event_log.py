"""Reading Dagster's event log one event type at a time, which works on SQLite and PostgreSQL alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import dagster as dg


def in_order(
    found: Collection[Mapping[int, dg.EventLogEntry]], limit: int
) -> tuple[list[tuple[int, dg.EventLogEntry]], bool]:
    """Merge the entries of several event types in order; the flag says whether there are more.

    Entries of a type that reached the limit are known only up to its last one, so the merged log ends there as well.
    """
    known_up_to = min((max(entries) for entries in found if len(entries) >= limit), default=None)
    merged = sorted((item for entries in found for item in entries.items()), key=lambda item: item[0])
    if known_up_to is None:
        return merged, False
    return [(number, entry) for number, entry in merged if number <= known_up_to], True


def counted(data: dg.AssetCheckEvaluation, *names: str) -> int | None:
    """Return the row count in a check's metadata under the first of these names that is an integer; else None."""
    for name in names:
        found = data.metadata.get(name)
        if found is not None and isinstance(found.value, int) and not isinstance(found.value, bool):
            return found.value
    return None
