"""Benchmark of the audit log: what its two records cost a read, and how fast it is verified and queried.

    python -m bench.audit                    a product of ten million rows; figures of one row and of all
    python -m bench.audit --rows 1000000

Prints CPU microseconds of the process, threads included, and the share of a read: medians of rounds in which reads with
and without records take turns. Without records, the same rows are read by the same plan.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.audit_query import EntryFilter, query_log
from bankmesh.access.audit.log_verification import verify_log
from bankmesh.access.model import AccessDecision, ColumnDecision, ColumnOutcome, Principal, RowFilter
from bankmesh.ports import OpenVersion, Provenance, ReplaceAll, measure_files, open_version, port_at, publish, stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.access.audit.read_recorder import AuditedReads

COLUMNS = ("id", "branch", "amount", "text")
SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("branch", pa.int64()),
        pa.field("amount", pa.float64()),
        pa.field("text", pa.string()),
    ]
)
STATEMENT = "select branch, sum(amount) as total from product where id = 4711 group by branch"
RECORDS = 2_000
SMALL_READS = 100
ROUNDS = 7


def make_version(home: Path, rows: int) -> OpenVersion:
    """Publish a product of so many rows."""
    port = port_at(home, "bench.booking", 1)
    candidate = stage(port)
    numbers = pl.int_range(rows, dtype=pl.Int64, eager=True)
    frame = pl.DataFrame(
        {"id": numbers, "branch": numbers % 97, "amount": numbers / 7.0, "text": numbers.cast(pl.String)}
    )
    frame.write_parquet(candidate.path / "0.parquet", row_group_size=100_000)
    provenance = Provenance("run", "1.0.0", "code", {}, None, {"counts": {"passed": 1}})
    files = measure_files(candidate, SCHEMA, None, SCHEMA.names)
    publish(
        port, candidate, files, SCHEMA, replace=ReplaceAll(), provenance=provenance, description="Bookings.",
    )  # fmt: skip
    return open_version(port)


def decision() -> AccessDecision:
    """Return a decision that shows every column."""
    columns = {name: ColumnDecision(name, ColumnOutcome.SHOW) for name in COLUMNS}
    reader = Principal("bench", frozenset({"analyst"}), {}, "mesh", "bankmesh-development")
    return AccessDecision(
        reader, "bench.booking", "analytics", columns, RowFilter(), frozenset(), (), "p" * 64, "c" * 64
    )


def cpu_seconds(work: Callable[[], object], times: int) -> float:
    """Return the CPU seconds of the process for one call."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def contest(bare: Callable[[], object], recorded: Callable[[], object], times: int) -> dict[str, float]:
    """Return CPU microseconds of both, and the median of their ratios, in turns."""
    bare(), recorded()
    found = []
    for turn in range(ROUNDS):
        pair = [(0, bare), (1, recorded)]
        taken = {which: cpu_seconds(work, times) for which, work in (pair if turn % 2 else pair[::-1])}
        found.append((taken[0], taken[1]))
    return {
        "bare_us": round(statistics.median(first for first, _ in found) * 1e6, 1),
        "recorded_us": round(statistics.median(second for _, second in found) * 1e6, 1),
        "ratio": round(statistics.median(second / first for first, second in found), 3),
    }


def record_cost(recorder: AuditedReads, **options: Any) -> float:  # noqa: ANN401 - arguments of `begin`
    """Return the CPU microseconds of the two records of a read: the least of some rounds."""

    def both() -> None:
        recorder.begin(["branch", "amount"], "sql", **options).end(1, cancelled=False)

    both()
    return round(min(cpu_seconds(both, RECORDS) for _ in range(ROUNDS)) * 1e6, 1)


def wall_cost(recorder: AuditedReads) -> dict[str, float]:
    """Return median and 99th percentile of the wall microseconds of the two records."""
    taken = []
    for _ in range(RECORDS):
        started = time.perf_counter()
        recorder.begin(["branch", "amount"], "scan").end(1, cancelled=False)
        taken.append((time.perf_counter() - started) * 1e6)
    return {"median": round(statistics.median(taken), 1), "p99": round(sorted(taken)[int(0.99 * RECORDS)], 1)}


def measure(home: Path, rows: int) -> dict[str, Any]:
    """Return all figures."""
    opened = make_version(home, rows)
    subjects = {"id": "party"}
    recorder = AuditLog(home, strict=False).recorder_for(decision(), opened, subjects=subjects)
    strict = AuditLog(home, strict=True).recorder_for(decision(), opened, subjects=subjects)

    def one_row() -> int:
        return opened.scan_polars().filter(pl.col("id") == rows // 2).select("branch", "amount").collect().height

    def all_rows() -> int:
        return opened.scan_polars().select("branch", "amount").collect().height

    def recorded(read: Callable[[], int]) -> Callable[[], None]:
        def both() -> None:
            begun = recorder.begin(["branch", "amount"], "scan", lookups={"id": [rows // 2]})
            begun.end(read(), cancelled=False)

        return both

    def first_read() -> float:
        close_chains()
        started = time.perf_counter()
        recorder.begin(["branch"], "scan").end(1, cancelled=False)
        return round((time.perf_counter() - started) * 1e3, 1)

    found: dict[str, Any] = {
        "rows": rows,
        "first_read_of_a_home_wall_ms": first_read(),
        "first_read_of_a_process_wall_ms": statistics.median(first_read() for _ in range(ROUNDS)),
    }
    found["records_us"] = {
        "scan": record_cost(recorder),
        "scan with a lookup": record_cost(recorder, lookups={"id": [4711]}),
        "sql": record_cost(recorder, statement=STATEMENT),
        "strict": record_cost(strict),
    }
    found["records_wall_us"] = {"grouped": wall_cost(recorder), "strict": wall_cost(strict)}
    found["one_row"] = contest(one_row, recorded(one_row), SMALL_READS)
    found["all_rows"] = contest(all_rows, recorded(all_rows), 1)
    started = time.perf_counter()
    close_chains()
    found["close_wall_ms"] = round((time.perf_counter() - started) * 1e3, 1)
    records = sum(chain.records for chain in verify_log(home).chains)
    found["records"] = records
    found["verify_records_per_s"] = round(records / cpu_seconds(lambda: verify_log(home), 1))
    found["query_records_per_s"] = round(records / cpu_seconds(lambda: query_log(home, EntryFilter()), 1))
    found["bytes_per_read"] = round(sum(file.stat().st_size for file in home.glob("audit/*/*")) / (records / 2))
    return found


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        json.dump(measure(Path(folder), rows), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
