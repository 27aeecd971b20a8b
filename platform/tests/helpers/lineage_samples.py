"""Facts of an imaginary attempt, and the events that they make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype
from bankmesh.lineage.openlineage.attempt_facts import (
    AssertionFacts,
    AttemptEnd,
    CodeFacts,
    FieldFacts,
    InputFacts,
    JobFacts,
    OutputFacts,
    RunFacts,
)
from bankmesh.lineage.openlineage.openlineage_names import dataset_name
from bankmesh.lineage.openlineage.run_events import COMPLETE, ending_event, start_event

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAGSTER_RUN = "0b5a4c1e-6c1c-4e0a-9a0e-2f3d5e6b7a01"

SALE = InputFacts("shop.sale", "shop.sale", dataset_name("/srv/mesh/ports/shop/sale/v1"), "4", rows=10, bytes=900)
HOURS = InputFacts(
    "till.hour",
    "legacy.till.hour",
    dataset_name("s3://exports/till/hours.csv"),
    "f00d",
    fields=(FieldFacts("day", "string", "Day of the week.", "public"),),
    owner="shop-data",
    description="Opening hours.",
)
LINEAGE = StepLineage(
    columns={
        "amount": frozenset({Dependency(ColumnRef("shop.sale", "amount"), TransformationSubtype.AGGREGATION)}),
        "customers": frozenset(
            {Dependency(ColumnRef("shop.sale", "customer"), TransformationSubtype.AGGREGATION, masking=True)}
        ),
        "guessed": frozenset(),
    },
    rows=frozenset({Dependency(ColumnRef("shop.sale", "day"), TransformationSubtype.GROUP_BY)}),
    opaque=frozenset({ColumnRef("till.hour", "day")}),
    underivable={"guessed": "it comes out of a recursive query"},
)
ENDING = AttemptEnd(
    version="7",
    rows=3,
    bytes=100,
    built_rows=3,
    nulls={"amount": 1},
    lineage=LINEAGE,
    code=CodeFacts("sql", "select 1", "duckdb", "https://code.example/mesh/blob/abc/model.sql", "model.sql", "abc"),
    assertions=(
        AssertionFacts("amount__required", "not_null", "amount", "error", True, "passed", "No nulls."),
        AssertionFacts("amount_small", "range", "amount", "warning", False, "warned", "Below ten.", 2),
        AssertionFacts("broken", "custom_sql", None, "error", False, "errored", "Cannot be evaluated."),
    ),
)


def run(number: int = 0, **changes: Any) -> RunFacts:
    facts: dict[str, Any] = {
        "dagster_run": DAGSTER_RUN,
        "dagster_job": "shop.__ASSET_JOB",
        "step": f"shop__spend_{number}",
        "attempt": 0,
        "asset": f"shop/spend_{number}",
        "root": (DAGSTER_RUN, "shop.__ASSET_JOB"),
        "engine": ("DuckDB", "1.5.5"),
    }
    return RunFacts(**facts | changes)


def job(number: int = 0) -> JobFacts:
    return JobFacts(f"shop.spend_{number}", "shop-data", "What customers spend.", "MODEL")


def output(number: int = 0) -> OutputFacts:
    return OutputFacts(
        f"shop.spend_{number}",
        dataset_name(f"/srv/mesh/ports/shop/spend_{number}/v1"),
        (
            FieldFacts("amount", "decimal(18,2)", "Money.", "confidential"),
            FieldFacts("customers", "long", "How many.", "internal"),
            FieldFacts("guessed", "string", "Who knows.", "internal"),
        ),
        "shop-data",
        "What customers spend.",
        (("domain", "shop"),),
    )


def started(number: int = 0, **changes: Any) -> dict[str, Any]:
    return start_event(run(number, **changes), job(number), [SALE, HOURS], output(number), NOON)


def completed(number: int = 0, **changes: Any) -> dict[str, Any]:
    return ending_event(started(number, **changes), COMPLETE, ENDING, NOON + timedelta(seconds=5))
