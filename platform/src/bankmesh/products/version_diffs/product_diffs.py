"""Compares two versions of a product, or its newest version with the candidate that its gate refused last."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.access.errors import AccessDenied
from bankmesh.access.metadata_decisions import reads_as_steward, require_readable
from bankmesh.access.registry.reader_registry import STEWARDSHIP
from bankmesh.errors import PortError
from bankmesh.ports import newest_good, open_version
from bankmesh.products.candidates.refused_candidates import last_refused
from bankmesh.products.version_diffs.row_comparison import compare_rows
from bankmesh.products.version_diffs.row_sources import candidate_source, governed_source, version_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.access.relations.governed_relation import GovernedRelation
    from bankmesh.contracts.model import Contract
    from bankmesh.ports import OpenVersion, Port
    from bankmesh.products.candidates.refused_candidates import RefusedCandidate
    from bankmesh.products.version_diffs.row_sources import RowSource
    from bankmesh.products.version_diffs.version_diff import VersionDiff

EXAMPLES = 5
"""Changed rows that are shown unless another number is requested."""
MOST_EXAMPLES = 1_000


class NoEarlierVersion(PortError):
    """There is no readable version before the one to compare, so a comparison with it has no other side."""

    is_wrong_call = True

    def __init__(self, product: str, version: int) -> None:
        self.product, self.version = product, version
        super().__init__(
            f"{product}: no version before {version} is readable and not withdrawn, so there is nothing to compare it "
            f"with. `mesh show {product}` lists the versions; `--from N` names one."
        )


class NoRefusedCandidate(PortError):
    """No candidate that the gate refused is kept."""

    is_wrong_call = True

    def __init__(self, product: str) -> None:
        self.product = product
        super().__init__(
            f"{product}: no candidate that the gate refused is kept. A refusal keeps one until `mesh expire` removes "
            "it; a build that failed before its gate, or whose types could not be cast, leaves none."
        )


def ignore_progress(_step: str) -> None:
    """Report no progress."""


def compare_versions(
    contract: Contract,
    later: OpenVersion,
    before: int | None = None,
    *,
    withdrawn: bool = False,
    examples: int = EXAMPLES,
    notify: Callable[[str], None] = ignore_progress,
) -> VersionDiff:
    """Compare an open version with version `before`, by default the last one before it that is not withdrawn.

    `examples` is from 0 to MOST_EXAMPLES; any other number counts as the nearest of them. `notify` is called with each
    step before it begins.

    Raises NotPublished if version `before` does not exist or has expired, WithdrawnVersion if it is withdrawn, unless
    `withdrawn` is set, PortError if files are missing, and NoEarlierVersion.
    """
    sides = (
        version_source(contract, earlier_version(later, before, withdrawn=withdrawn)),
        version_source(contract, later),
    )
    return _compare(later.port, contract, sides, examples, notify)


def earlier_version(later: OpenVersion, before: int | None = None, *, withdrawn: bool = False) -> OpenVersion:
    """Open version `before` of the same port, by default the last one before `later` that is not withdrawn.

    Raises the errors of `compare_versions`.
    """
    if before is None:
        good = newest_good(later.port, below=later.version)
        if good is None:
            raise NoEarlierVersion(later.port.name, later.version)
        before = good.version
    return open_version(later.port, before, withdrawn=withdrawn)


def compare_readable(
    contract: Contract,
    later: GovernedRelation,
    earlier: GovernedRelation,
    *,
    examples: int = EXAMPLES,
    notify: Callable[[str], None] | None = None,
) -> VersionDiff:
    """Compare two versions as their reader may see them: the same decision for both, from `earlier_version`.

    Only rows that the reader may see are counted, only readable columns are compared, and masked ones after the mask.
    The read of each version is recorded. Raises AccessDenied if nothing is readable or a part of the primary key is
    withheld, AuditUnavailable, and PortError if files are missing.
    """
    for side in (earlier, later):
        require_readable(side.decision)
    sides = governed_source(contract, earlier), governed_source(contract, later)
    return _compare(later.opened.port, contract, sides, examples, notify or ignore_progress)


def compare_candidate(
    contract: Contract,
    port: Port,
    before: int | None = None,
    *,
    withdrawn: bool = False,
    examples: int = EXAMPLES,
    notify: Callable[[str], None] = ignore_progress,
) -> VersionDiff:
    """Compare a version, by default the newest, with the table that the candidate refused last would have made.

    That table has the partitions of the candidate, and all others as the newest version has them.
    Raises NoRefusedCandidate, and the errors of `compare_versions`.
    """
    newest = open_version(port)
    earlier = newest if before is None else open_version(port, before, withdrawn=withdrawn)
    sides = version_source(contract, earlier), candidate_source(contract, _last_refused(port), newest)
    return _compare(port, contract, sides, examples, notify)


def compare_readable_candidate(
    contract: Contract,
    earlier: GovernedRelation,
    *,
    examples: int = EXAMPLES,
    notify: Callable[[str], None] | None = None,
) -> VersionDiff:
    """Compare a version with the table that the candidate refused last would have made, for an owner or steward.

    A candidate is not published, so nobody else may see it, and only columns that its reader sees unmasked are
    compared. Raises AccessDenied for other readers and under a row filter, and the errors of `compare_candidate`.
    """
    decision, port = earlier.decision, earlier.opened.port
    require_readable(decision)
    is_steward = reads_as_steward(decision.principal, decision.purpose, contract.domain)
    if not (is_steward and decision.row_filter.is_everything):
        raise AccessDenied(
            contract.port,
            "a refused candidate is not published: only owners and stewards of the product compare it, over all rows",
            decision.reasons,
            f"Read for {STEWARDSHIP} with a token of data_owner or data_steward of {contract.domain}",
        )
    candidate = candidate_source(contract, _last_refused(port), open_version(port))
    sides = governed_source(contract, earlier), candidate
    return _compare(
        port,
        contract,
        tuple(replace(side, readable=decision.shown) for side in sides),
        examples,
        notify or ignore_progress,
    )


def _last_refused(port: Port) -> RefusedCandidate:
    found = last_refused(port)
    if found is None:
        raise NoRefusedCandidate(port.name)
    return found


def _compare(
    port: Port,
    contract: Contract,
    sides: tuple[RowSource, ...],
    examples: int,
    notify: Callable[[str], None],
) -> VersionDiff:
    before, after = sides
    most = min(max(examples, 0), MOST_EXAMPLES)
    return compare_rows(port.home, contract, before, after, examples=most, notify=notify)
