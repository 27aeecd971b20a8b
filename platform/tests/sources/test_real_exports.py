"""The real retail exports land whole, as the retail domain declares them."""

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


def frame(home, system: str, name: str) -> pl.DataFrame:
    return pl.read_parquet(current_landing(home, "retail", system, name).rows_path)


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
