"""The lifecycle recorded in a contract: each stage it reached, when, by whom and why.

    customProperties:
      - property: lifecycle
        value:
          - status: draft
            date: "2026-11-23"
            by: retail-data
            why: Proposed to the domain's stewards.
          - status: active
            ...

(YAML 1.1 readers would read a key `on` as *true*.)

The record is oldest first, and its last entry is the contract's `status`. It may begin at any stage, so that a
contract which is older than its record needs no invented entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.column_types import fit_value
from bankmesh.contracts.model import ColumnType, LifeStep, Status
from bankmesh.contracts.parsing.odcs_schema import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.contracts.parsing.section_cursor import Section

PROPERTY = "lifecycle"
KEYS = ("status", "date", "by", "why")
NEXT: dict[Status, tuple[Status, ...]] = {
    Status.PROPOSED: (Status.DRAFT, Status.RETIRED),
    Status.DRAFT: (Status.ACTIVE, Status.RETIRED),
    Status.ACTIVE: (Status.DEPRECATED,),
    Status.DEPRECATED: (Status.RETIRED,),
    Status.RETIRED: (),
}
"""The stages that may follow each stage; a product that was never active is withdrawn without being deprecated."""

INPUT_WITHOUT_PORT = "input-without-port"
"""Rule of inputs in `defs.yaml` and in models: a product reads one that is proposed or retired."""
UNKNOWN_SUCCESSOR = "unknown-successor"
"""Rule over all contracts: `replacedBy` names a port that cannot be read."""

_DATE = ColumnType("date")


@dataclass(frozen=True)
class _Given:
    """The parts of the contract that the rules need."""

    root: Section
    status: Status
    custom: Mapping[str, Any]


def next_stages(status: Status) -> str:
    """Return the stages that may follow, in words."""
    return " or ".join(NEXT[status]) or "nothing, it is the last stage"


def entered(contract: Contract, status: Status) -> LifeStep | None:
    """Return the latest recorded entry with that status; None if there is none."""
    return next((step for step in reversed(contract.lifecycle) if step.status is status), None)


def read_lifecycle(root: Section, status: Status, custom: Mapping[str, Any]) -> tuple[LifeStep, ...]:
    """Return the recorded entries, oldest first; empty if there are none or if their form has faults.

    Faults: `bad-lifecycle`, `lifecycle-incomplete`, `lifecycle-order`, `lifecycle-step`, `lifecycle-status`,
    `missing-lifecycle`, `missing-end-of-support`, `bad-end-of-support`, `retired-early`.
    """
    given = _Given(root, status, custom)
    item = next((s for s in root.sections("customProperties") if s.data.get("property") == PROPERTY), None)
    if status in {Status.DEPRECATED, Status.RETIRED} and item is None and not root.wrong("status"):
        message = (
            f"the contract is {status}, but no record says since when, by whom and why: "
            "add the custom property lifecycle; `mesh contract move` writes it"
        )
        root.fault("status", "missing-lifecycle", message)
    if status is Status.DEPRECATED and custom.get("endOfSupport") is None and not root.wrong("status"):
        message = "a deprecated contract needs an end of support: add the custom property endOfSupport"
        root.fault("status", "missing-end-of-support", message)
    if item is None or item.faulty:
        return ()
    steps = _steps(item)
    if not item.faulty:
        _check_order(item, steps)
        _check_end(given, item, steps)
    return () if item.faulty else steps


def _steps(item: Section) -> tuple[LifeStep, ...]:
    value = item.data.get("value")
    sections = list(item.sections("value"))
    if not isinstance(value, list) or not value or len(sections) != len(value):
        message = f"lifecycle is a list of entries, oldest first, each a mapping of {', '.join(KEYS)}"
        item.fault("value", "bad-lifecycle", message)
        return ()
    return tuple(step for section in sections if (step := _step(section)) is not None)


def _step(section: Section) -> LifeStep | None:
    for key in section.data:
        if key not in KEYS:
            message = f"an entry of lifecycle has no key {key}.{nearest(key, KEYS)} Allowed: {', '.join(KEYS)}"
            section.fault(key, "bad-lifecycle", message)
    for key in KEYS:
        if section.text(key) is None and not section.wrong(key):
            message = f"an entry of lifecycle needs {', '.join(KEYS)}, each a text; {key} is missing or blank"
            section.fault(key, "lifecycle-incomplete", message)
    if section.faulty:
        return None
    words = [status.value for status in Status]
    if section.data["status"] not in words:
        hint = nearest(section.data["status"], words)
        message = f"status {section.data['status']} is not known.{hint} Allowed: {', '.join(words)}"
        section.fault("status", "bad-lifecycle", message)
        return None
    try:
        fit_value(_DATE, section.data["date"])
    except ValueError as error:
        section.fault("date", "bad-lifecycle", f"date: {error}")
        return None
    data = section.data
    return LifeStep(Status(data["status"]), data["date"], data["by"].strip(), data["why"].strip(), section.place())


def _check_order(item: Section, steps: tuple[LifeStep, ...]) -> None:
    """Check that each entry follows the one before, by date and by the allowed stages."""
    for section, (before, after) in zip(list(item.sections("value"))[1:], pairwise(steps), strict=True):
        if after.on < before.on:
            message = f"the entry is of {after.on}, before the one above it, of {before.on}; oldest first"
            section.fault("date", "lifecycle-order", message)
        if after.status not in NEXT[before.status]:
            message = f"{after.status} cannot follow {before.status}. Allowed: {next_stages(before.status)}"
            section.fault("status", "lifecycle-step", message)


def _check_end(given: _Given, item: Section, steps: tuple[LifeStep, ...]) -> None:
    """Check that the last entry is the contract's status, and that support does not end before the promised day."""
    last, (*_, section) = steps[-1], item.sections("value")
    if last.status is not given.status and not given.root.wrong("status"):
        message = (
            f"the contract is {given.status}, but its record ends with {last.status}; "
            "record the change, or use `mesh contract move`, which writes both"
        )
        given.root.fault("status", "lifecycle-status", message)
    end = given.custom.get("endOfSupport")
    if not isinstance(end, str) or _is_wrong(given.root, "endOfSupport"):
        return
    stages = {step.status: step for step in steps}
    if last.status is Status.RETIRED and Status.DEPRECATED in stages and last.on < end:
        section.fault("date", "retired-early", f"retired on {last.on}, but readers have support until {end}")
    elif last.status is Status.DEPRECATED and end < last.on:
        message = f"deprecated on {last.on}, after its support ended on {end} (endOfSupport)"
        section.fault("date", "bad-end-of-support", message)


def _is_wrong(root: Section, name: str) -> bool:
    return any(s.faulty for s in root.sections("customProperties") if s.data.get("property") == name)


def newest_major_of(majors: Mapping[int, Status]) -> int:
    """The major that readers get who name none: the newest active one, else the newest with a port, else the newest."""
    active = [major for major, status in majors.items() if status is Status.ACTIVE]
    readable = [major for major, status in majors.items() if status.has_port]
    return max(active or readable or majors)
