"""The published texts of a contract: its versions, in order, and the changes between them.

A publication stores the text of its contract beside the table. So the publications of a port give its versions. Texts
whose publications have all expired come before them, ordered by the time of storage. The current text comes last if
nothing has been published under it yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from bankmesh.catalog.index import tables
from bankmesh.contracts.comparison.contract_comparison import compare
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.ports import contract_digest, kept_contract
from bankmesh.ports.contract_texts import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bankmesh.catalog.index.index_rows import Row, Rows
    from bankmesh.contracts.comparison.contract_change import Change
    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Port, Publication

NOT_KEPT = "its text was not stored"


@dataclass(frozen=True)
class ContractVersion:
    """One text of a contract.

    `since` (seconds since 1970) and `publication` are those of the first readable version published under it. If there
    is none, `publication` is None and `since` is the time when the text was stored, if it was. If the text is missing
    or this release cannot read it, `contract` is None and `unread` has the reason.
    """

    version: str
    digest: str | None
    since: float | None
    publication: int | None
    contract: Contract | None
    unread: str | None


def contract_versions(contract: Contract, port: Port, published: Sequence[Publication]) -> tuple[ContractVersion, ...]:
    """Return the versions of a port's contract, oldest first.

    Args:
        contract: the current contract.
        port: the port, which stores the texts.
        published: its readable publications, newest first.
    """
    found = [_contract_version(publication, port, contract) for publication in _first_of_each(reversed(published))]
    found = [*_expired(port, contract, found), *found]
    digest = contract_digest(contract.text)
    if not found or found[-1].digest != digest:
        found.append(ContractVersion(contract.version, digest, None, None, contract, None))
    return tuple(found)


def contract_version_rows(contract: Contract, found: Sequence[ContractVersion], before: Contract | None) -> Rows:
    """Return the rows of all versions; the first is compared with `before`, the contract of the previous major."""
    versions: list[Row] = []
    changes: list[Row] = []
    for position, each in enumerate(found, start=1):
        versions.append(
            {
                "port": contract.port,
                "position": position,
                "version": each.version,
                "status": each.contract.status.value if each.contract else None,
                "digest": each.digest,
                "since": each.since,
                "first_publication": each.publication,
                "current": position == len(found),
                "compared_with": None,
                "unread": each.unread,
            }
        )
        if each.contract is not None and before is not None:
            versions[-1]["compared_with"] = f"{before.port} {before.version}"
            found_changes = [
                change for change in compare(before, each.contract) if _is_visible(change, before, contract)
            ]
            changes += [
                {
                    "port": contract.port,
                    "position": position,
                    "number": number,
                    "rule": change.rule,
                    "breaking": change.breaking,
                    "subject": change.subject,
                    "message": change.message,
                }
                for number, change in enumerate(found_changes, start=1)
            ]
        before = each.contract
    return {tables.contract_versions: versions, tables.contract_changes: changes}


def _is_visible(change: Change, before: Contract, after: Contract) -> bool:
    """Return whether a change is reported: between majors, a different status is no change, as each has its own."""
    return before.major == after.major or not change.rule.startswith("status-")


def _expired(port: Port, current: Contract, known: Sequence[ContractVersion]) -> list[ContractVersion]:
    """Return the versions from before the first readable publication."""
    digests = {each.digest for each in known}
    first = min((each.since for each in known if each.since is not None), default=None)
    kept = [(file.stat().st_mtime, file.name.partition(".")[0]) for file in (port.path / FOLDER).glob("*.odcs.yaml")]
    found = []
    for at, digest in sorted(kept):
        if digest not in digests and first is not None and at < first:
            contract, unread = _read(digest, port, current)
            found.append(ContractVersion(contract.version if contract else "", digest, at, None, contract, unread))
    return found


def _first_of_each(published: Iterable[Publication]) -> Iterator[Publication]:
    """Yield the first of consecutive publications under one text. Earlier releases recorded a version and no digest."""
    before = None
    for publication in published:
        made_by = (publication.provenance.contract_version, publication.provenance.contract_digest)
        if made_by != before:
            yield publication
        before = made_by


def _contract_version(publication: Publication, port: Port, current: Contract) -> ContractVersion:
    digest, version = publication.provenance.contract_digest, publication.provenance.contract_version
    since = publication.published_at.timestamp()
    contract, unread = _read(digest, port, current)
    return ContractVersion(version, digest, since, publication.version, contract, unread)


def _read(digest: str | None, port: Port, current: Contract) -> tuple[Contract | None, str | None]:
    if digest is None:
        return None, NOT_KEPT
    if digest == contract_digest(current.text):
        return current, None
    file = kept_contract(port, digest)
    if file is None:
        return None, NOT_KEPT
    # A contract must be named after its product, so the stored text is read under the current file name.
    contract, faults = read_text(PurePath(current.file).name, file.read_text(encoding="utf-8"))
    if contract is None:
        return None, f"this release cannot read it: {faults[0].message}"
    return contract, None
