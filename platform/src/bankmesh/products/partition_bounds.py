"""Where partitions begin and end."""

from __future__ import annotations

from datetime import date


def day_after(granularity: str, partition: str) -> str:
    """The day after the last one of the month or day that begins on `partition`, as ISO dates."""
    first = date.fromisoformat(partition)
    if granularity == "month":
        end = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    else:
        end = date.fromordinal(first.toordinal() + 1)
    return end.isoformat()
