"""Small frames in the types of contracts and source declarations, and trials of the domain's products."""

import datetime as dt

import pytest

from bankmesh.testing import samples_of
from bankmesh.testing.fixtures import build, contract, dbt_target, mesh_home, rows, trial

__all__ = ["build", "contract", "dbt_target", "mesh_home", "rows", "trial"]

ONE_DAY = dt.date(2014, 5, 5)

# Defaults of a row.
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


SAMPLES = samples_of("customer_service", DEFAULTS)


@pytest.fixture(scope="session")
def samples():
    """Samples of the domain, with these defaults."""
    return SAMPLES
