"""Who read what, and who read one subject; and who may know."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import polars as pl
import pytest
from audit_samples import ALICE, SUBJECTS, decision, published
from child_processes import start_child, wait_for_child

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.audit_query import EntryFilter, may_see, query_log, subject_query
from bankmesh.access.audit.subject_lookups import predicate_lookups
from bankmesh.access.model import Principal
from bankmesh.access.signing_keys import key_folder

ORDERS = {"customer": "party"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return published(tmp_path_factory.mktemp("port"))


@pytest.fixture
def read(tmp_path, opened):
    """Read with some decision, and a predicate or a statement."""

    def read(rows=1, *, subjects=SUBJECTS, predicate=None, statement=None, confined=(), cancelled=False, **changes):
        recorder = AuditLog(tmp_path).recorder_for(decision(**changes), opened, subjects=subjects)
        lookups = None if predicate is None else predicate_lookups(predicate, subjects)
        way = "sql" if statement else "scan"
        recorder.begin(["id"], way, statement, lookups=lookups, confined=confined).end(rows, cancelled)

    yield read
    close_chains()


def person(name, *roles, domains=()):
    return Principal(name, frozenset(roles), {"domains": frozenset(domains)}, "mesh", "bankmesh-development")


def test_entries_are_found_by_product_reader_and_moment(tmp_path, read):
    read()
    read(port="retail.party@2", principal=person("bob"))
    since = datetime.now(UTC).isoformat(timespec="microseconds")
    read(port="retail.account", cancelled=True)
    AuditLog(tmp_path).denied(person("bob"), "retail.account", "analytics", way="get", why="AccessDenied")

    def found(**wanted):
        return [
            (e.record["port"], e.record["principal"], e.state, e.rows)
            for e in query_log(tmp_path, EntryFilter(**wanted))
        ]

    first, second = ("retail.party", ALICE.id, "ended", 1), ("retail.party@2", "bob", "ended", 1)
    third, fourth = ("retail.account", ALICE.id, "cancelled", 1), ("retail.account", "bob", "denied", None)
    assert found() == [first, second, third, fourth]
    assert found(product="retail.party") == [first, second]
    assert found(product="retail.party@2") == [second]
    assert found(principal="bob") == [second, fourth]
    assert found(since=since) == [third, fourth]


def test_who_read_a_customer_is_answered_across_products(tmp_path, read):
    read(predicate=pl.col("id") == 42)
    read(statement="select * from product where customer = 42", subjects=ORDERS, port="retail.order")
    read(predicate=pl.col("id") == 43, confined=["id"])
    read(predicate=pl.col("id") != 43)
    read(rows=3)
    read(port="retail.rates", subjects={})

    subject = subject_query(tmp_path, "42", ["party"], ["retail.party", "retail.order"])
    found = [(e.record["port"], e.match) for e in query_log(tmp_path, EntryFilter(subject=subject))]

    assert found == [
        ("retail.party", "named"), ("retail.order", "named"), ("retail.party", "others named"),
        ("retail.party", "nobody named"), ("retail.party", "nobody named"),
    ]  # fmt: skip


def test_after_a_loss_of_the_key_no_earlier_lookup_counts_as_one_of_others(tmp_path, read):
    def matches():
        subject = subject_query(tmp_path, "42", ["party"], ["retail.party"])
        return [entry.match for entry in query_log(tmp_path, EntryFilter(subject=subject))]

    read(predicate=pl.col("id") == 42, confined=["id"])
    read(predicate=pl.col("id") == 43, confined=["id"])
    read()
    assert matches() == ["named", "others named", "nobody named"]
    (key_folder(tmp_path) / "subjects.key").unlink()
    assert matches() == ["possibly named", "possibly named", "nobody named"]
    read(predicate=pl.col("id") == 42, confined=["id"])
    read(predicate=pl.col("id") == 43, confined=["id"])
    assert matches()[3:] == ["named", "others named"]


def test_lookups_of_records_without_the_id_of_their_key_are_possible(tmp_path, read, monkeypatch):
    appended = AuditLog.append

    def append_as_before(log, kind, port, fields, **more):
        return appended(log, kind, port, {n: v for n, v in fields.items() if n != "subject_key"}, **more)

    monkeypatch.setattr(AuditLog, "append", append_as_before)
    for number in (42, 43):
        read(predicate=pl.col("id") == number, confined=["id"])
    subject = subject_query(tmp_path, "42", ["party"], ["retail.party"])
    assert [entry.match for entry in query_log(tmp_path, EntryFilter(subject=subject))] == ["named", "possibly named"]


def test_a_read_from_before_a_column_named_a_subject_names_nobody(tmp_path, read):
    read(subjects={})
    subject = subject_query(tmp_path, "42", ["party"], ["retail.party"])
    assert [entry.match for entry in query_log(tmp_path, EntryFilter(subject=subject))] == ["nobody named"]


def test_a_read_under_way_and_an_interrupted_one(tmp_path, opened):
    def begin():
        AuditLog(tmp_path).recorder_for(decision(), opened).begin(["id"], "scan")

    assert wait_for_child(start_child(lambda: (begin(), os.kill(os.getpid(), signal.SIGKILL)))) == -signal.SIGKILL
    begin()
    assert [entry.state for entry in query_log(tmp_path, EntryFilter())] == ["interrupted", "under way"]
    close_chains()


@pytest.mark.parametrize(
    ("reader", "sees"),
    [
        (person("carol", "governance_auditor"), True),
        (person("carol", "data_owner", domains=["retail"]), True),
        (person("carol", "data_steward", domains=["retail"]), True),
        (person("carol", "data_owner", domains=["investment"]), False),
        (person("carol", "retail_analyst", domains=["retail"]), False),
        (person(ALICE.id, "retail_analyst"), True),
        (Principal(ALICE.id, frozenset({"retail_analyst"}), {}, "mesh", "https://elsewhere.example"), False),
    ],
)
def test_entries_are_for_auditors_owners_and_their_own_readers(reader, sees):
    record = {"port": "retail.party", "principal": ALICE.id, "issuer": ALICE.issuer}
    assert may_see(reader, record) is sees


def test_a_refusal_of_an_unknown_product_is_for_auditors(read):
    record = {"port": None, "principal": None, "issuer": None}
    assert may_see(person("carol", "governance_auditor"), record)
    assert not may_see(person("carol", "data_owner", domains=["retail", ""]), record)


def test_entries_for_scripts_hold_no_hash_of_a_subject(tmp_path, read):
    read(predicate=pl.col("id") == 42)
    (entry,) = query_log(tmp_path, EntryFilter())
    assert entry.record["subjects"]["party"]
    assert len(entry.record["subject_key"]) == 16
    assert not {"subjects", "subject_key"} & entry.to_json().keys()
