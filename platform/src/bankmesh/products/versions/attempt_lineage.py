"""OpenLineage events of a product's or a landing's attempt, from the facts of its step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.lineage.openlineage.attempt_events import attempt
from bankmesh.lineage.openlineage.event_spool import spool_folder
from bankmesh.products.versions import product_lineage as facts
from bankmesh.settings import lineage_database
from bankmesh.sources import landing_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import dagster as dg

    from bankmesh.lineage.openlineage.attempt_events import Attempt
    from bankmesh.lineage.openlineage.attempt_facts import InputFacts
    from bankmesh.ports import Port
    from bankmesh.products.inputs.input_snapshot import PinnedInput
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.sources import LegacyObject

Partitions = tuple[str, ...] | None


def of_product(
    context: dg.AssetExecutionContext,
    product: ProductDefinition,
    port: Port,
    home: Path,
    partitions: Partitions,
    read: Iterable[PinnedInput],
) -> AbstractContextManager[Attempt]:
    """Return the context of an attempt at a product whose inputs are pinned."""
    return _of_product(context, product, port, home, partitions, [facts.input_facts(item, home) for item in read])


def of_unpinned(
    context: dg.AssetExecutionContext, product: ProductDefinition, port: Port, home: Path, partitions: Partitions
) -> AbstractContextManager[Attempt]:
    """Return the context of an attempt that fails because an input has no version to read."""
    inputs = [facts.unpinned_facts(source) for source in sorted(set(product.inputs.values()), key=lambda s: s.ref)]
    return _of_product(context, product, port, home, partitions, inputs)


def _of_product(
    context: dg.AssetExecutionContext,
    product: ProductDefinition,
    port: Port,
    home: Path,
    partitions: Partitions,
    inputs: list[InputFacts],
) -> AbstractContextManager[Attempt]:
    contract = product.contract
    nominal = facts.nominal_time(contract.partitioning, partitions) if contract.partitioning and partitions else None
    return attempt(
        lineage_database(home),
        spool_folder(home),
        facts.run_facts(context, product.key, product.engine, nominal),
        facts.product_job(product),
        inputs,
        facts.product_output(contract, port.path),
        context.log.warning,
    )


def of_landing(
    context: dg.AssetExecutionContext, key: dg.AssetKey, item: LegacyObject, domain: str, exports: Path, home: Path
) -> AbstractContextManager[Attempt]:
    """Return the context of an attempt at a landing."""
    return attempt(
        lineage_database(home),
        spool_folder(home),
        facts.run_facts(context, key, "landing"),
        facts.landing_job(item, domain),
        [facts.legacy_input(item, exports)],
        facts.landing_output(item, domain, landing_folder(home, domain, item.system, item.name)),
        context.log.warning,
    )
