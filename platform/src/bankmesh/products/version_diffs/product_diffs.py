"""Compares two versions of a product, or its newest version with the candidate that its gate refused last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.errors import PortError
from bankmesh.ports import newest_good, open_version
from bankmesh.products.candidates.refused_candidates import last_refused
from bankmesh.products.version_diffs.row_comparison import compare_rows
from bankmesh.products.version_diffs.row_sources import candidate_source, version_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import OpenVersion, Port
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
    port = later.port
    if before is None:
        good = newest_good(port, below=later.version)
        if good is None:
            raise NoEarlierVersion(port.name, later.version)
        before = good.version
    earlier = open_version(port, before, withdrawn=withdrawn)
    sides = version_source(contract, earlier), version_source(contract, later)
    return compare_rows(port.home, contract, *sides, examples=min(max(examples, 0), MOST_EXAMPLES), notify=notify)


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
    refused = last_refused(port)
    if refused is None:
        raise NoRefusedCandidate(contract.port)
    earlier = newest if before is None else open_version(port, before, withdrawn=withdrawn)
    sides = version_source(contract, earlier), candidate_source(contract, refused, newest)
    return compare_rows(port.home, contract, *sides, examples=min(max(examples, 0), MOST_EXAMPLES), notify=notify)
