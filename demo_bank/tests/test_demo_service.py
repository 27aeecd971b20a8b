"""Complaints, calls, reviews, texts, intents: formats, quirks, and consistency with the customers."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from demo_bank.bank import make_bank
from demo_bank.interaction_texts import MOODS
from demo_bank.published_service import COMPLAINTS, RESPONSES, REVIEWS, SUBMITTED
from demo_bank.service_desk import make_complaints

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[[str], pl.DataFrame]

COMPLAINT = re.compile(
    r'\d\d-\d\d-20\d\d,(Bank account or service|Credit card),[^,]+,("[^"]+"|[^,"]+),'
    r"(Web|Referral|Phone|Postal mail|Fax|Email)"
    r",\d\d-\d\d-20\d\d,[^,]+,(Yes|No),CR\d{7},\d+\r\n"
)
CALL = re.compile(
    r"20\d\d-\d\d-\d\d,(CR\d{7}|NO_COMPLAINT),(\d+\.0|-1\.0),\d{10},(AA\d{4}|Unknown),"
    r"(\d+\.0|-1\.0),([012]|-1)\.0,"
    r"(PS|NW|NE|IN|TT|Unknown),(Agent|Hang|Phantom|Unknown),[A-Za-z_]+(,1900-01-01 \d\d:\d\d:\d\d){2},"
    r"0 days 00:\d\d:\d\d,20\d\d,\d{1,2},\d{1,2},[A-Z][a-z]+day,\d+\.0,\d{1,2},False,[01]\n"
)


def lines(exports: Path, name: str) -> list[str]:
    """Return the lines of one of the CRM's files, line ends included."""
    data = gzip.decompress((exports / f"retail_banking_demo/{name}.csv.gz").read_bytes())
    return data.decode("ascii").splitlines(keepends=True)


@pytest.fixture(scope="module")
def complaints(crm: Read) -> pl.DataFrame:
    """Return the complaints with their dates read day first."""
    return crm("crm_events").with_columns(
        pl.col("date_received", "date_sent_to_company").str.to_date("%d-%m-%Y"),
        pl.col("client_id").cast(pl.Int64),
    )


@pytest.fixture(scope="module")
def calls(crm: Read) -> pl.DataFrame:
    """Return the call log, every field as text."""
    return crm("crm_call_center_logs")


def test_complaints_are_written_as_the_service_desk_does(exports: Path) -> None:
    header, *rest = lines(exports, "crm_events")
    assert header == (
        "date_received,product,sub_product,issue,submitted_via,date_sent_to_company,company_response_to_consumer,"
        "timely_response,complaint_id,client_id\r\n"
    )
    assert [line for line in rest if not COMPLAINT.fullmatch(line)] == []


def test_complaints_are_as_many_as_published_and_of_known_clients(
    complaints: pl.DataFrame, core: Read
) -> None:
    assert complaints.height == round(COMPLAINTS * 0.03)
    assert complaints["complaint_id"].is_unique().all()
    known = core("client")["client_id"].cast(pl.Int64)
    assert complaints["client_id"].is_in(known.to_list()).all()
    assert str(complaints["date_received"].min()) >= "2013-01-01"
    assert str(complaints["date_received"].max()) <= "2018-12-31"
    shares = dict(complaints["submitted_via"].value_counts(normalize=True).iter_rows())
    assert shares["Web"] == pytest.approx(SUBMITTED["Web"] / COMPLAINTS, abs=0.01)


def test_some_complaints_are_dated_after_they_were_sent_on_or_before_the_account(
    complaints: pl.DataFrame, core: Read
) -> None:
    lag = (complaints["date_sent_to_company"] - complaints["date_received"]).dt.total_days()
    assert lag.min() == -1
    assert 0 < (lag == -1).mean() < 0.03  # type: ignore[operator]
    account = core("disp").join(core("account"), on="account_id")
    opened = account.select(
        pl.col("client_id").cast(pl.Int64),
        opened=("20" + (pl.col("date").cast(pl.Int64) - 800_000).cast(pl.String)).str.to_date("%Y%m%d"),
    )
    both = complaints.join(opened, on="client_id")
    early = both["date_received"] < both["opened"]
    assert 0 < early.mean() < 0.05  # type: ignore[operator]


def test_calls_are_written_as_the_call_centre_does(exports: Path) -> None:
    header, *rest = lines(exports, "crm_call_center_logs")
    assert header == (
        "date_received,complaint_id,rand_client,phonefinal,vru_line,call_id,priority,type,outcome,server,ser_start,"
        "ser_exit,ser_time,year,month,day,weekday,service_seconds,start_hour,service_outlier,agent_handled\n"
    )
    assert [line for line in rest if not CALL.fullmatch(line)] == []


def test_every_complaint_by_phone_has_one_call_of_its_client(
    calls: pl.DataFrame, complaints: pl.DataFrame, crm: Read
) -> None:
    about = calls.filter(pl.col("complaint_id") != "NO_COMPLAINT")
    assert about["complaint_id"].is_unique().all()
    by_phone = complaints.filter(pl.col("submitted_via") == "Phone")
    assert set(about["complaint_id"]) == set(by_phone["complaint_id"])
    both = about.join(complaints, on="complaint_id", suffix="_complaint")
    assert (both["rand_client"].cast(pl.Float64).cast(pl.Int64) == both["client_id"]).all()
    assert (both["date_received"].str.to_date() == both["date_received_complaint"]).all()
    phones = crm("completedclient").select(
        pl.col("client_id").str.slice(1).cast(pl.Int64), pl.col("phone").str.replace_all("-", "")
    )
    matched = both.join(phones, on="client_id")
    assert matched.height == both.height
    assert (matched["phone"] == matched["phonefinal"]).all()
    others = calls.filter(pl.col("complaint_id") == "NO_COMPLAINT")["phonefinal"]
    assert 0.8 < others.is_in(phones["phone"].to_list()).mean() < 1  # type: ignore[operator]


def test_unknown_is_said_in_the_call_centres_own_ways(calls: pl.DataFrame) -> None:
    without = calls.filter(pl.col("complaint_id") == "NO_COMPLAINT")
    assert set(without["rand_client"]) == {"-1.0"}
    unnumbered = calls.filter(pl.col("call_id") == "-1.0")
    assert set(unnumbered["complaint_id"]) == {"NO_COMPLAINT"}
    assert unnumbered.select("priority", "type", "outcome", "server", "vru_line").unique().rows() == [
        ("-1.0", "Unknown", "Unknown", "Unknown", "Unknown")
    ]
    assert calls.filter(pl.col("call_id") != "-1.0")["call_id"].is_unique().all()
    hung_up = calls.filter(pl.col("outcome") == "Hang")
    assert set(hung_up["server"]) == {"NO_SERVER"}


def test_derived_columns_of_the_log_agree_with_its_times(calls: pl.DataFrame) -> None:
    start, end = (calls[name].str.to_datetime("%Y-%m-%d %H:%M:%S") for name in ("ser_start", "ser_exit"))
    seconds = calls["service_seconds"].cast(pl.Float64).cast(pl.Int64)
    assert ((end - start).dt.total_seconds() == seconds).all()
    assert (start.dt.hour() == calls["start_hour"].cast(pl.Int8)).all()
    day = calls["date_received"].str.to_date()
    assert (day.dt.strftime("%A") == calls["weekday"]).all()
    assert (day.dt.year() == calls["year"].cast(pl.Int32)).all()
    assert ((calls["outcome"] == "Agent") == (calls["agent_handled"] == "1")).all()


def test_reviews_have_stars_and_mostly_no_text(crm: Read) -> None:
    reviews = crm("crm_reviews")
    assert reviews.columns == ["date", "stars", "reviews", "product", "district_id"]
    assert reviews.height == max(30, round(REVIEWS * 0.03))
    assert set(reviews["stars"]) >= {"5", "1"}
    silent = reviews["reviews"] == "No Review"
    assert 0.5 < silent.mean() < 0.7  # type: ignore[operator]
    assert {"5", "1"} <= set(reviews.filter(~silent)["stars"])
    assert reviews["district_id"].cast(pl.Int64).is_between(1, 77).all()


def test_texts_belong_to_interactions_and_some_hold_a_line_break(
    exports: Path, complaints: pl.DataFrame, calls: pl.DataFrame
) -> None:
    data = gzip.decompress(
        (exports / "retail_banking_demo/crm_interaction_texts.csv.gz").read_bytes()
    ).decode()
    header, *rows = csv.reader(io.StringIO(data, newline=""))
    assert header == ["interaction_id", "text"]
    numbers = calls["call_id"].cast(pl.Float64).cast(pl.Int64)
    known = {*complaints["complaint_id"], *(f"CALL-{number}" for number in numbers if number >= 0)}
    assert {key for key, _ in rows} <= known
    assert len({key for key, _ in rows}) == len(rows)
    assert any("\n" in text for _, text in rows)
    assert not any("{" in text for _, text in rows)


def test_moods_cover_every_response_and_are_likelihoods() -> None:
    assert set(MOODS) == set(RESPONSES)
    assert all(sum(likely) == pytest.approx(1) for likely in MOODS.values())


def test_customers_whose_income_moves_away_complain_more() -> None:
    bank = make_bank(scale=1, seed=5)
    complaints = make_complaints(bank, 1, 5)
    leavers = set(bank.population.accounts.owner[bank.habits.leaves < 72].tolist())
    by_leavers = sum(client in leavers for client in complaints.client.tolist())
    share = by_leavers / len(complaints)
    fair = len(leavers) / len(bank.population.clients)
    assert 1.05 < share / fair < 1.5


def test_the_intent_corpus(exports: Path) -> None:
    folder = exports / "banking77"
    names = json.loads((folder / "categories.json").read_text())
    assert len(set(names)) == len(names) == 12
    train, test = (pl.read_csv(folder / f"{part}.csv.gz") for part in ("train", "test"))
    for part in (train, test):
        assert part.columns == ["text", "category"]
        assert set(part["category"]) == set(names)
    assert set(test["category"].value_counts()["count"]) == {20}
    assert train["category"].value_counts()["count"].is_between(52, 70).all()
    # vague questions may have two intents, yet no text is in training and test data with the same intent
    both = pl.concat([train, test])
    assert both.is_unique().all()
    assert train["text"].str.contains("\n").any()
    assert (folder / "train.csv.gz").stat().st_size > 0
    assert gzip.decompress((folder / "train.csv.gz").read_bytes()).startswith(b"text,category\r\n")
