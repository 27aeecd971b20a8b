"""Small frames in the types of contracts and source declarations, and trials of the domain's dbt models."""

import datetime as dt
import os
from importlib.resources import files
from pathlib import Path

import duckdb
import jinja2
import polars as pl
import pytest

from bankmesh.sources import land_object
from bankmesh.testing import samples_of
from bankmesh.testing.fixtures import build, contract, dbt_target, mesh_home, rows, trial
from investment.defs.market_prices.transform import market_prices

__all__ = ["build", "contract", "dbt_target", "mesh_home", "rows", "trial"]

DBT = Path(__file__).parents[3] / "dbt_project"
MONEY = files("bankmesh.products.dbt").joinpath("dbt_files", "macros", "money.sql").read_text(encoding="utf-8")

# Defaults of a row.
DEFAULTS = {
    "price_vendor.daily_price": {
        "ticker": "ACME",
        "open": 10,
        "high": 12,
        "low": 9,
        "close": 10,
        "volume": 100,
        "source_file": "all_stocks_5yr_vintage_2018-02.csv.gz",
    },
    "index_provider.constituent": {"company_name": "Acme Works", "source_file": "constituents_2018-02.csv"},
    "index_provider.membership": {"ticker": "ACME", "member_from": dt.date(2000, 1, 3)},
    "cboe.vix": {"day": dt.date(2017, 7, 3), "open": 15, "high": 17, "low": 14, "close": 16},
    "ecb.reference_rate": {"day": dt.date(2017, 7, 3), "usd": "1.1369"},
    "us_treasury.yield": {"day": dt.date(2017, 7, 3), "yield_percent": "2.35", "source_file": "DGS10.csv.gz"},
    "investment.market_prices": {
        "kind": "EQUITY",
        "instrument_id": "ACME",
        "unit": "USD",
        "close": 10,
        "flags": [],
        "restated": False,
        "restated_fields": [],
    },
    "investment.portfolio_holdings": {
        "portfolio_id": "13F-0000000001",
        "portfolio_name": "A FILER",
        "portfolio_kind": "FILER",
        "reporting_date": dt.date(2017, 12, 31),
        "instrument_id": "ACME",
        "ticker": "ACME",
        "instrument_class": "COM",
        "position_type": "SHARE",
        "unit": "SHARES",
        "quantity": 1,
        "reported_value": 100,
        "market_value": 100,
        "currency": "USD",
        "value_status": "KEPT",
    },
    "brokerage.trade": {
        "change": "INSERT",
        "trade_type": "MARKET_BUY",
        "is_cash": False,
        "symbol": "ACME",
        "quantity": 10,
        "bid_price": 5,
        "account_number": 1,
        "executor": "someone",
        "source_file": "Batch2/Trade.txt",
    },
    "sec_13f.holding": {
        "filer_name": "A FILER",
        "period": dt.date(2024, 12, 31),
        "accepted_at": dt.datetime(2025, 2, 14, 12, tzinfo=dt.UTC),
        "accession": "0000000001-25-000001",
        "name": "ACME INC",
        "issuer_id": "i0acme00",
        "title_of_class": "COM",
        "unit": "SHARES",
    },
    "sec_13f.filing_header": {
        "filer_name": "A FILER",
        "period": dt.date(2024, 12, 31),
        "page": 0,
        "pages": 1,
        "rows": 1,
        "total_positions": 1,
        "reported_long_value": 0,
        "accepted_at": dt.datetime(2025, 2, 14, 12, tzinfo=dt.UTC),
        "accessions": "0000000001-25-000001",
        "confidential_omitted": False,
    },
    "custodian.position": {
        "position_date": dt.date(2017, 7, 31),
        "custodian": "A Custodian",
        "account_number": 1,
        "party_id": 7,
        "symbol": "ACME",
        "price": 5,
        "currency": "USD",
    },
    "investment.trade_executions": {
        "trade_day": dt.date(2017, 7, 3),
        "account_number": 1,
        "symbol": "ACME",
        "trade_type": "MARKET_BUY",
        "side": "BUY",
        "status": "COMPLETED",
        "first_seen_at": dt.datetime(2017, 7, 3, 9, tzinfo=dt.UTC),
        "completed_at": dt.datetime(2017, 7, 3, 10, tzinfo=dt.UTC),
        "last_changed_at": dt.datetime(2017, 7, 3, 10, tzinfo=dt.UTC),
    },
}


SAMPLES = samples_of("investment", DEFAULTS)


@pytest.fixture(scope="session")
def samples():
    """Samples of the domain, with these defaults."""
    return SAMPLES


@pytest.fixture(scope="session")
def query():
    """`query("stg_brokerage__trade_changes", {"brokerage.trade": frame})`: rows of a dbt model, without dbt.

    A property test runs hundreds of queries; dbt takes half a second for each. Other tests cover what dbt adds.
    """
    return run_query


def run_query(model, frames):
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set TimeZone = 'UTC'")
    for name, frame in frames.items():
        connection.register(name, frame)
    return connection.execute(_rendered(model)).pl()


def _rendered(model):
    """The model's SQL with the models that it refers to in place, and inputs by their names."""
    (file,) = (DBT / "models" / "investment").glob(f"*/{model}.sql")
    template = jinja2.Environment(autoescape=False).from_string(MONEY + file.read_text(encoding="utf-8"))  # noqa: S701
    return template.render(
        source=lambda left, right: f'"{left}.{right}"',
        ref=lambda name: f"({_rendered(name)})",
        in_partitions=lambda _: "true",
    )


@pytest.fixture(scope="session")
def real_exports():
    """The folder of real exports; a test that uses it is skipped if there is none."""
    folder = Path(os.environ.get("BANKMESH_REALDATA") or Path(__file__).parents[3] / ".." / "shared" / "data").resolve()
    if not folder.is_dir():
        pytest.skip("no real exports here")
    return folder


@pytest.fixture(scope="session")
def real_landings(real_exports, tmp_path_factory):
    """`real_landings("cboe.vix")`: the real object, landed as declared, without a reject."""
    home, objects = tmp_path_factory.mktemp("landings"), {system.name: system for system in SAMPLES.domain.systems}

    def land(name):
        system, _, label = name.partition(".")
        landing = land_object(objects[system].object(label), real_exports, home, "investment")
        assert landing.rejects == 0
        return pl.scan_parquet(landing.rows_paths)

    return land


@pytest.fixture(scope="session")
def real_prices(real_landings):
    """market_prices of the real exports."""
    inputs = {
        "shares": "price_vendor.daily_price",
        "constituents": "index_provider.constituent",
        "membership": "index_provider.membership",
        "vix": "cboe.vix",
        "rates": "ecb.reference_rate",
        "yields": "us_treasury.yield",
    }
    return market_prices(**{name: real_landings(source) for name, source in inputs.items()}).collect(engine="streaming")
