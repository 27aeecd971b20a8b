"""A read under a decision against a bare scan of the same columns of the same version, and what each mask costs.

    python -m bench.governed_reads --millions 10 --repeats 5

Both read a port of one file for each million rows. They alternate, in an order that is reversed with each repetition;
a ratio is the median of bare seconds by governed seconds within a repetition, so that 1.0 is as fast as the bare scan.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from bankmesh import ports
from bankmesh.access.masks.mask_rules import parse_mask
from bankmesh.access.masks.pseudonyms import PseudonymKey
from bankmesh.access.model import AccessDecision, ColumnDecision, ColumnOutcome, Principal, RowFilter
from bankmesh.access.relations.governed_relation import GovernedRelation
from bankmesh.contracts.column_types import arrow_schema
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.testing.contract_builder import contract_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bankmesh.contracts.model import Contract

PORT = "bench.booking"
COLUMNS: dict[str, dict[str, Any]] = {
    "booking_id": {"logicalType": "integer", "primaryKey": True, "primaryKeyPosition": 1},
    "account_id": {"logicalType": "integer"},
    "booked_on": {"logicalType": "date"},
    "amount": {"logicalType": "number", "physicalType": "decimal(18,2)"},
    "kind": {"logicalType": "string"},
    "counterparty": {"logicalType": "string"},
    "consent": {"logicalType": "boolean"},
}
READ = tuple(COLUMNS)[:6]
CONSENT = '{"every":[{"forbid":[],"permit":[{".":{"attr":"consent","left":{"Var":"resource"}}}]}]}'
MASKED = {"booked_on": "generalise(month)", "amount": "generalise(round: 100)", "counterparty": "partial(last: 4)"}
PSEUDONYMS = {"account_id": "pseudonym"}


class NoRecord:
    """A recorder that costs nothing; the audit's cost is measured apart."""

    def begin(self, *_facts: object, **_more: object) -> NoRecord:
        """Return the read."""
        return self

    def record_refusals(self, *_facts: object) -> nullcontext[None]:
        """Return a block that nothing is done about."""
        return nullcontext()

    def end(self, rows: int, cancelled: bool) -> None:  # noqa: FBT001 - the protocol
        """Do nothing."""


class FixedKey:
    """A provider of one key."""

    def current_key(self) -> PseudonymKey:
        """Return it."""
        return PseudonymKey(1, bytes(32))


@dataclass(frozen=True)
class Bookings:
    """A published version."""

    contract: Contract
    opened: ports.OpenVersion

    def bare(self, columns: Sequence[str]) -> pl.LazyFrame:
        """Return a scan without a decision."""
        return self.opened.scan_polars().select(columns)

    def governed(self, columns: Sequence[str], masks: dict[str, str], condition: str = "") -> pl.LazyFrame:
        """Return a scan under a decision with these masks, which shows all other columns."""
        decisions = {name: _decide(name, masks.get(name)) for name in COLUMNS}
        row_filter = RowFilter(condition, frozenset({"consent"})) if condition else RowFilter()
        principal = Principal("bench", frozenset({"analyst"}))
        decision = AccessDecision(principal, PORT, "bench", decisions, row_filter, frozenset(), (), "p", "c")
        return GovernedRelation(decision, self.contract, self.opened, NoRecord(), FixedKey()).scan(columns)


def _decide(name: str, mask: str | None) -> ColumnDecision:
    if mask is None:
        return ColumnDecision(name, ColumnOutcome.SHOW)
    return ColumnDecision(name, ColumnOutcome.MASK, parse_mask(mask))


def publish(home: Path, millions: int) -> Bookings:
    """Publish a version of so many million rows, one file for each."""
    contract, faults = read_text("booking.odcs.yaml", contract_text(PORT, COLUMNS))
    if contract is None:
        raise SystemExit(str(faults))
    port = ports.port_at(home, PORT, 1)
    candidate = ports.stage(port)
    for number in range(millions):
        _rows(number).write_parquet(candidate.path / f"{number}.parquet")
    schema = arrow_schema(contract)
    files = ports.measure_files(candidate, schema, None, ["booking_id"])
    made = ports.Provenance("run", "1.0.0", "code", {}, None, {"counts": {"passed": 0}, "clauses": []})
    ports.publish(port, candidate, files, schema, replace=ports.ReplaceAll(), provenance=made)
    return Bookings(contract, ports.open_version(port))


def _rows(number: int, rows: int = 1_000_000) -> pl.DataFrame:
    ids = pl.int_range(number * rows, (number + 1) * rows, eager=True)
    mixed = ids.hash(seed=7)
    return pl.DataFrame(
        {
            "booking_id": ids,
            "account_id": (mixed % 500_000).cast(pl.Int64),
            "booked_on": pl.Series([date(1993, 1, 1)]).extend_constant(date(1993, 1, 1), rows - 1)
            + pl.Series(mixed % 2_000).cast(pl.Int64) * timedelta(days=1),
            "amount": (mixed % 10_000_000).cast(pl.Int64).cast(pl.Decimal(18, 2)),
            "kind": pl.Series(["credit", "debit", "cash", "fee"]).gather(mixed % 4),
            "counterparty": (mixed % 8_999_999_999 + 1_000_000_000).cast(pl.String),
            "consent": mixed % 10 != 0,
        }
    )


def seconds(frame: Callable[[], pl.LazyFrame]) -> float:
    """Return the wall seconds of a collect; the plan is made anew, as a reader does."""
    started = time.perf_counter()
    frame().collect()
    return time.perf_counter() - started


def contest(bare: Callable[[], pl.LazyFrame], governed: Callable[[], pl.LazyFrame], repeats: int) -> dict[str, float]:
    """Return the least seconds of both, and the median ratio."""
    times: dict[str, list[float]] = {"bare": [], "governed": []}
    for repetition in range(repeats + 1):
        pair = [("bare", bare), ("governed", governed)]
        for name, frame in pair if repetition % 2 else reversed(pair):
            times[name].append(seconds(frame))
    measured = {name: found[1:] for name, found in times.items()}  # the first warms the cache of files
    ratio = statistics.median(one / two for one, two in zip(measured["bare"], measured["governed"], strict=True))
    return {**{name: round(min(found), 3) for name, found in measured.items()}, "ratio": round(ratio, 2)}


def measure(bookings: Bookings, repeats: int) -> dict[str, dict[str, float]]:
    """Return the figures of all cases."""
    total = pl.col("account_id").sum()
    keep, few = pl.col("consent"), pl.col("booking_id").is_between(1_500_000, 1_500_999)
    scan, governed = bookings.opened.scan_polars, bookings.governed
    cases: dict[str, tuple[Callable[[], pl.LazyFrame], Callable[[], pl.LazyFrame]]] = {
        "six columns, all shown": (lambda: bookings.bare(READ), lambda: governed(READ, {})),
        "one column, summed": (
            lambda: bookings.bare(READ).select(total),
            lambda: governed(READ, {}).select(total),
        ),
        "groups of one column": (
            lambda: bookings.bare(READ).group_by("kind").agg(total),
            lambda: governed(READ, {}).group_by("kind").agg(total),
        ),
        "row filter (nine of ten rows)": (
            lambda: scan().filter(keep).select(READ),
            lambda: governed(READ, {}, CONSENT),
        ),
        "a thousand rows by key": (
            lambda: bookings.bare(READ).filter(few),
            lambda: governed(READ, {}).filter(few),
        ),
        "three masks": (lambda: bookings.bare(READ), lambda: governed(READ, MASKED)),
        "a pseudonym": (lambda: bookings.bare(READ), lambda: governed(READ, PSEUDONYMS)),
        **{
            f"{name}: {mask}": (
                lambda name=name: bookings.bare([name]),  # type: ignore[misc]
                lambda name=name, mask=mask: governed([name], {name: mask}),  # type: ignore[misc]
            )
            for name, mask in (MASKED | PSEUDONYMS).items()
        },
    }
    return {name: contest(bare, governed, repeats) for name, (bare, governed) in cases.items()}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-reads-") as home:
        bookings = publish(Path(home), arguments.millions)
        before = os.getloadavg()[0]
        found: dict[str, Any] = {"millions": arguments.millions, "peak MiB before": _peak()}
        bookings.governed(READ, MASKED).select(pl.all().null_count()).collect()
        found["peak MiB of a streamed read"] = _peak()
        found |= measure(bookings, arguments.repeats)
        found["load average"] = [round(before, 1), round(os.getloadavg()[0], 1)]
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
