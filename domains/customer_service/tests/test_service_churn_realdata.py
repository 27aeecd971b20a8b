"""Inflow attrition on the real exports, which are read and counted a second time in plain Python."""

import csv
import datetime as dt
import gzip
import os
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from customer_service.churn.cut_offs import cut_offs
from customer_service.churn.experiment import prepare
from customer_service.churn.judging import judge_churn
from customer_service.churn.model import train_churn
from customer_service.churn.scoring import scores

ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get("BANKMESH_REALDATA") or ROOT / ".." / "shared" / "data").resolve()
CORE = REAL / "berka_pkdd99"
AS_OF = dt.date(1994, 10, 30)
CUT_OFFS = {
    dt.date(1993, 9, 30): (304, 16),
    dt.date(1993, 12, 31): (562, 38),
    dt.date(1994, 2, 28): (752, 31),
    dt.date(1994, 6, 30): (1136, 53),
}
"""Eligible parties, and those of them with attrition."""

FIRST_DAY_OUT = {
    dt.date(1993, 9, 30): (dt.date(1993, 5, 30), dt.date(1994, 1, 30)),
    dt.date(1993, 12, 31): (dt.date(1993, 8, 31), dt.date(1994, 4, 30)),
    dt.date(1994, 2, 28): (dt.date(1993, 10, 28), dt.date(1994, 6, 28)),
    dt.date(1994, 6, 30): (dt.date(1994, 2, 28), dt.date(1994, 10, 30)),
}
"""The day before the window of inflow, and the last day of the outcome's."""

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not CORE.is_dir(), reason="no real exports here"),
]


def table(folder, name, delimiter):
    with gzip.open(folder / name, "rt", encoding="ascii", errors="replace", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


def day(text):
    return dt.date(1900 + int(text[:2]), int(text[2:4]), int(text[4:6]))


@pytest.fixture(scope="module")
def files():
    names = {"trans": "trans_first_99999", "account": "account", "disp": "disp", "client": "client"}
    return {name: table(CORE, f"{file}.asc.gz", ";") for name, file in names.items()}


@pytest.fixture(scope="module")
def made(files):
    """The experiment over frames as the input products publish them."""
    owners = {row["account_id"]: int(row["client_id"]) for row in files["disp"] if row["type"] == "OWNER"}
    operations = {"VKLAD": "CASH_DEPOSIT", "PREVOD Z UCTU": "TRANSFER_IN"}
    categories = {"UROK": "INTEREST", "DUCHOD": "PENSION"}
    bookings = [
        {
            "account_id": int(row["account_id"]),
            "booking_date": (booked := day(row["date"])),
            "booking_month": booked.replace(day=1),
            "direction": "CREDIT" if row["type"] == "PRIJEM" else "DEBIT",
            "operation": operations.get(row["operation"]),
            "category": categories.get(row["k_symbol"]),
            "amount": Decimal(row["amount"]),
        }
        for row in files["trans"]
    ]
    accounts = [
        {"account_id": int(r["account_id"]), "owner_party_id": owners[r["account_id"]], "opened_on": day(r["date"])}
        for r in files["account"]
    ]
    contacts = [
        {"party_id": int(row["client_id"]), "core_banking_date": dt.date(int(year) - 20, int(month), int(number))}
        for row in table(REAL / "retail_banking_demo", "crm_events.csv.gz", ",")
        for number, month, year in [row["date_received"].split("-")]
    ]
    transactions = pl.DataFrame(bookings, schema_overrides={"amount": pl.Decimal(18, 2)}, infer_schema_length=None)
    return prepare(
        transactions.lazy(),
        pl.LazyFrame(accounts),
        pl.LazyFrame({"party_id": [int(row["client_id"]) for row in files["client"]]}),
        pl.LazyFrame(contacts),
        cut_offs(transactions["booking_date"].min(), AS_OF),
    )


def test_the_cut_offs_are_those_of_the_definition(made):
    assert (*made.days.training, made.days.test) == tuple(CUT_OFFS)


def test_eligible_parties_and_outcomes_are_those_of_a_second_count(files, made):
    owners = {row["account_id"]: int(row["client_id"]) for row in files["disp"] if row["type"] == "OWNER"}
    opened = {row["account_id"]: day(row["date"]) for row in files["account"]}
    inflows = [
        (row["account_id"], day(row["date"]), Decimal(row["amount"]))
        for row in files["trans"]
        if row["type"] == "PRIJEM" and row["k_symbol"] != "UROK"
    ]
    cases = pl.concat([made.training, made.test_cases])
    for cut_off, (before_from, after_to) in FIRST_DAY_OUT.items():
        before, after = defaultdict(Decimal), defaultdict(Decimal)
        for account, booked, amount in inflows:
            if before_from < booked <= cut_off:
                before[account] += amount
            elif cut_off < booked <= after_to:
                after[account] += amount
        expected = {
            owners[account]: 2 * after[account] < inflow
            for account, inflow in before.items()
            if inflow and (cut_off - opened[account]).days >= 181
        }
        found = cases.filter(pl.col("cut_off") == cut_off).select("party_id", "attrition_followed")
        assert dict(found.iter_rows()) == expected
        assert (len(expected), sum(expected.values())) == CUT_OFFS[cut_off]


def test_the_model_foresees_attrition_better_than_its_baselines(made):
    model = train_churn(made.training)
    found = {row["metric"]: row for row in judge_churn(model, made)}
    assert found["prevalence"]["value"] == pytest.approx(53 / 1136, abs=1e-6)
    assert found["auc"]["value"] == pytest.approx(0.946, abs=0.005)
    assert (found["auc"]["lower"], found["auc"]["upper"]) == pytest.approx((0.928, 0.960), abs=0.006)
    assert found["auc"]["lower"] > found["auc_best_single_feature"]["value"] > 0.75
    assert found["brier"]["value"] < found["brier_constant"]["value"]
    assert found["mean_score"]["value"] == pytest.approx(found["prevalence"]["value"], abs=0.005)
    # Part of the signal is one-off deposits, and part is not.
    assert found["one_off_share_of_attrition"]["value"] > 5 * found["one_off_share"]["value"]
    assert found["auc_without_one_off"]["lower"] > 0.9


def test_every_client_has_a_score_or_a_reason(made):
    found = scores(made, train_churn(made.training))
    assert found.height == 5369
    assert dict(found["reason"].value_counts().iter_rows()) == {
        None: 1136, "OWNS_NO_ACCOUNT": 4009, "ACCOUNT_TOO_YOUNG": 221, "NO_INFLOW": 3,
    }  # fmt: skip
    assert found["score"].count() == 1136
    assert found["current_score"].count() == 1272
