"""Reports of published versions, as the orchestrator's event log has them: what is reported, what is lost or late.

A power cut can lose the last commits of a table and leave their reports. A table that is lost whole counts from 0
again, so a report names its version by number and by candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bankmesh.ports import latest, skip_versions
from bankmesh.ports.delta.commit_log import commit_versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Port, Publication


@dataclass(frozen=True)
class VersionReport:
    """One report: the Delta version, and the folder name of its candidate; None for reports of earlier releases."""

    version: int | None
    candidate: str | None = None


class VersionReports(Protocol):
    """The reports of all ports. Orchestration implements it on Dagster's event log, a trial on its own port."""

    def last_report(self, asset: str) -> VersionReport | None:
        """Return the newest report of an asset (`retail/party`); None if there is none."""

    def report_restored(self, contract: Contract) -> None:
        """Report the newest version of a port, if a withdrawal or rollback made it and it is not reported yet."""


def is_report_of(report: VersionReport, publication: Publication) -> bool:
    """Return whether a report is of this publication."""
    if report.candidate is not None:
        return report.candidate == publication.candidate
    return report.version is not None and report.version == publication.version


def skip_lost_versions(reports: VersionReports, asset: str, port: Port) -> None:
    """Skip the number of a version that is reported but lost, and those before it: readers may have recorded it.

    Call it before anything else of the product is reported. Raises PortError.
    """
    report = reports.last_report(asset)
    version = report.version if report else None
    # Read after the report: a version that is reported has been committed.
    commits = commit_versions(port)
    if version is not None and commits and version > commits[-1]:
        skip_versions(port, version)


def find_unreported(reports: VersionReports, asset: str, port: Port) -> Publication | None:
    """Return the newest publication, if the newest report is of another one.

    A run that was killed between its commit and its report leaves this behind, and so does a power cut that took the
    commits after it. A run that is still about to report looks the same; reporting its version a second time does no
    harm.
    """
    report = reports.last_report(asset)
    newest = latest(port)
    return None if newest is not None and report is not None and is_report_of(report, newest) else newest


def is_same_build(
    publication: Publication,
    vector: Mapping[str, int | str],
    code_version: str,
    partitions: tuple[str, ...] | None,
) -> bool:
    """Return whether an unreported version is exactly what this run would publish: same inputs, code, partitions."""
    made = publication.provenance
    return (
        dict(made.inputs) == dict(vector)
        and made.code_version == code_version
        and (tuple(made.partitions) if made.partitions is not None else None) == partitions
    )


def older_inputs(ours: Mapping[str, int | str], theirs: Mapping[str, int | str]) -> list[str]:
    """Return input products that the other publication read at a later version, as `retail.party 3 < 4`.

    Fingerprints of landings have no order and are not compared.
    """
    return [
        f"{name} {mine} < {theirs[name]}"
        for name, mine in sorted(ours.items())
        if isinstance(mine, int) and isinstance(theirs.get(name), int) and mine < theirs[name]  # type: ignore[operator]
    ]
