"""Cost of the row filters of policies against the same filters written by hand, on rows in memory.

    python -m bench.row_filters --rows 10000000

Prints CPU milliseconds of selecting one column of the permitted rows, the lowest of several. Each column is null in one
row of some; both filters select the same rows.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import cedarpy
import polars as pl

from bankmesh.access.row_filters.filter_compiler import PartialResult, compile_residuals
from bankmesh.access.row_filters.filter_translation import filter_expression
from bankmesh.access.row_filters.residual_conditions import RowType
from bankmesh.contracts.model import ColumnType

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 9
SMALL = 1000
COLUMNS = {
    "name": ColumnType("string"),
    "number": ColumnType("long"),
    "blocked": ColumnType("boolean"),
    "opt_in": ColumnType("boolean"),
    "amount": ColumnType("decimal", 12, 2),
    "day": ColumnType("date"),
}
PERMIT, FORBID = (f'{effect}(principal, action == Action::"read", resource)' for effect in ("permit", "forbid"))
CASES = {
    "opt-in": (f"{PERMIT} when {{ resource.opt_in }};", pl.col("opt_in")),
    "text": (f'{PERMIT} when {{ resource.name == "n7" }};', pl.col("name") == "n7"),
    "permit and two forbids": (
        (
            f"{PERMIT} when {{ resource.opt_in }}; {FORBID} when {{ resource.blocked }};"
            f'{FORBID} when {{ resource.amount.greaterThan(decimal("50000.0")) }};'
        ),
        pl.col("opt_in") & ~pl.col("blocked") & (pl.col("amount") <= Decimal("50000.00")),
    ),
    "has, or, date": (
        f'{PERMIT} when {{ (resource has name && resource.name == "n7") || resource.day < datetime("2021-01-01") }};',
        (pl.col("name") == "n7").fill_null(value=False) | (pl.col("day") < date(2021, 1, 1)),
    ),
    "set, unless": (
        f'{PERMIT} when {{ ["n1", "n2", "n3"].contains(resource.name) }} unless {{ resource.number < {SMALL} }};',
        pl.col("name").is_in(["n1", "n2", "n3"]) & ~(pl.col("number") < SMALL),
    ),
    "like": (f'{PERMIT} when {{ resource.name like "n7*" }};', pl.col("name").str.starts_with("n7")),
}


def draw_rows(count: int) -> pl.DataFrame:
    """Return rows whose columns have nulls at different distances."""
    key = pl.col("key")
    return pl.select(key=pl.int_range(count)).with_columns(
        name=pl.when(key % 7 != 0).then(pl.lit("n") + (key % 1000).cast(pl.String)),
        number=pl.when(key % 11 != 0).then(key),
        blocked=pl.when(key % 5 != 0).then(key % 3 == 0),
        opt_in=pl.when(key % 13 != 0).then(key % 2 == 0),
        amount=pl.when(key % 17 != 0).then((key % 100_000).cast(pl.Decimal(12, 2))),
        day=pl.when(key % 19 != 0).then(date(2020, 1, 1) + pl.duration(days=key % 2000)).cast(pl.Date),
    )


def compile_filter(policies: str) -> pl.Expr:
    """Return the filter that Cedar leaves of policies when it does not know the row."""
    request = {"principal": 'Reader::"alice"', "action": 'Action::"read"', "resource": None, "context": {}}
    found = cedarpy.is_authorized_partial(request, policies, "[]")
    row_filter = compile_residuals([PartialResult(found.residuals, found.diagnostics.errors)], RowType("Row", COLUMNS))
    return filter_expression(row_filter, COLUMNS)


def cpu_milliseconds(call: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    begin = time.process_time()
    call()
    return (time.process_time() - begin) * 1000


def main() -> None:
    """Print a table of the cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = draw_rows(parser.parse_args().rows).lazy()
    print("| filter | rows | by hand, ms | by policy, ms | ratio |\n| --- | --- | --- | --- | --- |")
    for name, (policies, by_hand) in CASES.items():
        queries = [rows.filter(each).select("key") for each in (by_hand, compile_filter(policies))]
        counts = [query.collect().height for query in queries]
        if counts[0] != counts[1]:
            raise SystemExit(f"{name}: the filters select {counts} rows")
        times = zip(*([cpu_milliseconds(query.collect) for query in queries] for _ in range(REPEATS)), strict=True)
        hand, policy = (min(each) for each in times)
        print(f"| {name} | {counts[0]:,} | {hand:.0f} | {policy:.0f} | {policy / hand:.2f} |", flush=True)


if __name__ == "__main__":
    main()
