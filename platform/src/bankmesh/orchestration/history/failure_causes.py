"""Failures in Dagster's events, without a value of the data: classes of errors, and a cause that is named.

Texts of errors may quote values. They are only compared, within one read, and never kept or shown.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from bankmesh.alerts.common_causes import input_cause
from bankmesh.alerts.event_facts import ERRORED, FAILED, MACHINE, NOT_EVALUATED, PASSED, Cause, Failure
from bankmesh.orchestration.assets.event_metadata import OUTCOME, UNREADABLE_INPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dagster as dg
    from dagster_shared.error import SerializableErrorInfo

_SAID = {ERRORED, NOT_EVALUATED}
_MACHINE = {
    "no space left on device": "no space left on device",
    "disk quota exceeded": "disk quota exceeded",
    "database or disk is full": "no space left on device",
    "read-only file system": "read-only file system",
    "input/output error": "input/output error",
    "stale file handle": "stale file handle",
}
# Only errors of the system or a library count: a transform's own error may quote anything.
_SYSTEM = {"OSError", "PermissionError", "OperationalError", "IOException", "ComputeError", "DeltaError"}
_PATH = re.compile(r"(?:/[^\s/:'\"]+)+")
_NUMBER = re.compile(r"[0-9]+")


def outcome_of(data: dg.AssetCheckEvaluation) -> str:
    """Return passed, failed, errored or not evaluated."""
    if data.passed:
        return PASSED
    said = data.metadata.get(OUTCOME)
    return str(said.value) if said is not None and said.value in _SAID else FAILED


def failure_of(event: dg.DagsterEvent, asset: str) -> Failure:
    """Return why a step failed that was to materialise `asset`."""
    data: Any = event.step_failure_data
    chain = list(_chain(data.error))
    root = chain[-1] if chain else None
    name = (root.cls_name if root else None) or "unknown"
    return Failure((name,), _input(data) or _machine(chain), None if root is None else _signature(name, root, asset))


def _input(data: Any) -> Cause | None:  # noqa: ANN401 - Dagster's event data is not exported
    said = data.user_failure_data
    named = said.metadata.get(UNREADABLE_INPUT) if said and said.metadata else None
    return input_cause(str(named.value)) if named is not None else None


def _machine(chain: list[SerializableErrorInfo]) -> Cause | None:
    for error in chain:
        if error.cls_name in _SYSTEM:
            for words, label in _MACHINE.items():
                if words in error.message.lower():
                    return Cause(MACHINE, label, label)
    return None


def _signature(name: str, error: SerializableErrorInfo, asset: str) -> str:
    """Return a text that is equal for equal errors of two assets: it leaves out their names, paths and numbers."""
    text = error.message
    parts = [part for part in asset.split("/") if part]
    for own in sorted({asset, ".".join(parts), "__".join(parts), *parts[-1:]}, key=len, reverse=True):
        text = text.replace(own, "*") if own else text
    text = _NUMBER.sub("#", _PATH.sub("/", text))
    return f"{name}:{hashlib.sha256(text.encode()).hexdigest()}"


def _chain(error: SerializableErrorInfo | None) -> Iterator[SerializableErrorInfo]:
    while error is not None:
        yield error
        error = error.cause
