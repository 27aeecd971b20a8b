"""The real brokerage files: landed as declared, and every trade folded a second time from the raw lines."""

import datetime as dt
import os
import shutil
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from bankmesh.sources import land_object, read_systems
from bankmesh.testing import domain_contract
from bankmesh.testing.trials import try_product

ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get("BANKMESH_REALDATA") or ROOT / ".." / "shared" / "data").resolve()
FILES = REAL / "tpcdi_sf3_sample"
MODEL = "trade_executions"
STATUSES = {"PNDG": "PENDING", "SBMT": "SUBMITTED", "CMPT": "COMPLETED", "CNCL": "CANCELED"}
BUYS = {"TMB", "TLB"}

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FILES.is_dir(), reason="no real exports here"),
]


def land(exports, home):
    declared = read_systems(ROOT / "domains" / "investment" / "src" / "investment" / "sources")
    (brokerage,) = (system for system in declared if system.name == "brokerage")
    landing = land_object(brokerage.object("trade"), exports, home, "investment")
    assert landing.rejects == 0
    return pl.read_parquet(landing.rows_paths)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    home = tmp_path_factory.mktemp("trades")
    landed = land(REAL, home)
    trial = try_product(domain_contract("investment", MODEL), {"brokerage.trade": landed}, home=home)
    return SimpleNamespace(landed=landed, trial=trial, rows=trial.rows)


@pytest.fixture(scope="module")
def raw():
    """Changes by trade, in the order of their sequence, from the files' own bytes."""
    by_trade = defaultdict(list)
    for file in sorted(FILES.glob("Batch*/Trade.txt")):
        for line in file.read_bytes().decode("ascii").split("\r\n")[:-1]:
            flag, sequence, trade, at, status, kind, _, _, quantity, _, account, _, price, *_ = line.split("|")
            at = dt.datetime.strptime(f"{at}+0000", "%Y-%m-%d %H:%M:%S%z")
            price = Decimal(price) if price else None
            change = (int(sequence), flag, at, STATUSES[status], kind in BUYS, int(quantity), int(account), price)
            by_trade[int(trade)].append(change)
    return {trade: sorted(changes) for trade, changes in by_trade.items()}


def test_the_files_land_whole(made):
    assert dict(made.landed.group_by("source_file").len().rows()) == {"Batch2/Trade.txt": 570, "Batch3/Trade.txt": 546}
    assert Counter(made.landed["change"]) == {"INSERT": 428, "UPDATE": 688}


def test_sequences_of_the_later_file_lie_between_those_of_the_earlier_one(made):
    """Show why no read position is kept."""
    span = {row[0]: row[1:] for row in made.landed.group_by("source_file").agg(
        pl.col("sequence").min().alias("first"), pl.col("sequence").max().alias("last")).rows()}  # fmt: skip
    (first, last), (later, _) = span["Batch2/Trade.txt"], span["Batch3/Trade.txt"]
    assert first < later < last


def test_every_trade_is_published_and_the_contract_holds(made, raw):
    assert made.trial.broken == ()
    assert all(result.outcome.value == "passed" for result in made.trial.gate.results)
    assert made.rows.height == len(raw) == 686
    assert Counter(made.rows["status"]) == {"COMPLETED": 426, "PENDING": 235, "CANCELED": 24, "SUBMITTED": 1}
    assert dict(made.rows.group_by("trade_day").len().rows()) == {dt.date(2017, 7, 8): 352, dt.date(2017, 7, 9): 334}
    assert Counter(made.rows["is_opening_known"]) == {True: 428, False: 258}


def test_every_trade_is_as_folded_from_its_lines(made, raw):
    names = (
        "trade_id", "status", "side", "quantity", "account_number", "trade_price", "first_seen_at", "last_changed_at",
        "change_count", "pending_at", "submitted_at", "completed_at", "canceled_at",
    )  # fmt: skip
    for trade, *found in made.rows.select(names).rows():
        changes = raw[trade]
        first, last = changes[0], changes[-1]
        reached = {change[3]: change[2] for change in reversed(changes)}
        side = "BUY" if last[4] else "SELL"
        assert found[:6] == [last[3], side, last[5], last[6], last[7], first[2]]
        assert found[6:] == [last[2], len(changes), *(reached.get(status) for status in STATUSES.values())]


def test_the_files_sent_again_and_out_of_order_change_nothing(made, tmp_path):
    exports = tmp_path / "exports"
    for batch, sent in (("Batch2", "Batch3"), ("Batch3", "Batch2"), ("Batch4", "Batch3")):
        (exports / "tpcdi_sf3_sample" / batch).mkdir(parents=True)
        shutil.copy(FILES / sent / "Trade.txt", exports / "tpcdi_sf3_sample" / batch)
    landed = land(exports, tmp_path / "home")
    assert landed.height == 570 + 546 + 546
    again = try_product(domain_contract("investment", MODEL), {"brokerage.trade": landed}, home=tmp_path / "home")
    assert again.rows.sort("trade_id").equals(made.rows.sort("trade_id"))
