"""Published versions of a port, read from the Delta log and from nothing else.

Commits that are not ours (vacuum, optimize, table properties) take version numbers too; they are no
publications and are passed over. Versions that have expired are no longer listed.

The commits are read as files: `DeltaTable.history()` lists the log anew and counts down from the version at
which the table was opened, so it numbers wrongly whatever was committed in between.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bankmesh.errors import NotPublished
from bankmesh.ports.decisions import (
    DECISION_KEY,
    Decision,
    Kind,
    Withdrawal,
    carried_over,
    decision_of,
    withdrawals_of,
)
from bankmesh.ports.places import LOG_FOLDER
from bankmesh.ports.publications import COMMIT_KEY, EXPIRY_KEY, REMOVAL_KEY, Publication, from_commit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deltalake import DeltaTable

    from bankmesh.ports.places import Port


def open_table(port: Port, version: int | None = None) -> DeltaTable | None:
    """The port's Delta table at `version`, None if it has no commit yet."""
    if not port.is_published:
        return None
    from bankmesh.ports.delta_table import LocalDeltaTable

    return LocalDeltaTable(port.path, version)


def history(port: Port) -> tuple[Publication, ...]:
    """All readable publications, newest first; empty if there is no table."""
    first = 0
    found: list[Publication] = []
    for commit in _commits(port):
        first = max(first, _readable_from(commit))
        publication = from_commit(commit)
        if publication:
            found.append(publication)
    return tuple(publication for publication in found if publication.version >= first)


def latest(port: Port) -> Publication | None:
    """The newest publication, which readers get unless they name a version; expiry always keeps it."""
    return next(filter(None, map(from_commit, _commits(port))), None)


def at_version(port: Port, version: int) -> Publication:
    """The publication with that Delta version; raises NotPublished, which lists those that are readable."""
    known = history(port)
    for publication in known:
        if publication.version == version:
            return publication
    raise NotPublished(port.name, version, [publication.version for publication in reversed(known)])


def published_by(port: Port, run_id: str) -> Publication | None:
    """The newest readable publication that the run made, if it made one."""
    return next((found for found in history(port) if found.provenance.run_id == run_id), None)


def withdrawals(port: Port) -> dict[int, Withdrawal]:
    """The versions that are withdrawn, expired ones too, by version."""
    found: list[Withdrawal] = []
    for commit in _commits(port):
        found += withdrawals_of(commit)
        found += carried_over(commit.get(EXPIRY_KEY, {}).get("withdrawn", ()))
    return {withdrawal.version: withdrawal for withdrawal in found}


def newest_good(port: Port) -> Publication | None:
    """The newest publication that is not withdrawn; None if there is none."""
    withdrawn = withdrawals(port)
    return next((made for made in history(port) if made.version not in withdrawn), None)


def hold_of(port: Port, code_version: str) -> Decision | None:
    """The decision by which a product of this code is held; None if nothing holds it.

    A product is held from a restored version on, until it is resumed, built by other code, or published again.
    """
    decision = unresumed(port)
    return decision if decision is not None and code_version in decision.held_code else None


def unresumed(port: Port) -> Decision | None:
    """The decision that restored the newest version, unless the product was resumed since; None if a run built it."""
    for commit in _commits(port):
        decision = decision_of(commit)
        if decision is not None and decision.kind is Kind.RESUME:
            return None
        if from_commit(commit) is not None:
            return decision
    return None


def recent_decisions(port: Port) -> tuple[Decision, ...]:
    """The decisions since the newest version that a run built, newest first."""
    found: list[Decision] = []
    for commit in _commits(port):
        decision = decision_of(commit)
        if decision is not None:
            found.append(decision)
        elif from_commit(commit) is not None:
            break
    return tuple(found)


def readable_from(port: Port) -> int:
    """The oldest version that expiry has left readable, as its own commits recorded it; 0 if it never ran."""
    return max(map(_readable_from, _commits(port)), default=0)


def newest_removal(port: Port) -> int | None:
    """The newest version that retention or erasure made; None if neither has removed rows."""
    for version in reversed(commit_versions(port)):
        if REMOVAL_KEY in _commit_info(port.path / LOG_FOLDER / f"{version:020d}.json"):
            return version
    return None


def commit_versions(port: Port) -> list[int]:
    """Versions whose commits the log still has, oldest first."""
    return sorted(int(path.stem) for path in (port.path / LOG_FOLDER).glob("*.json") if path.stem.isdigit())


def _commits(port: Port) -> Iterator[dict[str, Any]]:
    """What our own commits and expiries say of themselves, newest first, each with its `version`."""
    for version in reversed(commit_versions(port)):
        info = _commit_info(port.path / LOG_FOLDER / f"{version:020d}.json")
        if COMMIT_KEY in info or EXPIRY_KEY in info or DECISION_KEY in info:
            yield {**info, "version": version}


def _commit_info(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                # Usually the first of many: the others, one for each file, need not be parsed.
                if line.startswith('{"commitInfo"'):
                    info: dict[str, Any] = json.loads(line)["commitInfo"]
                    return info
    except FileNotFoundError:
        pass  # Expiry has removed it since it was listed.
    return {}


def _readable_from(commit: dict[str, Any]) -> int:
    return int(commit[EXPIRY_KEY]["readable_from"]) if EXPIRY_KEY in commit else 0
