"""The gate against one hand-written SQL query with the same rules, on transactions as Parquet.

    python bench/gate.py --rows 10000000 --repeats 5 --json

Both run on the same file, alternating, each in a process of its own after a warm-up run, so that imports and page cache
do not favour either. Prints medians in seconds, their ratio, and each process's peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from bankmesh.contracts.clause_rules import (
    DuplicateValues,
    InvalidValues,
    MissingValues,
    NullValues,
    RowCount,
    SchemaMatches,
    SqlMeasure,
)
from bankmesh.contracts.model import (
    Classification,
    Clause,
    Column,
    ColumnType,
    Comparison,
    Contract,
    Operator,
    Severity,
    Status,
)
from bankmesh.errors import Place

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Place("bench/gate.py", 1)
OPERATIONS = ("CREDIT_IN_CASH", "CREDIT_CARD_WITHDRAWAL", "WITHDRAWAL_IN_CASH", "REMITTANCE", "COLLECTION")

# Both keys are unique; `transaction_id` is a number in no particular order, `reference` a text.
GENERATE = """
copy (
    select
        (i * 7919) % {rows} as transaction_id,
        'TX' || lpad(((i * 104729) % {rows})::varchar, 10, '0') as reference,
        (hash(i) % 45000)::bigint as account_id,
        date '2015-01-01' + (i * 3650 // {rows})::integer as booked_on,
        case when hash(i + 1) % 10 < 4 then 'credit' else 'debit' end as direction,
        (1 + hash(i + 2) % 8000000 / 100)::decimal(12, 2) as amount,
        case when hash(i + 3) % 6 < 5
            then (['CREDIT_IN_CASH', 'CREDIT_CARD_WITHDRAWAL', 'WITHDRAWAL_IN_CASH', 'REMITTANCE', 'COLLECTION'])
                [1 + (hash(i + 3) % 6)::integer] end as operation,
        case when hash(i + 4) % 4 = 0 then chr((65 + hash(i) % 26)::integer) || chr((65 + hash(i + 9) % 26)::integer)
            end as counterparty_bank
    from range({rows}) as rows_(i)
) to '{file}' (format parquet, compression zstd)
"""

BY_HAND = """
select
    count(*),
    count_if(transaction_id is null),
    count({key}) - count(distinct {key}),
    count_if(account_id is null),
    count_if(account_id < 0),
    count_if(booked_on is null),
    count_if(booked_on < date '2015-01-01' or booked_on > date '2030-12-31'),
    count_if(direction is null),
    count_if(direction not in ('credit', 'debit')),
    count_if(amount is null),
    count_if(amount < 0 or amount > 100000),
    count_if(operation not in {operations}),
    count_if(operation is null or operation in ('', 'N/A')),
    count_if(not regexp_full_match(counterparty_bank, '[A-Z]{{2}}')),
    count_if(direction = 'credit' and operation = 'WITHDRAWAL_IN_CASH' and amount > 99999)
from {relation}
"""


def contract(key: str) -> Contract:
    """Return a contract with the rules of `BY_HAND`, and the schema."""
    long, text = ColumnType("long"), ColumnType("string")
    types = {
        "transaction_id": long,
        "reference": text,
        "account_id": long,
        "booked_on": ColumnType("date"),
        "direction": text,
        "amount": ColumnType("decimal", 12, 2),
        "operation": text,
        "counterparty_bank": text,
    }
    unusual = (
        "select count(*) from ${table}"
        " where direction = 'credit' and operation = 'WITHDRAWAL_IN_CASH' and amount > 99999"
    )
    rules: list[tuple[Any, Comparison | None]] = [
        (SchemaMatches(), None),
        (RowCount(), Comparison(Operator.GREATER, 0)),
        (NullValues("transaction_id"), None),
        (DuplicateValues((key,)), None),
        (NullValues("account_id"), None),
        (InvalidValues("account_id", minimum=0), None),
        (NullValues("booked_on"), None),
        (InvalidValues("booked_on", minimum="2015-01-01", maximum="2030-12-31"), None),
        (NullValues("direction"), None),
        (InvalidValues("direction", valid_values=("credit", "debit")), None),
        (NullValues("amount"), None),
        (InvalidValues("amount", minimum=0, maximum=100_000), None),
        (InvalidValues("operation", valid_values=OPERATIONS), None),
        (MissingValues("operation", (None, "", "N/A")), Comparison(Operator.LESS, 50, "percent")),
        (InvalidValues("counterparty_bank", pattern="[A-Z]{2}"), None),
        (SqlMeasure(unusual, None), Comparison(Operator.LESS, 100_000)),
    ]
    return Contract(
        domain="retail",
        name="transaction_history",
        version="1.0.0",
        status=Status.ACTIVE,
        product_type="source-aligned",
        owner="retail",
        purpose="benchmark",
        usage=None,
        limitations=None,
        granularity=None,
        table_description="",
        tags=(),
        columns=tuple(
            Column(name, kind, "", Classification.INTERNAL, False, None, None, (), (), HERE)  # noqa: FBT003
            for name, kind in types.items()
        ),
        clauses=tuple(
            Clause(f"clause_{n}", rule, comparison, Severity.ERROR, "", None, (), False, HERE)  # noqa: FBT003
            for n, (rule, comparison) in enumerate(rules)
        ),
        service_levels=(),
        support=(),
        roles=(),
        partitioning=None,
        custom={},
        file="bench",
        text="",
    )


def by_gate(relation: str, key: str) -> Callable[[], None]:
    """One evaluation of the contract."""
    from bankmesh.quality.gate import GateRelations, evaluate

    connection, promised = duckdb.connect(), contract(key)

    def run() -> None:
        result = evaluate(promised, GateRelations(relation), connection)
        if not result.publishable:
            broken = [found.message for found in result.results if found.outcome not in {"passed", "warned"}]
            raise SystemExit("\n".join(broken))

    return run


def by_hand(relation: str, key: str) -> Callable[[], None]:
    """The query."""
    connection = duckdb.connect()
    query = BY_HAND.format(relation=relation, key=key, operations=OPERATIONS)

    def run() -> None:
        connection.execute(query).fetchall()

    return run


def serve(kind: str, relation: str, key: str) -> None:
    """Run once for every line read, and print the seconds and the peak memory in MiB."""
    run = {"gate": by_gate, "sql": by_hand}[kind](relation, key)
    for _ in sys.stdin:
        started = time.perf_counter()
        run()
        seconds = time.perf_counter() - started
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


def measure(file: Path, key: str, repeats: int) -> dict[str, float]:
    """Return medians of both, alternating, after one warm-up run of each."""
    relation = f"read_parquet('{file}')"
    workers = {
        kind: subprocess.Popen(
            [sys.executable, __file__, "--serve", kind, "--relation", relation, "--key", key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for kind in ("gate", "sql")
    }
    seconds: dict[str, list[float]] = {kind: [] for kind in workers}
    memory = dict.fromkeys(workers, 0.0)
    for _ in range(repeats + 1):
        for kind, worker in workers.items():
            worker.stdin.write("run\n")
            worker.stdin.flush()
            took, peak = map(float, worker.stdout.readline().split())
            seconds[kind].append(took)
            memory[kind] = peak
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    gate, sql = (statistics.median(seconds[kind][1:]) for kind in ("gate", "sql"))
    return {
        "gate_seconds": round(gate, 3),
        "sql_seconds": round(sql, 3),
        "ratio": round(gate / sql, 2),
        "gate_first_seconds": round(seconds["gate"][0], 3),
        "gate_peak_mib": round(memory["gate"]),
        "sql_peak_mib": round(memory["sql"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", choices=("gate", "sql"), help=argparse.SUPPRESS)
    parser.add_argument("--relation", help=argparse.SUPPRESS)
    parser.add_argument("--key", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.relation, arguments.key)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "transactions.parquet"
        duckdb.connect().execute(GENERATE.format(rows=arguments.rows, file=file))
        found = {key: measure(file, key, arguments.repeats) for key in ("transaction_id", "reference")}
    document = {"rows": arguments.rows, "repeats": arguments.repeats, "unique_key": found}
    if arguments.json:
        print(json.dumps(document, indent=2))
        return
    for key, figures in found.items():
        print(f"unique {key}, {arguments.rows:,} rows: " + ", ".join(f"{k} {v}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
