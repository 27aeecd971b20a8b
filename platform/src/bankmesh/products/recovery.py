"""After a kill: versions that were committed but never told, and who may follow whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.ports import latest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dagster as dg

    from bankmesh.ports import Port, Publication
    from bankmesh.products.definition import ProductDefinition

VERSION_KEY = "version"


def find_unreported(instance: dg.DagsterInstance, key: dg.AssetKey, port: Port) -> Publication | None:
    """The newest publication, if Dagster's event log has no materialisation of it or of a later one.

    A run that was killed between its commit and its event leaves this behind. A run that is still about
    to write its event looks the same; reporting its version a second time does no harm.
    """
    newest = latest(port)
    if newest is None:
        return None
    event = instance.get_latest_materialization_event(key)
    told = event.asset_materialization.metadata.get(VERSION_KEY) if event and event.asset_materialization else None
    if told is not None and isinstance(told.value, int) and told.value >= newest.version:
        return None
    return newest


def answers(
    publication: Publication,
    vector: Mapping[str, int | str],
    code_version: str,
    partitions: tuple[str, ...] | None,
) -> bool:
    """Whether an unreported version is just what this run would publish: same inputs, code, partitions."""
    made = publication.provenance
    return (
        dict(made.inputs) == dict(vector)
        and made.code_version == code_version
        and (tuple(made.partitions) if made.partitions is not None else None) == partitions
    )


def older_inputs(ours: Mapping[str, int | str], theirs: Mapping[str, int | str]) -> list[str]:
    """Input products that the other publication read at a later version, as `retail.party 3 < 4`.

    Fingerprints of landings have no order and are not compared.
    """
    return [
        f"{name} {mine} < {theirs[name]}"
        for name, mine in sorted(ours.items())
        if isinstance(mine, int) and isinstance(theirs.get(name), int) and mine < theirs[name]  # type: ignore[operator]
    ]


def explain(product: ProductDefinition, publication: Publication) -> str:
    """What the log says when a version is reported late."""
    return (
        f"{product.contract.port} version {publication.version} was published by run "
        f"{publication.provenance.run_id}, which ended before it could say so. Inputs and code are the "
        "same now, so that version is reported and nothing is published again."
    )
