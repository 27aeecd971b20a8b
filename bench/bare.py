"""The bare contender, run as a process of its own: the same models, functions and rules, without the platform.

    python -m bench.bare --plan plan.json --notes notes.json

dbt binds the models, DuckDB and Polars write Parquet, and the rules of each product are one hand-written query. If a
cast would change a value, the process fails. No Dagster, no Great Expectations, no Delta; `bankmesh` is not imported.
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
# The inputs of each dbt model; dbt builds the staging models itself.
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
    """The work of the contender, with the seconds of each part."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.out = Path(plan["out"])
        self.seconds: dict[str, dict[str, float]] = {name: {} for name in plan["products"]}
        self.broken: dict[str, dict[str, int]] = {}
        self._manifest: Any = None

    def run(self) -> None:
        """Build and check all products, in the order of their inputs."""
        self.polars("party", self._party)
        self.rules("party")
        self.dbt("account", "loan_applications", "transaction_history")
        self.rules("account", "loan_applications", "transaction_history")
        self.polars("credit_card_spending_patterns", self._card_months)
        self.rules("credit_card_spending_patterns")
        self.dbt("customer_360")
        self.rules("customer_360")

    def relation(self, name: str) -> str:
        """Return a DuckDB relation for a landed object (`system.object`) or a product (`retail.product`)."""
        domain, table = name.split(".")
        if domain != "retail":
            landed = self.plan["landed"][name]
            through = f"date '{landed['complete_through']}'" if landed["complete_through"] else "null::date"
            return f"(select *, {through} as complete_through from read_parquet({landed['paths']}))"
        if partition := self.plan["products"][table]["partition_by"]:
            return (
                f"read_parquet('{self.out}/{table}/**/*.parquet', hive_partitioning = true,"
                f" hive_types = {{'{partition}': date}})"
            )
        return f"read_parquet('{self.out}/{table}/part-0.parquet')"

    def dbt(self, *models: str) -> None:
        """Run models with the staging models that they read, in one invocation."""
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
        if not outcome.success:
            raise SystemExit(f"{outcome.exception} {[r.message for r in outcome.result or []]}")
        cursor = DuckDBConnectionManager.env().handle().cursor()
        queries = {r.node.name: r.node.compiled_code for r in outcome.result}
        own = {model: self._write(cursor, model, queries[model]) for model in models}
        DuckDBConnectionManager.close_all_connections()
        self._share_out(own, time.perf_counter() - started)

    def _write(self, cursor: Any, model: str, query: str) -> float:  # noqa: ANN401 - dbt's own cursor
        """Copy the rows of a model to Parquet, cast to the promised types; return the seconds that it took."""
        started = time.perf_counter()
        product = self.plan["products"][model]
        delivered = {name: kind for name, kind, *_ in cursor.execute(f"describe {query}\n").fetchall()}
        items = ", ".join(exact_cast(c["name"], delivered[c["name"]], c["type"]) for c in product["columns"])
        partition = product["partition_by"]
        target = self.out / model / ("" if partition else "part-0.parquet")
        options = f", partition_by ({partition}), overwrite_or_ignore true" if partition else ""
        cursor.execute(
            f"copy (select {items} from ({query}\n)) to '{target}' (format parquet, compression zstd{options})"
        )
        return time.perf_counter() - started

    def _share_out(self, own: dict[str, float], whole: float) -> None:
        """Return the seconds of a model's own write, plus an equal share of dbt's other time."""
        models = list(own)
        for model in models:
            self.seconds[model]["build"] = own[model] + (whole - sum(own.values())) / len(models)

    def _variables(self, models: Iterable[str]) -> dict[str, Any]:
        inputs = sorted({name for model in models for name in READS[model]})
        return {
            "delta_extension": self.plan["delta_extension"],
            "inputs": [
                {"schema": name.split(".")[0], "name": name.split(".")[1], "relation": self.relation(name)}
                for name in inputs
            ],
            "partitions": None,
        }

    def _arguments(self) -> list[str]:
        project, target = self.plan["dbt_project"], str(self.out.parent / "bare-dbt")
        return [
            *("--project-dir", project, "--profiles-dir", self.plan["profiles"]),
            *("--target-path", target, "--log-path", target),
            *("--log-level", "none", "--log-level-file", "none", "--quiet", "--no-use-colors"),
        ]

    def polars(self, product: str, transform: Callable[[], pl.LazyFrame]) -> None:
        """Sink a frame to Parquet, cast to the promised types."""
        folder = self.out / product
        folder.mkdir(parents=True)
        started = time.perf_counter()
        columns = self.plan["products"][product]["columns"]
        frame = transform()
        promised = frame.select(pl.col(c["name"]).cast(polars_type(c["type"])) for c in columns)
        sink = promised.sink_parquet(folder / "part-0.parquet", compression="zstd", engine="streaming", lazy=True)
        *_, lost = pl.collect_all(
            [sink, frame.select(lost_values(frame.collect_schema(), columns))], engine="streaming"
        )
        if any(lost.row(0)):
            raise SystemExit(f"{product}: casts lose values, {lost.row(0, named=True)}")
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
        return pl.scan_parquet(self.plan["landed"][name]["paths"])

    def rules(self, *products: str) -> None:
        """Check each product with its one query."""
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


def exact_cast(name: str, delivered: str, promised: str) -> str:
    """Return a select item that fails where the cast would change a value."""
    if delivered == promised:
        return name
    made = f"try_cast({name} as {promised})"
    lost = f"try_cast({made} as {delivered}) is distinct from {name}"
    return f"case when {lost} then error('{name} loses its value') else {made} end as {name}"


def lost_values(stored: pl.Schema, columns: Iterable[dict[str, str]]) -> list[pl.Expr]:
    """Count, for each column that is not of the promised type, the values that a cast there and back would change."""
    counts = [pl.lit(0).alias("none")]
    for column in columns:
        name, target = column["name"], polars_type(column["type"])
        if stored[name] != target:
            back = pl.col(name).cast(target, strict=False).cast(stored[name], strict=False)
            counts.append(back.ne_missing(pl.col(name)).sum().alias(name))
    return counts


def polars_type(name: str) -> pl.DataType:
    """Return the Polars type of a DuckDB type."""
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", name):
        return pl.Decimal(int(found[1]), int(found[2]))
    return pl.List(polars_type(name[:-2])) if name.endswith("[]") else POLARS[name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--notes", type=Path, required=True)
    arguments = parser.parse_args()
    os.environ["BANKMESH_DOMAIN"] = "retail"  # the dbt project requires it
    work = Bare(json.loads(arguments.plan.read_text(encoding="utf-8")))
    ready = time.perf_counter() - STARTED
    work.run()
    end = time.perf_counter() - STARTED
    notes = {"ready": ready, "end": end, "seconds": work.seconds, "broken": work.broken}
    arguments.notes.write_text(json.dumps(notes, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
