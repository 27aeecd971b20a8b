"""Exports of the service desk and the call centre are read as written, day first and with their own codes."""

import datetime as dt
import gzip
from pathlib import Path

import polars as pl
import pytest

import customer_service
from bankmesh.sources import land_object, read_systems

DOMAIN = "customer_service"
FOLDER = "retail_banking_demo"

COMPLAINTS = (
    b"date_received,product,sub_product,issue,submitted_via,date_sent_to_company,company_response_to_consumer,"
    b"timely_response,complaint_id,client_id\r\n"
    b'03-07-2014,Credit card,N/A,"Making, or receiving payments",Postal mail,09-07-2014,Closed without relief,No,'
    b"CR0922485,1925\r\n"
    b"31-12-2014,Credit card,Loan account,Other,Web,31-12-2014,In progress,Yes,CR0922486,7\r\n"
)
CALLS = (
    b"date_received,complaint_id,rand_client,phonefinal,vru_line,call_id,priority,type,outcome,server,ser_start,ser_exit,"
    b"ser_time,year,month,day,weekday,service_seconds,start_hour,service_outlier,agent_handled\n"
    b"2017-03-27,CR2406263,4587.0,2025550100,AA0103,34536.0,2.0,NW,Agent,MIA,1900-01-01 13:34:11,1900-01-01 13:40:23,"
    b"0 days 00:06:12,2017,3,27,Monday,372.0,13,False,1\n"
    b"2017-03-28,NO_COMPLAINT,-1.0,2025550101,Unknown,-1.0,-1.0,Unknown,Unknown,Unknown,1900-01-01 09:00:00,"
    b"1900-01-01 09:00:05,0 days 00:00:05,2017,3,28,Tuesday,5.0,9,False,0\n"
    b"2017-03-28,NO_COMPLAINT,-1.0,2025550101,AA0103,34537.0,0.0,PE,Hang,NO_SERVER,1900-01-01 09:00:00,"
    b"1900-01-01 09:00:05,0 days 00:00:05,2017,3,28,Tuesday,5.0,9,False,0"
)
REVIEWS = (
    b"date,stars,reviews,product,district_id\r\n"
    b"2017-10-04,5,No Review,Eagle Capital,65\r\n"
    b'2017-10-05,1,"First line\n\nsaid ""never again"".\xc2\xa0",Eagle Capital,1\r\n'
)
TEXTS = b'interaction_id,text\nCR0922485,"It took two letters,\nand nobody called."\nCALL-34536,Thanks\n'


@pytest.fixture
def landed(tmp_path):
    """`landed("service_desk", "complaint", b"...")`: landing and rows of one object from the bytes of its export."""

    def run(system, name, written):
        files = {"complaint": "crm_events", "call": "crm_call_center_logs", "review": "crm_reviews"}
        exports = tmp_path / "exports"
        (exports / FOLDER).mkdir(parents=True, exist_ok=True)
        if written is not None:
            stem = files.get(name, "crm_interaction_texts")
            (exports / FOLDER / f"{stem}.csv.gz").write_bytes(gzip.compress(written))
        declared = {s.name: s for s in read_systems(Path(customer_service.__file__).parent / "sources")}
        landing = land_object(declared[system].object(name), exports, tmp_path / "mesh", DOMAIN)
        return landing, pl.read_parquet(landing.rows_paths).to_dicts()

    return run


def test_complaints_are_dated_day_first(landed):
    landing, rows = landed("service_desk", "complaint", COMPLAINTS)
    assert (landing.rows, landing.rejects) == (2, 0)
    assert rows[0] == {
        "received_on": dt.date(2014, 7, 3), "product": "Credit card", "sub_product": None,
        "issue": "Making, or receiving payments", "submitted_via": "POSTAL_MAIL", "sent_on": dt.date(2014, 7, 9),
        "company_response": "CLOSED_WITHOUT_RELIEF", "timely_response": False, "complaint_id": "CR0922485",
        "client_id": 1925,
    }  # fmt: skip
    assert rows[1]["received_on"] == dt.date(2014, 12, 31)


@pytest.mark.parametrize("wrong", [b"12-31-2014", b"2014-12-31", b"31.12.2014", b"1-12-2014"])
def test_a_complaint_dated_in_another_way_is_refused(landed, wrong):
    landing, rows = landed("service_desk", "complaint", COMPLAINTS.replace(b"\n31-12-2014", b"\n" + wrong))
    assert (landing.rows, landing.rejects, landing.acceptable) == (1, 1, False)
    assert [row["complaint_id"] for row in rows] == ["CR0922485"]


def test_every_word_of_the_call_log_for_nothing_is_null(landed):
    landing, (known, unknown, gave_up) = landed("call_centre", "call", CALLS)
    assert (landing.rows, landing.rejects) == (3, 0)
    assert {
        "complaint_id": "CR2406263", "client_id": 4587, "call_id": 34536, "priority": 2, "service_type": "PROSPECT",
        "outcome": "AGENT", "agent": "MIA", "line": "AA0103", "service_seconds": 372, "agent_handled": True,
        "start_time": dt.datetime(1900, 1, 1, 13, 34, 11, tzinfo=dt.UTC),
    }.items() <= known.items()  # fmt: skip
    nothing = ("complaint_id", "client_id", "line", "call_id", "priority", "service_type", "outcome", "agent")
    assert [unknown[name] for name in nothing] == [None] * len(nothing)
    assert (gave_up["outcome"], gave_up["agent"], gave_up["client_id"], gave_up["call_id"]) == (
        "HUNG_UP",
        None,
        None,
        34537,
    )


def test_reviews_hold_paragraphs_and_no_review_is_no_text(landed):
    landing, rows = landed("service_desk", "review", REVIEWS)
    assert (landing.rows, landing.rejects) == (2, 0)
    assert [(row["stars"], row["text"]) for row in rows] == [
        (5, None),
        (1, 'First line\n\nsaid "never again".\u00a0'),
    ]


def test_texts_of_contacts_land_where_an_export_has_them(landed):
    assert landed("service_desk", "interaction_text", TEXTS)[1] == [
        {"interaction_id": "CR0922485", "text": "It took two letters,\nand nobody called."},
        {"interaction_id": "CALL-34536", "text": "Thanks"},
    ]


def test_an_export_without_texts_of_contacts_lands_none(landed, tmp_path):
    (tmp_path / "exports" / FOLDER).mkdir(parents=True)
    landing, rows = landed("service_desk", "interaction_text", None)
    assert (landing.rows, rows) == (0, [])
