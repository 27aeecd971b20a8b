"""Tags of runs that the platform reads: what may shrink, and whether what is unchanged is confirmed.

A person accepts by tags that what a run lands or publishes has shrunk.

`mesh run NAMES --accept-shrink "why"` sets them; in the Dagster UI the launchpad does. They cover the output of that
run only: tags that a run inherits, because Dagster copied it from an earlier one to retry it, do not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from bankmesh.contracts.shrink_tolerance import AcceptedShrink

if TYPE_CHECKING:
    from collections.abc import Collection

    import dagster as dg

STARTED_BY = "bankmesh/started_by"
"""What started the run: automation, schedule, new files."""

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
"""First and last partition of the run's range."""

BACKFILL = "dagster/backfill"
"""The backfill that the run belongs to."""

ACCEPT_TAG = "bankmesh/accept_shrink"
"""The reason why it is right that something shrank."""

ACCEPTED_BY_TAG = "bankmesh/accept_shrink_by"
"""The person who accepts it; in the UI it may be left out."""


ACCEPTED_KEYS_TAG = "bankmesh/accept_shrink_of"
"""Asset keys that the decision covers, separated by blanks; all of the run where it is left out."""

UNCHANGED_TAG, CONFIRM = "bankmesh/unchanged", "confirm"
"""Tag of runs that confirm what a build would publish again; a run with another value, or without it, builds.

An asset that is materialised in the UI is always built.
"""


def acceptance_tags(accepted: AcceptedShrink, keys: Collection[str]) -> dict[str, str]:
    """Return the tags of a run that accepts a shrunk output of these assets (`retail/party`)."""
    return {ACCEPT_TAG: accepted.why, ACCEPTED_BY_TAG: accepted.by, ACCEPTED_KEYS_TAG: " ".join(sorted(keys))}


def accepted_shrink(context: dg.AssetExecutionContext, asset: str) -> AcceptedShrink | None:
    """Return the decision that covers this run's output of an asset, if its tags carry one; others are logged."""
    run = context.run
    covered = run.tags.get(ACCEPTED_KEYS_TAG, "").split()
    if covered and asset not in covered:
        return None
    why = (run.tags.get(ACCEPT_TAG) or "").strip()
    if not why:
        if ACCEPT_TAG in run.tags:
            context.log.warning(f"The run tag {ACCEPT_TAG} is blank and accepts nothing; write why.")
        return None
    copied_from = run.tags.get(PARENT_RUN_ID_TAG)
    parent = context.instance.get_run_by_id(copied_from) if copied_from else None
    if parent is not None and parent.tags.get(ACCEPT_TAG) == run.tags[ACCEPT_TAG]:
        context.log.warning(
            f"The run tag {ACCEPT_TAG} is inherited from run {parent.run_id} and accepts nothing here: the output of "
            "this run may differ. Launch a new run with the tag."
        )
        return None
    return AcceptedShrink(why, run.tags.get(ACCEPTED_BY_TAG, "").strip() or f"the launcher of run {run.run_id}")


def confirm_tags() -> dict[str, str]:
    """Return the tags of a run that confirms what is unchanged, as those of schedules, sensors and `mesh run` do."""
    return {UNCHANGED_TAG: CONFIRM}


def confirms_unchanged(context: dg.AssetExecutionContext) -> bool:
    """Return whether the run of this step confirms what it would publish again."""
    return context.run.tags.get(UNCHANGED_TAG) == CONFIRM
