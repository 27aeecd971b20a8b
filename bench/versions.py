"""Cost of a port by the number of its versions: publishing, reading, queries of its history, expiry.

    python -m bench.versions --versions 10 100 1000

Prints CPU milliseconds of one call, in this process, the lowest of several, and of expiring all versions but the newest
once. Tables have one row; the metadata of a commit is as large as that of a product with 25 clauses.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from bankmesh import ports

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 7
SCHEMA = pa.schema([pa.field("id", pa.int64(), nullable=False)])
GATE = {
    "counts": {"passed": 25},
    "clauses": [{"name": f"column_{n}__required", "outcome": "passed", "said": "x" * 100} for n in range(25)],
}
LINEAGE = {"columns": [{"name": f"column_{n}", "from": ["retail.account.account_id"] * 5} for n in range(25)]}


def publish(port: ports.Port, number: int) -> ports.Publication:
    """Publish one more version of one row."""
    candidate = ports.stage(port)
    pl.DataFrame({"id": [number]}).write_parquet(candidate.path / "0.parquet")
    files = ports.measure_files(candidate, SCHEMA, None, ["id"])
    made = ports.Provenance(f"run-{number}", "1.0.0", "code", {"retail.account": number}, None, GATE, lineage=LINEAGE)
    return ports.publish(port, candidate, files, SCHEMA, replace=ports.ReplaceAll(), provenance=made)


def least(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the CPU milliseconds of the cheapest call."""
    found = []
    for _ in range(repeats):
        started = time.process_time()
        call()
        found.append(1000 * (time.process_time() - started))
    return round(min(found), 1)


def run(versions: int) -> dict[str, Any]:
    """Return all figures of a port with this number of versions."""
    from bankmesh.workspace.withdrawn_inputs import LogFacts, withdrawn_inputs

    with tempfile.TemporaryDirectory(prefix="bench-versions-") as name:
        home = Path(name)
        port = ports.port_at(home, "retail.party", 1)
        for number in range(versions):
            publish(port, number)
        found: dict[str, Any] = {
            "versions": versions,
            "latest": least(lambda: ports.latest(port)),
            "newest_good": least(lambda: ports.newest_good(port)),
            "volume_baseline": least(lambda: ports.volume_baseline(port)),
            "open_newest": least(lambda: ports.open_version(port)),
            "open_one_before": least(lambda: ports.open_version(port, versions - 2)),
            "status": least(lambda: (ports.latest(port), withdrawn_inputs(LogFacts(home), "retail.party"))),
            "withdrawals": least(lambda: ports.withdrawals(port)),
            "history": least(lambda: ports.read_history(port)),
            "publish": least(lambda: publish(port, versions)),
            "withdraw": least(lambda: ports.withdraw(port, _newest(port), by="bench", reason="bench"), 1),
        }
        soon = datetime.now(UTC) + timedelta(days=1)
        found["expire"] = least(
            lambda: ports.expire(port, keep_candidates=timedelta(1), retention=timedelta(0), now=soon), 1
        )
        return {**found, "load_average": round(os.getloadavg()[0], 1)}


def _newest(port: ports.Port) -> int:
    newest = ports.latest(port)
    return newest.version if newest else -1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", type=int, nargs="+", default=[10, 100, 1_000])
    print(json.dumps([run(count) for count in parser.parse_args().versions], indent=2))


if __name__ == "__main__":
    main()
