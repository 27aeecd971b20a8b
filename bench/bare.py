"""The bare contender, run as a process of its own: the same models, functions and rules, and nothing around them.

    python -m bench.bare --plan plan.json --notes notes.json

dbt writes Parquet, Polars sinks Parquet, and the rules of each product are one hand-written query. No Dagster, no
Great Expectations, no Delta; `bankmesh` is not imported.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STARTED = time.perf_counter()
POLARS = {
    "VARCHAR": pl.String(),
    "BIGINT": pl.Int64(),
    "INTEGER": pl.Int32(),
    "DOUBLE": pl.Float64(),
    "DATE": pl.Date(),
    "BOOLEAN": pl.Boolean(),
}
# What each dbt model reads; staging models are dbt's own business.
READS = {
    "account": ("core_banking.account", "core_banking.disp"),
    "loan_applications": ("core_banking.loan",),
    "transaction_history": ("core_banking.trans",),
    "customer_360": (
        *("retail.party", "retail.account", "retail.transaction_history", "retail.loan_applications"),
        "retail.credit_card_spending_patterns",
    ),
}
LOOKED_UP = {
    "account": ("party",),
    "loan_applications": ("account",),
    "transaction_history": ("account",),
    "credit_card_spending_patterns": ("party", "account"),
    "customer_360": ("party",),
}


class Bare:
    """The work, and a clock for each part of it."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.out = Path(plan["out"])
        self.seconds: dict[str, dict[str, float]] = {name: {} for name in plan["products"]}
        self.broken: dict[str, dict[str, int]] = {}
        self._manifest: Any = None

    def run(self) -> None:
        """Everything, in an order that the products' inputs allow."""
        self.polars("party", self._party)
        self.rules("party")
        self.dbt("account", "loan_applications", "transaction_history")
        self.rules("account", "loan_applications", "transaction_history")
        self.polars("credit_card_spending_patterns", self._card_months)
        self.rules("credit_card_spending_patterns")
        self.dbt("customer_360")
        self.rules("customer_360")

    def relation(self, name: str) -> str:
        """A landed object (`system.object`) or a product (`retail.product`) for DuckDB."""
        domain, table = name.split(".")
        if domain != "retail":
            landed = self.plan["landed"][name]
            through = f"date '{landed['complete_through']}'" if landed["complete_through"] else "null::date"
            return f"(select *, {through} as complete_through from read_parquet('{landed['path']}'))"
        if partition := self.plan["products"][table]["partition_by"]:
            return (
                f"read_parquet('{self.out}/{table}/**/*.parquet', hive_partitioning = true,"
                f" hive_types = {{'{partition}': date}})"
            )
        return f"read_parquet('{self.out}/{table}/part-0.parquet')"

    def dbt(self, *models: str) -> None:
        """Run models with the staging models that they stand on, in one invocation."""
        started = time.perf_counter()
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        if self._manifest is None:
            self._manifest = dbtRunner().invoke(["parse", *self._arguments()]).result
        for model in models:
            (self.out / model).mkdir(parents=True)
        variables = json.dumps({"bankmesh": self._variables(models)})
        outcome = dbtRunner(manifest=self._manifest).invoke(
            ["run", "-s", *(f"+{m}" for m in models), "--vars", variables, "--no-write-json", *self._arguments()]
        )
        DuckDBConnectionManager.close_all_connections()
        if not outcome.success:
            raise SystemExit(f"{outcome.exception} {[r.message for r in outcome.result or []]}")
        self._share_out(models, outcome.result, time.perf_counter() - started)

    def _share_out(self, models: Iterable[str], results: Iterable[Any], whole: float) -> None:
        """A model's own time as dbt tells it; what dbt needs besides goes to each model in equal parts."""
        models = list(models)
        own = {r.node.name: r.execution_time for r in results if r.node.name in models}
        for model in models:
            self.seconds[model]["build"] = own[model] + (whole - sum(own.values())) / len(models)

    def _variables(self, models: Iterable[str]) -> dict[str, Any]:
        products = self.plan["products"]
        inputs = sorted({name for model in models for name in READS[model]})
        return {
            "delta_extension": self.plan["delta_extension"],
            "inputs": [
                {"schema": name.split(".")[0], "name": name.split(".")[1], "relation": self.relation(name)}
                for name in inputs
            ],
            "products": {
                model: products[model]
                | {"target": str(self.out / model / ("" if products[model]["partition_by"] else "part-0.parquet"))}
                for model in models
            },
            "partitions": None,
        }

    def _arguments(self) -> list[str]:
        project, target = self.plan["dbt_project"], str(self.out.parent / "bare-dbt")
        return [
            *("--project-dir", project, "--profiles-dir", project, "--target-path", target, "--log-path", target),
            *("--log-level", "none", "--log-level-file", "none", "--quiet", "--no-use-colors"),
        ]

    def polars(self, product: str, transform: Callable[[], pl.LazyFrame]) -> None:
        """Sink a frame to Parquet, cast to the promised types."""
        folder = self.out / product
        folder.mkdir(parents=True)
        started = time.perf_counter()
        columns = self.plan["products"][product]["columns"]
        promised = transform().select(pl.col(c["name"]).cast(polars_type(c["type"])) for c in columns)
        promised.sink_parquet(folder / "part-0.parquet", compression="zstd", engine="streaming")
        self.seconds[product]["build"] = time.perf_counter() - started

    def _party(self) -> pl.LazyFrame:
        return self._function("party")(
            self._scan("core_banking.client"),
            self._scan("core_banking.district"),
            self._scan("crm.client"),
            self._scan("crm.consent"),
        )

    def _card_months(self) -> pl.LazyFrame:
        bookings = pl.scan_parquet(
            f"{self.out}/transaction_history/**/*.parquet",
            hive_partitioning=True,
            hive_schema={"booking_month": pl.Date()},
        )
        return self._function("credit_card_spending_patterns")(
            self._scan("core_banking.card"),
            self._scan("core_banking.disp"),
            self._scan("core_banking.card_purchase"),
            bookings,
        )

    def _function(self, product: str) -> Callable[..., pl.LazyFrame]:
        file = Path(self.plan["transforms"]) / product / "transform.py"
        spec = importlib.util.spec_from_file_location(product, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, product)

    def _scan(self, name: str) -> pl.LazyFrame:
        return pl.scan_parquet(self.plan["landed"][name]["path"])

    def rules(self, *products: str) -> None:
        """Hold each product against its one query."""
        for product in products:
            started = time.perf_counter()
            with duckdb.connect() as connection:
                connection.execute(f"create view candidate as from {self.relation(f'retail.{product}')}")
                for other in LOOKED_UP.get(product, ()):
                    connection.execute(f"create view {other} as from {self.relation(f'retail.{other}')}")
                answer = connection.execute((Path(self.plan["rules"]) / f"{product}.sql").read_text(encoding="utf-8"))
                counts = dict(zip([c[0] for c in answer.description], answer.fetchone(), strict=True))
            self.broken[product] = {name: count for name, count in counts.items() if count}
            self.seconds[product]["rules"] = time.perf_counter() - started


def polars_type(name: str) -> pl.DataType:
    """The Polars type of a DuckDB type."""
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", name):
        return pl.Decimal(int(found[1]), int(found[2]))
    return pl.List(polars_type(name[:-2])) if name.endswith("[]") else POLARS[name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--notes", type=Path, required=True)
    arguments = parser.parse_args()
    os.environ["BANKMESH_DOMAIN"] = "retail"  # the dbt project asks for it
    work = Bare(json.loads(arguments.plan.read_text(encoding="utf-8")))
    ready = time.perf_counter() - STARTED
    work.run()
    end = time.perf_counter() - STARTED
    notes = {"ready": ready, "end": end, "seconds": work.seconds, "broken": work.broken}
    arguments.notes.write_text(json.dumps(notes, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
