"""The run that a build belongs to, as far as the operation depends on it; orchestration or a trial provides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.contracts.shrink_tolerance import AcceptedShrink
    from bankmesh.lineage.openlineage.run_events import Event
    from bankmesh.products.inputs.pinned_inputs import PinnedSources
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.products.versions.version_reports import VersionReports


@dataclass(frozen=True)
class StepRun:
    """One attempt of a step.

    Attributes:
        run_id: the run.
        job: the name of its job, within the domain.
        root: the outermost run or backfill that it belongs to: an id, and a job name; None for the run itself.
        retry: how often the step was retried before.
        keep_event: stores a lineage event of the attempt; it never raises.
    """

    run_id: str
    job: str
    root: tuple[str, str | None] | None
    retry: int
    keep_event: Callable[[Event], None]


@dataclass(frozen=True)
class BuildRun:
    """One attempt at a product.

    Attributes:
        step: the attempt of its step.
        partitions: those that the run covers, in order; None for a product without partitions.
        reports: the versions that were reported before.
        pin: pins everything that the product reads. Raises NotPublished.
        accepted: a person's decision that the product may shrink.
        confirms: whether a version that would be built again is confirmed instead.
        shows_errors: whether errors of the user's code are shown in full; only for synthetic rows.
    """

    step: StepRun
    partitions: tuple[str, ...] | None
    reports: VersionReports
    pin: Callable[[ProductDefinition], PinnedSources]
    accepted: AcceptedShrink | None = None
    confirms: bool = False
    shows_errors: bool = False
