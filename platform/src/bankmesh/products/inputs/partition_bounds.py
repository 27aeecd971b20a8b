"""Bounds of partitions, and runs of partitions without a gap."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED = 5


def day_after(granularity: str, partition: str) -> str:
    """Return the day after the last one of the month or day that begins on `partition`, as ISO dates."""
    first = date.fromisoformat(partition)
    if granularity == "month":
        end = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    else:
        end = date.fromordinal(first.toordinal() + 1)
    return end.isoformat()


def partition_runs(granularity: str, partitions: Iterable[str]) -> list[tuple[str, str]]:
    """Return first and last partition of each run without a gap, in order."""
    found: list[tuple[str, str]] = []
    for partition in sorted(partitions):
        if found and day_after(granularity, found[-1][1]) == partition:
            found[-1] = (found[-1][0], partition)
        else:
            found.append((partition, partition))
    return found


def describe_partitions(granularity: str, partitions: Iterable[str]) -> str:
    """Return runs of partitions as `1996-01-01 to 1996-03-01, 1998-12-01 to 1998-12-01`; of many runs the first few."""
    runs = [f"{first} to {last}" for first, last in partition_runs(granularity, partitions)]
    more = f" and {len(runs) - _NAMED} more ranges" if len(runs) > _NAMED else ""
    return ", ".join(runs[:_NAMED]) + more
