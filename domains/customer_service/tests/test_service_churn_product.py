"""The product customer_churn_propensity over an invented bank: no later data is used, and every row has its reason."""

import datetime as dt
import random
from decimal import Decimal

import polars as pl
import pytest

from bankmesh.quality.gate import Outcome
from customer_service.churn.experiment import known_days, prepare
from customer_service.churn.features import FEATURES
from customer_service.churn.judging import best_single_feature, judge_churn
from customer_service.churn.model import learnable, train_churn
from customer_service.defs.customer_churn_propensity.transform import customer_churn_propensity

CUT, LAST = dt.date(1994, 6, 30), dt.date(1994, 10, 30)
PARTIES = range(1, 61)
JUDGED = ("party_id", "cut_off", "eligible", "reason", "score", "model_name", "model_version")
INTERACTIONS = "customer_service.customer_interaction_history"


@pytest.fixture(scope="module")
def bank(rows):
    """Frames by parameter: parties whose inflow is steady, or comes in bursts; 59 is new, 60 owns no account."""
    chance = random.Random(7)  # noqa: S311 - an invented bank
    bookings = [
        booked(party, dt.date(1993 + n // 12, n % 12 + 1, 1 + chance.randrange(27)), amount)
        for party in PARTIES[:-1]
        for n in range(22)
        if (amount := 1000 if party % 3 else chance.choice([0, 0, 0, 500, 9000])) and (party < 59 or n > 16)
    ]
    contacts = [
        {"party_id": chance.choice(PARTIES), "core_banking_date": LAST - dt.timedelta(days=chance.randrange(600))}
        for _ in range(80)
    ]
    accounts = [
        {"account_id": n, "owner_party_id": n, "opened_on": dt.date(1994, 6, 1) if n == 59 else dt.date(1993, 1, 1)}
        for n in PARTIES[:-1]
    ]
    ends = [
        booked(1, dt.date(1993, 1, 1), 1),
        booked(1, LAST, 1),
        booked(1, LAST + dt.timedelta(days=1), 1, done=False),
    ]
    return {
        "transactions": rows("retail.transaction_history", *bookings, *ends),
        "accounts": rows("retail.account", *accounts),
        "parties": rows("retail.party", *({"party_id": n} for n in PARTIES)),
        "interactions": rows(INTERACTIONS, *contacts),
    }


def booked(party, day, amount, *, done=True):
    return {
        "account_id": party, "booking_date": day, "booking_month": day.replace(day=1), "direction": "CREDIT",
        "operation": "CASH_DEPOSIT", "amount": Decimal(amount), "is_day_complete": done,
    }  # fmt: skip


def lazy(frames):
    return {name: frame.lazy() for name, frame in frames.items()}


def propensity(frames):
    return customer_churn_propensity(**lazy(frames)).collect()


def experiment(frames):
    return prepare(**lazy(frames), days=known_days(frames["transactions"].lazy()))


def scrambled(frames, seed):
    """The same bank, but rows after the cut-off are replaced, and some of them dropped or duplicated."""
    chance = random.Random(seed)  # noqa: S311 - an invented bank
    later = pl.col("booking_date") > CUT
    bookings = frames["transactions"]
    changed = [
        row
        | {
            "account_id": chance.choice(PARTIES),
            "amount": Decimal(chance.randrange(1, 10**6)),
            "direction": chance.choice(["CREDIT", "DEBIT"]),
            "category": chance.choice([None, "INTEREST", "PENSION"]),
            "operation": chance.choice([None, "TRANSFER_IN"]),
        }
        for row in bookings.filter(later).to_dicts()
        for _ in range(chance.randrange(3))
    ]
    # The day through which the export is complete stays the same, because the cut-off follows from it.
    ends = bookings.filter(pl.col("booking_date") >= LAST)
    day = pl.col("core_banking_date")
    contacts = frames["interactions"]
    later_contacts = contacts.filter(day > CUT).with_columns(
        pl.Series("party_id", [chance.choice(PARTIES) for _ in range(contacts.filter(day > CUT).height)])
    )
    opened = pl.DataFrame(
        [{"account_id": 900 + n, "owner_party_id": chance.choice(PARTIES), "opened_on": LAST} for n in range(30)],
        schema=frames["accounts"].select("account_id", "owner_party_id", "opened_on").schema,
    )
    return frames | {
        "transactions": pl.concat(
            [bookings.filter(~later), pl.DataFrame(changed, schema=bookings.schema), ends]
        ).sample(fraction=1, shuffle=True, seed=seed),
        "accounts": pl.concat([frames["accounts"], opened], how="diagonal"),
        "interactions": pl.concat([contacts.filter(day <= CUT), later_contacts, later_contacts]),
    }


@pytest.mark.parametrize("seed", range(4))
def test_nothing_after_the_cut_off_is_used(bank, seed):
    other = scrambled(bank, seed)
    before, after = experiment(bank), experiment(other)
    assert after.days == before.days
    assert after.training.equals(before.training)
    assert after.test.sort("party_id").equals(before.test.sort("party_id"))
    assert propensity(other).select(JUDGED).equals(propensity(bank).select(JUDGED))
    # The rows did change: the outcomes differ.
    assert not after.outcomes.sort("party_id").equals(before.outcomes.sort("party_id"))


def test_what_lies_before_the_cut_off_is_used(bank):
    fewer = pl.col("booking_date").is_between(dt.date(1994, 5, 1), CUT) & (pl.col("account_id") == 2)
    other = bank | {"transactions": bank["transactions"].filter(~fewer)}
    changed = propensity(other).filter(pl.col("party_id") == 2)
    assert changed["model_version"].to_list() == propensity(bank)["model_version"].unique().to_list()
    assert changed["score"].to_list() != propensity(bank).filter(pl.col("party_id") == 2)["score"].to_list()


def test_another_past_makes_another_version(bank):
    past = (pl.col("account_id") == 4) & (pl.col("booking_date") < dt.date(1994, 1, 1))
    doubled = pl.when(past).then(pl.col("amount") * 2).otherwise("amount").cast(bank["transactions"].schema["amount"])
    other = bank | {"transactions": bank["transactions"].with_columns(doubled.alias("amount"))}
    assert propensity(other)["model_version"][0] != propensity(bank)["model_version"][0]


def test_two_builds_from_the_same_rows_in_another_order_are_equal(bank):
    mixed = {name: frame.sample(fraction=1, shuffle=True, seed=5) for name, frame in bank.items()}
    assert propensity(mixed).equals(propensity(bank))


def test_the_contract_holds_and_every_party_has_a_score_or_a_reason(bank, contract, trial):
    found = trial(
        contract("customer_churn_propensity"),
        bank,
        transform=customer_churn_propensity,
        references={"retail.party": bank["parties"]},
    )
    assert found.broken == ()
    assert found.rows["party_id"].to_list() == list(PARTIES)
    assert found.rows["cut_off"].unique().to_list() == [CUT]
    assert found.rows["current_cut_off"].unique().to_list() == [LAST]
    reasons = dict(found.rows.select("party_id", "reason").iter_rows())
    assert (reasons[1], reasons[59], reasons[60]) == (None, "ACCOUNT_TOO_YOUNG", "OWNS_NO_ACCOUNT")
    bursts, steady = (
        found.rows.filter("eligible", (pl.col("party_id") % 3 == 0) == spiky)["score"].mean() for spiky in (True, False)
    )
    assert bursts > steady + 0.2


def test_without_enough_history_nobody_is_scored_and_the_reason_says_so(bank, contract, trial):
    short = bank | {"transactions": bank["transactions"].filter(pl.col("booking_date") <= dt.date(1994, 2, 28))}
    found = trial(
        contract("customer_churn_propensity"),
        short,
        transform=customer_churn_propensity,
        references={"retail.party": bank["parties"]},
    )
    assert found.publication is not None
    warned = [found.clause(name).outcome for name in ("somebody_is_scored", "scores_differ")]
    assert (found.broken, warned) == ((), [Outcome.WARNED, Outcome.WARNED])
    assert "HISTORY_TOO_SHORT" in found.rows["reason"].to_list()
    assert found.rows.filter("eligible").is_empty()
    assert found.rows.select("score", "current_score", "model_name", "model_version").null_count().row(0) == (60,) * 4


def test_without_a_complete_day_nothing_is_published(bank, contract, trial):
    never = bank | {"transactions": bank["transactions"].with_columns(is_day_complete=False)}
    found = trial(
        contract("customer_churn_propensity"),
        never,
        transform=customer_churn_propensity,
        references={"retail.party": bank["parties"]},
    )
    assert found.publication is None
    assert "has_rows" in found.broken


def test_a_handful_of_cases_teaches_nothing(bank):
    cases = experiment(bank).training
    few = pl.concat([cases.filter("attrition_followed").head(9), cases.filter(~pl.col("attrition_followed"))])
    assert learnable(cases)
    assert not learnable(few)
    assert train_churn(few) is None


def test_findings_compare_the_model_with_its_baselines(bank):
    made = experiment(bank)
    found = {row["metric"]: row for row in judge_churn(train_churn(made.training), made)}
    assert found["prevalence"]["value"] == pytest.approx(made.test_cases["attrition_followed"].mean(), abs=1e-6)
    assert found["prevalence"]["as_of"] == CUT
    assert found["auc"]["lower"] < found["auc"]["value"] < found["auc"]["upper"]
    assert found["auc_constant"]["value"] == 0.5
    fifths = [found[f"calibration_{n}_of_5"] for n in range(1, 6)]
    assert sum(row["cases"] for row in fifths) == found["auc"]["cases"] == made.test_cases.height
    assert found["one_off_share_of_attrition"]["value"] > found["one_off_share"]["value"]
    assert found["auc_with_one_off"]["cases"] + found["auc_without_one_off"]["cases"] == made.test_cases.height


def test_without_a_model_there_are_no_findings(bank):
    assert list(judge_churn(None, experiment(bank))) == []


def test_the_best_single_feature_may_mean_less_of_it(bank):
    cases = experiment(bank).training
    other = [name for name in FEATURES if name != "tenure_days"]
    turned = cases.with_columns(
        (1.0 - pl.col("attrition_followed").cast(pl.Float64)).alias("tenure_days"),
        *(pl.lit(0.0).alias(n) for n in other),
    )
    assert best_single_feature(turned) == ("tenure_days", -1)
