"""The tags of a run by which a person accepts that what it lands or publishes has shrunk.

`mesh run NAMES --accept-shrink "why"` sets them; in the Dagster UI the launchpad does. They cover what that run makes
and nothing later: a run that Dagster copied from an earlier one, to try it again, has inherited them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from bankmesh.contracts.shrink_tolerance import AcceptedShrink

if TYPE_CHECKING:
    from collections.abc import Collection

    import dagster as dg

ACCEPT_TAG = "bankmesh/accept_shrink"
"""Why it is right that something shrank."""

ACCEPTED_BY_TAG = "bankmesh/accept_shrink_by"
"""Who says so; in the UI it may be left out."""


ACCEPTED_KEYS_TAG = "bankmesh/accept_shrink_of"
"""Asset keys that the decision covers, parted by blanks; all of the run where it is left out."""


def acceptance_tags(accepted: AcceptedShrink, keys: Collection[str]) -> dict[str, str]:
    """Tags of a run that accepts what these assets (`retail/party`) make."""
    return {ACCEPT_TAG: accepted.why, ACCEPTED_BY_TAG: accepted.by, ACCEPTED_KEYS_TAG: " ".join(sorted(keys))}


def accepted_shrink(context: dg.AssetExecutionContext, key: dg.AssetKey) -> AcceptedShrink | None:
    """The decision that covers what this run makes of `key`, if its tags carry one; logged where it does not count."""
    run = context.run
    covered = run.tags.get(ACCEPTED_KEYS_TAG, "").split()
    if covered and key.to_user_string() not in covered:
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
            f"The run tag {ACCEPT_TAG} is inherited from run {parent.run_id} and accepts nothing here: what this run "
            "makes may be something else. Launch a new run with the tag."
        )
        return None
    return AcceptedShrink(why, run.tags.get(ACCEPTED_BY_TAG, "").strip() or f"the launcher of run {run.run_id}")
