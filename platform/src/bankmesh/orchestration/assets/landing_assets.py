"""Legacy objects as observable external assets, and their landings as assets with checks."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from bankmesh.errors import LegacyFileError, NotDelivered
from bankmesh.lineage.landing_lineage import landing_lineage
from bankmesh.names import step_of_asset
from bankmesh.orchestration.asset_keys import landing_key, legacy_key
from bankmesh.orchestration.assets.asset_results import Result
from bankmesh.orchestration.assets.build_steps import step_run
from bankmesh.orchestration.assets.column_lineage import column_lineage_metadata
from bankmesh.orchestration.assets.event_metadata import NOT_DELIVERED, OUTCOME, REJECTS, ROWS_IN
from bankmesh.orchestration.assets.product_assets import LANDING, retry_transient_faults
from bankmesh.orchestration.assets.run_tags import ACCEPT_TAG, accepted_shrink
from bankmesh.orchestration.assets.unread_check import ALL_READ, all_read
from bankmesh.orchestration.mesh_resource import MESH, MeshResource, mesh_resource
from bankmesh.products.cancellation import stoppable
from bankmesh.products.inputs.unread_exports import unread_of_system
from bankmesh.products.lineage_events import landing_attempts
from bankmesh.settings import Settings
from bankmesh.sources import (
    Landing,
    LandingComparison,
    LegacyObject,
    count_rejects,
    describe_rejects,
    fingerprint,
    land_compared,
    passed_over,
)
from bankmesh.sources.landing_history import TOLERANCE

# No postponed annotations here: Dagster reads those of a step when it builds the asset.

WARNINGS = "files that may be of another encoding"
ACCOUNTED = "every_row_accounted_for"
TOLERATED = "rejects_tolerated"
KEPT = "history_kept"
REASONS_SHOWN = 20


def observed_asset(item: LegacyObject, domain: str, near: Path) -> dg.SourceAsset:
    """Return a legacy object itself, whose data version is a fingerprint of its files."""

    @dg.observable_source_asset(
        resource_defs={MESH: mesh_resource(near).get_resource_definition()},
        key=legacy_key(item.system, item.name),
        description=item.description,
        group_name=domain,
        tags={"domain": domain, "stage": "legacy", "dagster/kind/file": ""},
        metadata={"files": ", ".join(item.files), "folder": item.folder, "owner": item.owner},
    )
    def observe(_context: dg.OpExecutionContext, bankmesh: MeshResource) -> dg.DataVersion:
        try:
            return dg.DataVersion(fingerprint(item, bankmesh.settings.exports))
        except NotDelivered:
            return dg.DataVersion(NOT_DELIVERED)

    return observe


def landing_asset(
    item: LegacyObject, domain: str, near: Path, policies: Mapping[str, dg.FreshnessPolicy]
) -> dg.AssetsDefinition:
    """Return the landing of a legacy object, with its checks; `policies` are freshness policies by landing."""
    key = landing_key(domain, item.system, item.name)
    spec = dg.AssetSpec(
        key,
        deps=[legacy_key(item.system, item.name)],
        description=f"{item.description}\n\nLanded strictly: typed rows, and rejects with file, line and reason.",
        metadata=_spec_metadata(item),
        skippable=True,
        group_name=domain,
        owners=[f"team:{item.owner}"],
        tags={"domain": domain, "stage": "landing", "classification": item.classification.label},
        kinds={"parquet"},
        code_version=item.digest[:16],
        freshness_policy=policies.get(key.to_user_string()),
    )
    checks = [
        dg.AssetCheckSpec(ACCOUNTED, asset=key, description="Rows in = rows landed + rejects, counted separately."),
        dg.AssetCheckSpec(TOLERATED, asset=key, description=f"At most {item.rejects_tolerated} rejected."),
        dg.AssetCheckSpec(KEPT, asset=key, description=_history_promise(item)),
        dg.AssetCheckSpec(ALL_READ, asset=key, description="Every file of the folder is read; unread files warn."),
    ]

    @dg.multi_asset(
        name=step_of_asset(key.to_user_string()),
        specs=[spec],
        check_specs=checks,
        pool=LANDING,
        resource_defs={MESH: mesh_resource(near)},
    )
    def land(context: dg.AssetExecutionContext, bankmesh: MeshResource) -> Iterator[Result]:
        settings = bankmesh.settings
        yield from retry_transient_faults(context, settings.home, results(context, settings))

    def results(context: dg.AssetExecutionContext, settings: Settings) -> Iterator[Result]:
        step = step_run(context, key.to_user_string(), settings.home)
        with landing_attempts.record_landing(step, item, domain, settings.exports, settings.home) as attempt:
            try:
                with stoppable():
                    unread = unread_of_system(settings, domain, item.system)
                    landing, comparison = land_compared(
                        item, settings.exports, settings.home, domain, accepted_shrink(context, key.to_user_string())
                    )
            except NotDelivered as error:
                metadata = {OUTCOME: NOT_DELIVERED, "system": error.system, "folder": error.folder}
                raise dg.Failure(description=str(error), metadata=metadata, allow_retries=False) from error
            except LegacyFileError as error:
                raise dg.Failure(description=str(error), allow_retries=False) from error
            attempt.ending = landing_attempts.landed(landing, comparison, item)
            refusal = _refusal(item, landing, comparison, key)
            if refusal is not None:
                attempt.fail(refusal)
            else:
                attempt.complete(attempt.ending)
        # The landing has read the files, so its fingerprint observes the legacy object without a second read.
        seen = {"dagster/data_version": landing.fingerprint}
        context.log_event(dg.AssetObservation(legacy_key(item.system, item.name), tags=seen))
        yield from _checks(key, landing, comparison)
        yield all_read(key, item, passed_over(item, settings.exports), unread)
        if refusal is not None:
            raise dg.Failure(description=refusal, allow_retries=False)
        if not landing.files:
            context.log.info(f"{item.system}.{item.name} is optional and absent: landed as no rows.")
        yield _materialize(key, landing, comparison, item)

    return land


def _checks(key: dg.AssetKey, landing: Landing, comparison: LandingComparison) -> Iterator[dg.AssetCheckResult]:
    by_reason = _rejects_by_reason(landing)
    counts = {ROWS_IN: landing.rows_in, "rows landed": landing.rows, REJECTS: landing.rejects}
    for name, passed in ((ACCOUNTED, landing.balanced), (TOLERATED, landing.within_tolerance)):
        outcome = "passed" if passed else "failed"
        metadata: dict[str, Any] = {**counts, "tolerated": landing.rejects_tolerated, OUTCOME: outcome}
        metadata |= by_reason if name == TOLERATED else _other_records(landing)
        yield dg.AssetCheckResult(asset_key=key, check_name=name, passed=passed, metadata=metadata)
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name=KEPT,
        passed=comparison.is_kept,
        description="; ".join(comparison.losses) or None,
        metadata={OUTCOME: "passed" if comparison.is_kept else "failed", **_history(comparison)},
    )


def _other_records(landing: Landing) -> dict[str, Any]:
    """Return check metadata: records that are no rows of the object, control totals that agreed, and warnings."""
    found: dict[str, Any] = {f"other records: {name}": count for name, count in sorted(landing.other_records.items())}
    found |= {"control totals that agree": landing.control_totals} if landing.control_totals else {}
    return found | ({WARNINGS: "; ".join(landing.warnings)} if landing.warnings else {})


def _history(comparison: LandingComparison) -> dict[str, Any]:
    """Return check metadata: rows before and after, losses, and by whom and why they were accepted."""
    found: dict[str, Any] = {"rows": comparison.after.rows}
    if comparison.before is not None:
        found["rows before"] = comparison.before.rows
    if comparison.losses:
        found["fell behind"] = "; ".join(comparison.losses)
    if comparison.accepted is not None:
        found |= {"accepted by": comparison.accepted.by, "accepted because": comparison.accepted.why}
    return found


def _history_promise(item: LegacyObject) -> str:
    keys = "".join(f", no lower greatest {name}" for name in item.key)
    return f"At most {TOLERANCE} % fewer rows than the last accepted landing, no earlier last day{keys}."


def _materialize(
    key: dg.AssetKey, landing: Landing, comparison: LandingComparison, item: LegacyObject
) -> dg.MaterializeResult[Any]:
    complete = landing.complete_through
    return dg.MaterializeResult(
        asset_key=key,
        data_version=dg.DataVersion(landing.fingerprint),
        metadata={
            "dagster/row_count": landing.rows,
            REJECTS: landing.rejects,
            **_rejects_by_reason(landing),
            "files": ", ".join(file.name for file in landing.files) or "none (optional)",
            **({"files taken over": landing.files_taken_over} if landing.files_taken_over else {}),
            "fingerprint": landing.fingerprint,
            "complete through": complete.isoformat() if complete else "not known",
            **(
                {"accepted loss": f"{'; '.join(comparison.losses)}. {comparison.accepted.note}"}
                if comparison.accepted
                else {}
            ),
            **column_lineage_metadata(
                landing_lineage(item), {f"{item.system}.{item.name}": legacy_key(item.system, item.name)}
            ),
        },
    )


def _refusal(item: LegacyObject, landing: Landing, comparison: LandingComparison, key: dg.AssetKey) -> str | None:
    """Return why the landing does not become the current one; None if it does."""
    if landing.acceptable:
        return None if comparison.is_kept else _lost_history(item, comparison, key)
    by_file = f" By file: {landing.rejects_by_file}." if landing.rejects_by_file else ""
    return (
        f"{item.system}.{item.name} is not landed: {landing.rejects:,} of {landing.rows_in:,} rows rejected, "
        f"{landing.rejects_tolerated} tolerated [{item.place}].{by_file} Readers keep the previous landing. "
        f"File, line, column and reason of each: `mesh rejects {'.'.join(key.path)}`.\n"
        f"{describe_rejects(landing.rejects_paths)}"
    ).rstrip()


def _rejects_by_reason(landing: Landing) -> dict[str, Any]:
    """Return a table of columns, reasons and counts, the most frequent first; nothing where there are no rejects."""
    counts = count_rejects(landing.rejects_paths)[:REASONS_SHOWN]
    if not counts:
        return {}
    rows = [
        dg.TableRecord({"column": c.fault.column or "", "reason": c.fault.reason, "rejects": c.rejects}) for c in counts
    ]
    schema = dg.TableSchema([dg.TableColumn("column"), dg.TableColumn("reason"), dg.TableColumn("rejects", "int")])
    return {"rejects by reason": dg.MetadataValue.table(rows, schema)}


def _lost_history(item: LegacyObject, comparison: LandingComparison, key: dg.AssetKey) -> str:
    return (
        f"{item.system}.{item.name} is not landed: it falls behind the last accepted landing: "
        f"{'; '.join(comparison.losses)} [{item.place}]. Readers keep the previous landing. Have the whole export "
        "delivered; if the loss is correct, accept it for one run: "
        f'`mesh run {".".join(key.path)} --accept-shrink "why"`, or the run tag {ACCEPT_TAG} in the UI.'
    )


def _spec_metadata(item: LegacyObject) -> dict[str, Any]:
    columns = [
        dg.TableColumn(
            column.name,
            type=str(column.type),
            description=column.description,
            constraints=dg.TableColumnConstraints(nullable=not column.required),
            tags={"classification": column.classification.label},
        )
        for column in item.columns
    ]
    declared = dg.LocalFileCodeReference(file_path=item.place.file, line_number=item.place.line, label="declaration")
    return {
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[declared]),
        "rejects tolerated": str(item.rejects_tolerated),
    }
