"""Partitions of a product, their bounds, and runs of partitions without a gap."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.contracts.model import Partitioning

_NAMED = 5


def partition_keys(partitioning: Partitioning, now: datetime | None = None) -> tuple[str, ...]:
    """Return the first days of a product's months or days, in order: from the contract's start to its end, or to now.

    Without an end, the current month or day is a partition too, because it already has rows. `now` is in UTC. Months
    start and end on their first day, as contracts require.
    """
    today = (now or datetime.now(UTC)).date().isoformat()
    key, found = partitioning.start, []
    while (following := day_after(partitioning.granularity, key)) <= min(today, partitioning.end or today):
        found.append(key)
        key = following
    return (*found, key) if partitioning.end is None and key <= today else tuple(found)


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
