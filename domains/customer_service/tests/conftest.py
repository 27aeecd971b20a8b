"""Small frames in the types of contracts and source declarations, and trials of the domain's products."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import customer_service
from bankmesh.catalog.contracts import find_contract, readable_contracts
from bankmesh.contracts.types import polars_schema, polars_type
from bankmesh.products.domain import read_domain
from bankmesh.testing import domain_contract
from bankmesh.testing.fixtures import dbt_target, mesh_home, trial

__all__ = ["dbt_target", "mesh_home", "trial"]

PACKAGE = Path(customer_service.__file__).parent
DOMAIN = read_domain(PACKAGE)
CONTRACTS = readable_contracts(PACKAGE.parents[3])

ONE_DAY = dt.date(2014, 5, 5)

# What a row holds where a test does not care.
DEFAULTS = {
    "service_desk.complaint": {
        "received_on": ONE_DAY,
        "product": "Credit card",
        "issue": "Late fee",
        "submitted_via": "WEB",
        "sent_on": ONE_DAY,
        "timely_response": True,
        "client_id": 1,
    },
    "service_desk.review": {"reviewed_on": ONE_DAY, "stars": 5, "product": "Mortgage", "district_id": 1},
    "call_centre.call": {
        "called_on": ONE_DAY,
        "phone": "2025550100",
        "start_time": dt.datetime(1900, 1, 1, 9, 0, tzinfo=dt.UTC),
        "end_time": dt.datetime(1900, 1, 1, 9, 1, tzinfo=dt.UTC),
        "service_seconds": 60,
    },
    "retail.party": {
        "gender": "MALE",
        "birth_date": dt.date(1960, 1, 1),
        "district_id": 1,
        "district_name": "Praha",
        "region": "Prague",
    },
    "retail.account": {
        "disponent_count": 0,
        "district_id": 1,
        "opened_on": dt.date(1993, 1, 1),
        "statement_frequency": "MONTHLY",
    },
}


@pytest.fixture(scope="session")
def contract():
    """The domain's contract of a name."""
    return lambda name: domain_contract("customer_service", name)


@pytest.fixture(scope="session")
def rows():
    """`rows("retail.party", {...}, {...})`: a frame in the declared types, with defaults for what a row leaves out."""
    return make_rows


@pytest.fixture
def build(trial):
    """`build("name", {"service_desk.complaint": [...]})`: the trial of a dbt model; inputs are rows or a frame."""

    def run(model, inputs, references=None, **options):
        frames = {name: _frame(name, given) for name, given in inputs.items()}
        known = {name: _frame(name, given) for name, given in (references or {}).items()}
        return trial(domain_contract("customer_service", model), frames, references=known, **options)

    return run


def make_rows(name, *given):
    schema = _schema(name)
    surplus = {key for row in given for key in row} - set(schema)
    assert not surplus, f"{name} has no {surplus}"
    full = [{key: (DEFAULTS.get(name, {}) | row).get(key) for key in schema} for row in given]
    return pl.DataFrame({key: _column(key, [row[key] for row in full], kind) for key, kind in schema.items()})


def _frame(name, given):
    return given if isinstance(given, pl.DataFrame) else make_rows(name, *given)


def _column(name, values, kind):
    if isinstance(kind, pl.Decimal):
        values = [None if value is None else Decimal(value) for value in values]
    return pl.Series(name, values).cast(kind)


def _schema(name):
    left, right = name.split(".")
    systems = {system.name: system for system in DOMAIN.systems}
    if left not in systems:
        return polars_schema(find_contract(CONTRACTS, name, None))
    columns = systems[left].object(right).columns
    return {column.name: polars_type(column.type) for column in columns} | {"complete_through": pl.Date()}
