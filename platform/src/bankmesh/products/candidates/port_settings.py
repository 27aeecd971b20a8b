"""What a contract asks of its output port: partitions, statistics, retention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.ports import ReplaceAll, ReplacePartitions

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract


def partition_column(contract: Contract) -> str | None:
    """The column whose values are the port's partitions."""
    return contract.partitioning.column if contract.partitioning else None


def statistics_columns(contract: Contract) -> frozenset[str]:
    """Columns whose least and greatest values may stand in the Delta log: none above `internal`."""
    return frozenset(c.name for c in contract.columns if c.classification <= Classification.INTERNAL)


def replacement(contract: Contract, partitions: tuple[str, ...] | None) -> ReplaceAll | ReplacePartitions:
    """What a run replaces: the partitions that it builds, or everything."""
    if contract.partitioning is None or partitions is None:
        return ReplaceAll()
    return ReplacePartitions(contract.partitioning.column, partitions)


def configuration(contract: Contract) -> dict[str, str]:
    """Table properties; without the log retention, checkpoints would drop the history that was promised."""
    level = contract.service_level("retention")
    if level is None or level.seconds is None:
        return {}
    days = max(1, round(level.seconds / 86_400))
    return {
        "delta.logRetentionDuration": f"interval {days} days",
        "delta.deletedFileRetentionDuration": f"interval {days} days",
    }
