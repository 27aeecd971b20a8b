"""Pure functions from a contract to the Dagster asset and check specs that the UI shows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.contracts.model import Severity, Status
from bankmesh.errors import as_sentence
from bankmesh.orchestration.asset_keys import key_of
from bankmesh.orchestration.assets.automation_condition import refresh_condition
from bankmesh.products.candidates.gate_relations import sources_of
from bankmesh.products.publication_schedule import schedule_of
from bankmesh.workspace.deprecation import deprecation_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Column, Contract, Partitioning
    from bankmesh.products.product_definition import ProductDefinition

_EFFECT = {
    Severity.ERROR: "A candidate that breaks this is not published. Dagster shows it as non-blocking, because the gate "
    "evaluates it before publication, and no other step waits for it.",
    Severity.WARNING: "A candidate that breaks this is still published.",
}
SCHEDULE_TAG = "schedule"
"""Tag of products that a schedule publishes; its value names the schedule, see `PublicationSchedule.slug`."""
PARTITIONED_TAG = "partitioned"
"""Tag of partitioned products: `month` or `day`."""
_KINDS = {"dbt": {"dbt", "duckdb", "deltalake"}, "polars": {"polars", "deltalake"}}


def asset_spec(product: ProductDefinition, near: Path) -> dg.AssetSpec:
    """Return the asset spec of a product, from its contract, engine, inputs and code version.

    `near` is a folder of its workspace.
    """
    contract = product.contract
    # Products that foreign keys refer to are upstream too, because the gate looks values up in them.
    return dg.AssetSpec(
        key_of(product),
        deps=sorted({key_of(source) for source in sources_of(product)}),
        description=describe(contract),
        metadata=_metadata(product),
        # A candidate that fails the gate is not published, so a step may end without a materialisation.
        skippable=True,
        group_name=contract.domain,
        code_version=product.code_version,
        owners=[f"team:{_slug(contract.owner)}"],
        tags=_tags(contract),
        kinds=_KINDS[product.engine],
        partitions_def=partitions_of(contract.partitioning),
        freshness_policy=freshness_of(contract),
        automation_condition=refresh_condition(near),
    )


def check_specs(product: ProductDefinition) -> list[dg.AssetCheckSpec]:
    """Return one asset check spec for each clause. None is `blocking`, because the gate runs before publication."""
    return [
        dg.AssetCheckSpec(
            clause.name,
            asset=key_of(product),
            description=f"{as_sentence(clause.description)} {_EFFECT[clause.severity]}",
            metadata={
                "severity": clause.severity.value,
                "rule": type(clause.rule).__name__,
                "looks at": "the whole table" if clause.whole_table else "what the run built",
                "contract": str(clause.place),
            },
        )
        for clause in product.contract.clauses
    ]


def dagster_severity(severity: Severity) -> dg.AssetCheckSeverity:
    """Return the severity with which Dagster shows a broken clause."""
    return dg.AssetCheckSeverity.ERROR if severity is Severity.ERROR else dg.AssetCheckSeverity.WARN


def partitions_of(partitioning: Partitioning | None) -> dg.TimeWindowPartitionsDefinition | None:
    """Return months or days from the contract's start to its end, or to now where it has none."""
    if partitioning is None:
        return None
    # Without an end, the current month or day is a partition too, because it already has rows.
    running = 0 if partitioning.end else 1
    definition = dg.MonthlyPartitionsDefinition if partitioning.granularity == "month" else dg.DailyPartitionsDefinition
    return definition(start_date=partitioning.start, end_date=partitioning.end, end_offset=running)


def partitions_of_run(context: dg.AssetExecutionContext, contract: Contract) -> tuple[str, ...] | None:
    """Return the partitions of a product that a step is to build; None for a product without partitions."""
    if contract.partitioning is None:
        return None
    if context.has_partition_key_range or context.has_partition_key:
        return tuple(context.partition_keys)
    return tuple(context.assets_def.partitions_def.get_partition_keys())


def freshness_of(contract: Contract) -> dg.FreshnessPolicy | None:
    """Return the contract's `freshness` service level as a Dagster policy, measured from publication."""
    level = contract.service_level("freshness")
    if level is None or level.seconds is None:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(seconds=level.seconds))


def describe(contract: Contract) -> str:
    """Return the product's description in Markdown, as its asset page shows it."""
    ending = deprecation_of(contract)
    # The graph shows the last part of an asset key alone: `v2`.
    parts = [f"{contract.name}, version {contract.major}"] if contract.major > 1 else []
    parts += [*([ending.paragraph] if ending else []), contract.purpose.strip()]
    if contract.granularity:
        parts.append(f"**Granularity**: {contract.granularity.strip()}")
    if contract.usage:
        parts.append(f"**Usage**: {contract.usage.strip()}")
    if contract.limitations:
        parts.append(f"**Limitations**: {contract.limitations.strip()}")
    parts.append(
        f"{contract.product_type} data product of *{contract.domain}*, contract {contract.version} "
        f"({contract.status.value}), owned by {contract.owner}."
    )
    return "\n\n".join(parts)


def table_schema(columns: Sequence[Column]) -> dg.TableSchema:
    """Return columns with types, descriptions and classification, as Dagster's asset page shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=str(column.type),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=not column.required, unique=column.primary_key_position is not None
                ),
                tags={"classification": column.classification.label},
            )
            for column in columns
        ]
    )


def _metadata(product: ProductDefinition) -> dict[str, object]:
    contract = product.contract
    references = [dg.LocalFileCodeReference(file_path=str(path), label=path.name) for path in product.code_files]
    return {
        "dagster/column_schema": table_schema(contract.columns),
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=list(references)),
        "contract version": contract.version,
        "classification": contract.classification.label,
        "support": ", ".join(channel.url or channel.channel for channel in contract.support),
        "read it": f'mesh.get_data_product("{contract.domain}", "{contract.name}"{_named_major(contract)})',
    }


def _named_major(contract: Contract) -> str:
    """Return the `major` argument for a deprecated contract: without one, callers get the newest active major."""
    return f", major={contract.major}" if contract.status is Status.DEPRECATED else ""


def _tags(contract: Contract) -> dict[str, str]:
    tags = {
        "domain": contract.domain,
        "product_type": contract.product_type,
        "classification": contract.classification.label,
        "contract_status": contract.status.value,
    }
    clock = schedule_of(contract)
    if clock is not None and contract.status.in_force:
        tags[SCHEDULE_TAG] = clock.slug
    ending = deprecation_of(contract)
    if ending and ending.end_of_support:
        tags["end_of_support"] = ending.end_of_support
    if contract.partitioning is not None:
        tags[PARTITIONED_TAG] = contract.partitioning.granularity
    return tags | {_slug(tag): "" for tag in contract.tags}


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text.strip()).strip("-").lower()
