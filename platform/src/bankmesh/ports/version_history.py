"""Published versions of a port, read from the Delta log alone.

Other commits (vacuum, optimize, table properties) take version numbers too; they are not publications and are skipped.
Expired versions are not listed.

Commits are read newest first, and no further back than the result needs. That is exact: only later commits record
whether a version has expired or is withdrawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.errors import NotPublished, PortError
from bankmesh.ports.delta.commit_log import changes_rows, commit_info, commit_infos, commit_versions
from bankmesh.ports.publication import COMMIT_KEY, EXPIRY_KEY, REMOVAL_KEY, Publication, from_commit
from bankmesh.ports.version_decisions import (
    DECISION_KEY,
    Decision,
    DecisionKind,
    Withdrawal,
    carried_over,
    decision_of,
    withdrawals_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deltalake import DeltaTable

    from bankmesh.ports.port_locations import Port


def open_table(port: Port, version: int | None = None) -> DeltaTable | None:
    """Open the port's Delta table at `version`; None if it has no commit yet. Raises PortError if it cannot be read."""
    if not port.is_published:
        return None
    from deltalake.exceptions import DeltaError

    from bankmesh.ports.delta.delta_table import LocalDeltaTable

    try:
        return LocalDeltaTable(port.path, version)
    except DeltaError as error:
        problem = str(error).partition("\n")[0]  # Behind it are addresses of the library's stack.
        raise PortError(
            f"{port.name}: its Delta log cannot be read ({problem}). Restore {port.path} from a backup."
        ) from error


class VersionNotes:
    """What commits record about earlier versions: which are withdrawn, and which have expired.

    Covers the commits that the log had when the object was created. Each is read once, when a caller needs it.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self._unread = commit_versions(port)
        self._first = 0
        self._withdrawals: list[tuple[int, Withdrawal]] = []

    @property
    def readable_from(self) -> int:
        """The oldest version that expiry left readable; 0 if expiry never ran."""
        self._read(-1)
        return self._first

    def is_expired(self, version: int) -> bool:
        """Whether a version has expired."""
        self._read(version)
        return version < self._first

    def withdrawals(self, since: int = -1) -> dict[int, Withdrawal]:
        """Return the withdrawn versions, expired ones included, recorded by commits after `since`; by version."""
        self._read(since)
        return {found.version: found for commit, found in self._withdrawals if commit > since}

    def _read(self, above: int) -> None:
        # Commits before the first readable version may be missing: the expiry commit has copied what they withdrew.
        while self._unread and self._unread[-1] > above and self._unread[-1] >= self._first:
            commit = self._unread.pop()
            info = commit_info(self._port, commit, EXPIRY_KEY, DECISION_KEY)
            self._first = max(self._first, _readable_from(info))
            carried = carried_over(info.get(EXPIRY_KEY, {}).get("withdrawn", ()))
            self._withdrawals += [(commit, found) for found in (*withdrawals_of(info), *carried)]


def readable_publications(port: Port, above: int = -1) -> Iterator[Publication]:
    """Yield readable publications after version `above`, newest first; each is read when the iteration reaches it."""
    first = 0
    for commit in commit_infos(port, COMMIT_KEY, EXPIRY_KEY, above=above):
        first = max(first, _readable_from(commit))
        if commit["version"] < first:
            return
        publication = from_commit(commit)
        if publication is not None:
            yield publication


def own_publications(port: Port) -> Iterator[Publication]:
    """Yield readable publications, newest first, back to the last change of rows by another writer."""
    below: int | None = None
    for made in readable_publications(port):
        between = range(made.version + 1, below) if below is not None else ()
        if any(changes_rows(port, version) for version in between):
            return
        yield made
        below = made.version


def read_history(port: Port) -> tuple[Publication, ...]:
    """Return all readable publications, newest first; empty if there is no table."""
    return tuple(readable_publications(port))


def latest(port: Port) -> Publication | None:
    """Return the newest publication, the readers' default version; expiry always keeps it."""
    return next(filter(None, map(from_commit, commit_infos(port, COMMIT_KEY))), None)


def find_version(port: Port, version: int, notes: VersionNotes | None = None) -> Publication | None:
    """Return the publication with that Delta version; None if there is none or it has expired."""
    publication = from_commit(commit_info(port, version, COMMIT_KEY))
    if publication is None or (notes or VersionNotes(port)).is_expired(version):
        return None
    return publication


def at_version(port: Port, version: int) -> Publication:
    """Return the publication with that Delta version. Raises NotPublished, which lists the readable ones."""
    found = find_version(port, version)
    if found is None:
        raise NotPublished(port.name, version, [made.version for made in reversed(read_history(port))])
    return found


def published_by(port: Port, run_id: str) -> Publication | None:
    """Return the newest readable publication of a run, or None."""
    return next((made for made in readable_publications(port) if made.provenance.run_id == run_id), None)


def published_from(port: Port, candidate: str, since: int | None) -> Publication | None:
    """Return the readable publication that the candidate became after version `since` (None: at any time)."""
    above = -1 if since is None else since
    return next((made for made in readable_publications(port, above) if made.candidate == candidate), None)


def withdrawals(port: Port, since: int = -1) -> dict[int, Withdrawal]:
    """Return the withdrawn versions, expired ones included, by version; with `since`, those withdrawn after it.

    Only later commits withdraw a version, so `withdrawals(port, version).get(version)` is complete for one version.
    """
    return VersionNotes(port).withdrawals(since)


def newest_good(port: Port, below: int | None = None) -> Publication | None:
    """Return the newest publication, or the newest before version `below`, that is not withdrawn; None without one."""
    notes = VersionNotes(port)
    made = (made for made in readable_publications(port) if below is None or made.version < below)
    return next((found for found in made if found.version not in notes.withdrawals(found.version)), None)


def hold_of(port: Port, code_version: str) -> Decision | None:
    """Return the decision that holds a product of this code; None if nothing holds it.

    A restored version holds the product until it is resumed, built by other code, or published again.
    """
    decision = unresumed(port)
    return decision if decision is not None and code_version in decision.held_code else None


def unresumed(port: Port) -> Decision | None:
    """Return the decision that restored the newest version; None if a run built it or the product was resumed since."""
    for commit in commit_infos(port, COMMIT_KEY, DECISION_KEY):
        decision = decision_of(commit)
        if decision is not None and decision.kind is DecisionKind.RESUME:
            return None
        if from_commit(commit) is not None:
            return decision
    return None


def recent_decisions(port: Port) -> tuple[Decision, ...]:
    """Return the decisions since the newest version that a run built, newest first."""
    found: list[Decision] = []
    for commit in commit_infos(port, COMMIT_KEY, DECISION_KEY):
        decision = decision_of(commit)
        if decision is not None:
            found.append(decision)
        elif from_commit(commit) is not None:
            break
    return tuple(found)


def newest_removal(port: Port, since: int = -1) -> int | None:
    """Return the newest version that retention or erasure committed after `since`; None if there is none."""
    return next((commit["version"] for commit in commit_infos(port, REMOVAL_KEY, above=since)), None)


def _readable_from(commit: dict[str, Any]) -> int:
    return int(commit[EXPIRY_KEY]["readable_from"]) if EXPIRY_KEY in commit else 0
