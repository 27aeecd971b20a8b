"""Settings of a contract's output port: partitions, statistics, retention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.ports import ReplaceAll, ReplacePartitions

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract


def partition_column(contract: Contract) -> str | None:
    """Return the column whose values are the port's partitions."""
    return contract.partitioning.column if contract.partitioning else None


def statistics_columns(contract: Contract) -> frozenset[str]:
    """Return columns whose least and greatest values may be in the Delta log: none above `internal`."""
    return frozenset(c.name for c in contract.columns if c.classification <= Classification.INTERNAL)


def replacement(contract: Contract, partitions: tuple[str, ...] | None) -> ReplaceAll | ReplacePartitions:
    """Return what a run replaces: the partitions that it builds, or everything."""
    if contract.partitioning is None or partitions is None:
        return ReplaceAll()
    return ReplacePartitions(contract.partitioning.column, partitions)


def configuration(contract: Contract) -> dict[str, str]:
    """Return table properties; without the log retention, checkpoints would drop the history that was promised."""
    level = contract.service_level("retention")
    if level is None or level.seconds is None:
        return {}
    days = max(1, round(level.seconds / 86_400))
    return {
        "delta.logRetentionDuration": f"interval {days} days",
        "delta.deletedFileRetentionDuration": f"interval {days} days",
    }
