"""Comparison rules for a contract's lifecycle: its status, the recorded stages, and the end of support."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.comparison.contract_change import Change, breaking, compatible
from bankmesh.contracts.lifecycle import NEXT, PROPERTY, next_stages
from bankmesh.contracts.model import Status
from bankmesh.errors import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bankmesh.contracts.model import Contract

REPORTED_PROPERTIES = (PROPERTY, "endOfSupport")
"""Custom properties whose changes the rules of this module report."""
_LIFE = list(Status)


def _status(old: Contract, new: Contract) -> Iterator[Change]:
    if old.status == new.status:
        return
    message = f"status was {old.status} and is {new.status}"
    if _LIFE.index(new.status) < _LIFE.index(old.status):
        yield compatible("status-reverted", "status", f"{message}, which is an earlier stage of life", _place(new))
    else:
        yield compatible("status-changed", "status", message, _place(new))


def _record(old: Contract, new: Contract) -> Iterator[Change]:
    """Compare the recorded stages; each major has its own lifecycle, so contracts of two majors are not compared."""
    if old.major != new.major:
        return
    kept = new.lifecycle[: len(old.lifecycle)]
    if kept != old.lifecycle:
        message = "entries of the recorded lifecycle were removed or changed; entries may only be added"
        yield compatible("lifecycle-rewritten", PROPERTY, message, _place(new))
    added = new.lifecycle[len(old.lifecycle) :] if kept == old.lifecycle else ()
    if old.status == new.status and added:
        message = f"{PROPERTY} has {len(added)} new stage{'s' * (len(added) > 1)}"
        yield compatible("lifecycle-recorded", PROPERTY, message, _place(new))
    if old.status != new.status and not added:
        message = (
            f"status was {old.status} and is {new.status}, and the custom property {PROPERTY} does not record who "
            "changed it, when and why; `mesh contract move` records it"
        )
        yield compatible("status-change-unrecorded", "status", message, _place(new))
    yield from _skipped(old.status, [step.status for step in added] or [new.status], new)


def _skipped(before: Status, stages: list[Status], new: Contract) -> Iterator[Change]:
    for stage in stages:
        if stage not in NEXT[before] and _LIFE.index(stage) > _LIFE.index(before):
            message = f"status went from {before} to {stage}; allowed after {before}: {next_stages(before)}"
            yield compatible("status-skipped", "status", message, _place(new))
        before = stage


def _end_of_support(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = old.custom.get("endOfSupport"), new.custom.get("endOfSupport")
    if old.major != new.major or before == after:
        return
    shorter = str(after) < str(before) if before and after else bool(before) and new.status is Status.RETIRED
    said = f"support ends on {after}" if after else "support has no stated end"
    message = f"{said}; before, it ended on {before}" if before else said
    if shorter:
        yield breaking("end-of-support-shortened", "endOfSupport", message, _place(new))
    else:
        yield compatible("end-of-support-changed", "endOfSupport", message, _place(new))


def _place(new: Contract) -> Place:
    return new.lifecycle[-1].place if new.lifecycle else Place(new.file, 1)


LIFE_RULES: tuple[Callable[[Contract, Contract], Iterator[Change]], ...] = (_status, _record, _end_of_support)
