"""Recovery after a kill: versions that were committed and never reported, and which version may follow which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.ports import latest, skip_versions
from bankmesh.ports.delta.commit_log import commit_versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dagster as dg

    from bankmesh.ports import Port, Publication
    from bankmesh.products.product_definition import ProductDefinition

VERSION_KEY, CANDIDATE_KEY = "version", "candidate"
"""Metadata of a materialisation: the Delta version, and the folder name that identifies its commit.

A power cut can lose the last commits of a table and leave their events. A table that is lost whole counts from 0 again.
"""


def is_report_of(metadata: Mapping[str, dg.MetadataValue[Any]], publication: Publication) -> bool:
    """Return whether a materialisation with this metadata reports the publication; old ones gave only the version."""
    candidate = metadata.get(CANDIDATE_KEY)
    if candidate is not None:
        return bool(candidate.value == publication.candidate)
    version = metadata.get(VERSION_KEY)
    return version is not None and bool(version.value == publication.version)


def skip_lost_versions(instance: dg.DagsterInstance, key: dg.AssetKey, port: Port) -> None:
    """Skip the number of a version that is reported but lost, and those before it: readers may have recorded it.

    Call it before anything else of the product is reported. Raises PortError.
    """
    event = instance.get_latest_materialization_event(key)
    version = event.asset_materialization.metadata.get(VERSION_KEY) if event and event.asset_materialization else None
    # Read after the event: a version that is reported has been committed.
    commits = commit_versions(port)
    if version is not None and isinstance(version.value, int) and commits and version.value > commits[-1]:
        skip_versions(port, version.value)


def find_unreported(instance: dg.DagsterInstance, key: dg.AssetKey, port: Port) -> Publication | None:
    """Return the newest publication, if the newest materialisation in Dagster's event log is of another one.

    A run that was killed between its commit and its event leaves this behind, and so does a power cut that took the
    commits after it. A run that is still about to write its event looks the same; reporting its version a second time
    does no harm.
    """
    event = instance.get_latest_materialization_event(key)
    newest = latest(port)
    if newest is None or event is None or event.asset_materialization is None:
        return newest
    return None if is_report_of(event.asset_materialization.metadata, newest) else newest


def answers(
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


def explain(product: ProductDefinition, publication: Publication) -> str:
    """Return the log message for a version that is reported late."""
    return (
        f"{product.contract.port} version {publication.version} was published by run "
        f"{publication.provenance.run_id}, which ended before it reported the version. Inputs and code are the "
        "same now, so that version is reported and nothing is published again."
    )
