"""The real exports land whole, as the domains declare them: Zstandard, Parquet, folders and patterns included."""

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from bankmesh.contracts.model import Classification
from bankmesh.sources import current_landing, land_object, read_systems

ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get("BANKMESH_REALDATA", ROOT / ".." / "shared" / "data")).resolve()
DECLARED = ROOT / "domains" / "retail" / "src" / "retail" / "sources"
OTHERS = {
    "investment": {
        "price_vendor.daily_price": 619_040,
        "index_provider.constituent": 503,
        "index_provider.membership": 1_230,
        "ecb.reference_rate": 6_983,
        "us_treasury.yield": 9 * 5_515,
        "cboe.vix": 9_235,
        "brokerage.trade": 570 + 546,
        "sec_13f.holding": 624_183,
        "sec_13f.filing_header": 847,
    },
    "customer_service": {
        "service_desk.complaint": 23_419,
        "service_desk.review": 504,
        "call_centre.call": 3_999,
        "cfpb.narrative": 3_947,
        "intents.train": 10_003,
        "intents.test": 3_080,
    },
}
"""Rows as the folders' own descriptions state them."""
PUBLISHED = {
    "core_banking.account": 4_500,
    "core_banking.client": 5_369,
    "core_banking.disp": 5_369,
    "core_banking.order": 6_471,
    "core_banking.loan": 682,
    "core_banking.card": 892,
    "core_banking.district": 77,
    "core_banking.trans": 99_999,
    "core_banking.card_purchase": 0,
    "core_banking.statement_payment": 0,
    "loans_host.loan": 0,
    "crm.client": 5_369,
    "crm.consent": 0,
}

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not (REAL / "berka_pkdd99").is_dir(), reason="no real exports here"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    for system in read_systems(DECLARED):
        for obj in system.objects:
            land_object(obj, REAL, home, "retail")
    return home


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Landings of the other domains' objects that the exports hold, by `system.object`."""
    home = tmp_path_factory.mktemp("others")
    declared = {domain: read_systems(ROOT / "domains" / domain / "src" / domain / "sources") for domain in OTHERS}
    objects = {
        f"{o.system}.{o.name}": (o, domain) for domain, many in declared.items() for s in many for o in s.objects
    }
    wanted = {name for counts in OTHERS.values() for name in counts}
    return {name: land_object(objects[name][0], REAL, home, objects[name][1]) for name in wanted}


def frame(home, system: str, name: str) -> pl.DataFrame:
    return pl.read_parquet(current_landing(home, "retail", system, name).rows_paths)


def test_every_object_lands_whole_without_a_reject(home):
    landings = {name: current_landing(home, "retail", *name.split(".")) for name in PUBLISHED}
    assert {name: (at.rows_in, at.rows, at.rejects) for name, at in landings.items()} == {
        name: (rows, rows, 0) for name, rows in PUBLISHED.items()
    }
    assert landings["core_banking.trans"].complete_through == dt.date(1994, 10, 30)
    assert all(at.complete_through is None for name, at in landings.items() if name != "core_banking.trans")
    declared = {f"{s.name}.{o.name}" for s in read_systems(DECLARED) for o in s.objects}
    assert declared == set(PUBLISHED)


def test_codes_read_as_published(home):
    counts = {
        ("core_banking", "disp", "disposition_type"): {"OWNER": 4500, "DISPONENT": 869},
        ("core_banking", "card", "card_type"): {"CLASSIC": 659, "JUNIOR": 145, "GOLD": 88},
        ("core_banking", "loan", "outcome"): {
            "FINISHED_OK": 203, "FINISHED_UNPAID": 31, "RUNNING_OK": 403, "RUNNING_IN_DEBT": 45,
        },
        ("crm", "client", "gender"): {"FEMALE": 2645, "MALE": 2724},
    }  # fmt: skip
    for (system, name, column), expected in counts.items():
        assert dict(frame(home, system, name)[column].value_counts().rows()) == expected


def test_missing_values_are_null(home):
    jesenik = frame(home, "core_banking", "district").row(68, named=True)
    assert jesenik["unemployment_percent_1995"] is None
    assert jesenik["crimes_1995"] is None
    assert jesenik["crimes_1996"] is not None
    bookings = frame(home, "core_banking", "trans")
    assert set(bookings["category"].unique()) >= {None, "INTEREST"}
    assert "" not in bookings["category"].to_list()
    interest = bookings.filter(pl.col("category") == "INTEREST")
    assert interest["operation"].null_count() == interest.height


def test_balances_agree_with_signed_amounts_where_the_export_is_complete(home):
    signed = pl.when(pl.col("direction") == "CREDIT").then("amount").otherwise(-pl.col("amount"))
    bookings = frame(home, "core_banking", "trans").with_columns(signed.alias("signed"))
    first = bookings.filter(pl.col("booking_date") == pl.col("booking_date").min().over("account_id"))
    opening = first.filter(pl.len().over("account_id") == 1)
    assert (opening["signed"] == opening["balance_after"]).all()
    assert bookings["amount"].min() == Decimal(0)
    assert bookings.schema["amount"] == pl.Decimal(14, 2)


def test_clients_of_both_systems_are_the_same(home):
    core = frame(home, "core_banking", "client")
    crm = frame(home, "crm", "client")
    assert set(core["client_id"]) == set(crm["client_id"])
    assert crm["postal_code"].str.len_chars().max() == 5


def test_what_identifies_people_is_restricted():
    classified = {c.name: c.classification for s in read_systems(DECLARED) for o in s.objects for c in o.columns}
    personal = ("birth_number", "birth_date", "national_id", "first_name", "last_name", "phone", "email", "address_1")
    assert {classified[name] for name in personal} == {Classification.RESTRICTED}


def test_every_object_of_the_other_domains_lands_whole_without_a_reject(others):
    expected = {name: rows for counts in OTHERS.values() for name, rows in counts.items()}
    assert {name: (at.rows_in, at.rows, at.rejects) for name, at in others.items()} == {
        name: (rows, rows, 0) for name, rows in expected.items()
    }


def test_zstandard_prices_hold_the_published_gaps(others):
    landing = others["price_vendor.daily_price"]
    [file] = landing.files
    assert (file.name, file.size) == ("all_stocks_5yr_vintage_2018-02.csv.zst", 8_422_029)
    prices = pl.read_parquet(landing.rows_paths)
    assert prices.select("open", "high", "low", "close", "volume").null_count().row(0) == (11, 8, 8, 0, 0)
    assert prices["ticker"].n_unique() == 505
    assert prices.n_unique(["ticker", "day"]) == prices.height
    assert prices["source_file"].unique().to_list() == [file.name]


def test_parquet_holdings_land_to_the_dollar(others):
    holdings = pl.read_parquet(others["sec_13f.holding"].rows_paths)
    berkshire = holdings.filter(pl.col("cik") == "0001067983").group_by("period").agg(pl.col("reported_value").sum())
    totals = dict(berkshire.rows())
    assert totals[dt.date(2024, 12, 31)] == 267_175_474_249
    assert totals[dt.date(2024, 9, 30)] == 266_378_900_503
    apple = holdings.filter(cik="0001067983", period=dt.date(2024, 12, 31), ticker="AAPL")
    assert apple["quantity"].sum() == 300_000_000
    assert holdings["unit"].value_counts().filter(unit="PRINCIPAL")["count"].to_list() == [4_621]
    assert holdings["ticker"].null_count() == 12_619


def test_a_heading_for_each_tenor_is_one_object(others):
    landing = others["us_treasury.yield"]
    yields = pl.read_parquet(landing.rows_paths)
    assert [file.name for file in landing.files] == sorted(yields["source_file"].unique())
    by_tenor = yields.group_by("source_file").agg(pl.len(), pl.col("yield_percent").null_count())
    assert set(by_tenor.drop("source_file").rows()) == {(5_515, 228)}
    first = yields.filter(pl.col("day") == dt.date(2005, 1, 3))
    found = dict(first.select("source_file", "yield_percent").rows())
    told = {"DGS3MO.csv.gz": "2.32", "DGS10.csv.gz": "4.23", "DGS30.csv.gz": "4.85"}
    assert {name: found[name] for name in told} == {name: Decimal(value) for name, value in told.items()}


def test_folders_of_one_object_are_told_apart(others):
    landing = others["brokerage.trade"]
    assert [file.name for file in landing.files] == ["Batch2/Trade.txt", "Batch3/Trade.txt"]
    trades = pl.read_parquet(landing.rows_paths)
    named = next(c.name for c in landing.columns if c.header == "")
    assert dict(trades[named].value_counts().rows()) == {"Batch2/Trade.txt": 570, "Batch3/Trade.txt": 546}


def test_rates_not_available_are_null(others):
    rates = pl.read_parquet(others["ecb.reference_rate"].rows_paths)
    first = rates.filter(pl.col("day") == dt.date(1999, 1, 4))
    assert first.select("usd", "jpy", "gbp", "czk").row(0) == tuple(
        Decimal(value) for value in ("1.1789", "133.73", "0.7111", "35.107")
    )
    assert first["bgn"].null_count() == 1
