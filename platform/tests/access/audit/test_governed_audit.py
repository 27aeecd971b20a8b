"""Reads of a governed relation under the real audit log: each is on record, and no value is in any of it."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest
from child_processes import run_child
from relation_samples import OPTED, OUTCOMES, FixedKeys, Party, decide, party_rows

from bankmesh.access.audit import audit_chain
from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.audit_query import EntryFilter, EntryState, SubjectMatch, query_log, subject_query
from bankmesh.access.audit.chain_file import chain_files
from bankmesh.access.audit.log_verification import verify_log
from bankmesh.access.audit.receipt_check import check_receipt
from bankmesh.access.audit.subject_lookups import predicate_lookups
from bankmesh.access.errors import AccessDenied, AuditUnavailable
from bankmesh.access.queries.sql_session import run_query
from bankmesh.access.relations.governed_relation import GovernedRelation

SUBJECTS = {"id": "party", "referrer": "party"}
BY_ID = {"id": "party"}


@pytest.fixture(scope="module")
def party(tmp_path_factory):
    return Party.publish(tmp_path_factory.mktemp("port"), party_rows(range(300)))


@pytest.fixture(autouse=True)
def _closed():
    yield
    close_chains()


@pytest.fixture
def relation(party, tmp_path):
    decision = decide(party.contract, OUTCOMES, OPTED)
    recorder = AuditLog(tmp_path).recorder_for(decision, party.opened, subjects=SUBJECTS, pseudonym_key="3")
    return GovernedRelation(decision, party.contract, party.opened, recorder, FixedKeys())


@pytest.fixture
def by_id(relation, party, tmp_path):
    """The relation, whose rows name one subject each."""
    return replace(relation, recorder=AuditLog(tmp_path).recorder_for(relation.decision, party.opened, subjects=BY_ID))


def entries(home):
    return [(entry.state, entry.rows, entry.record["columns"]) for entry in query_log(home, EntryFilter())]


def test_each_collect_has_two_records_and_a_receipt(relation, tmp_path):
    frame = relation.scan(["id", "name"])
    assert chain_files(tmp_path) == []
    assert frame.collect().height == 100
    first = relation.recorder.receipt
    frame.filter(pl.col("id") > 150).collect()
    assert entries(tmp_path) == [
        (EntryState.ENDED, 100, ["id", "name"]), (EntryState.ENDED, 49, ["id", "name"]),
    ]  # fmt: skip
    assert (first["rows"], first["masks"], first["pseudonym_key"]) == (100, {"name": "redact"}, "3")
    assert first["filter"] == relation.decision.row_filter.digest
    assert relation.recorder.receipt["rows"] == 49
    assert check_receipt(tmp_path, json.loads(json.dumps(first)), None).is_valid


def test_who_stops_early_has_a_cancelled_read(relation, tmp_path):
    batches = relation.read_batches(["id"], batch_size=10)
    next(batches)
    assert entries(tmp_path) == [(EntryState.UNDER_WAY, None, ["id"])]
    batches.close()
    ((state, rows, _),) = entries(tmp_path)
    assert state is EntryState.CANCELLED
    assert rows < 100


@pytest.mark.parametrize(
    ("predicate", "match"),
    [
        (pl.col("id") == 42, SubjectMatch.NAMED),
        (pl.col("id").is_between(42, 42), SubjectMatch.NAMED),
        ((pl.col("id") == 45) | (pl.col("id").cast(pl.String) == "42"), SubjectMatch.NAMED),
        ((pl.col("id").cast(pl.String) == "42") | (pl.col("id") == 45), SubjectMatch.NAMED),
        ((pl.col("id") == 45) | (pl.col("visits") < 9), SubjectMatch.UNNAMED),
        (pl.col("id").is_in([45]).not_(), SubjectMatch.UNNAMED),
        (pl.col("id") == 45, SubjectMatch.OTHERS),
    ],
    ids=str,
)
def test_who_read_one_customer_is_found_however_the_predicate_is_written(by_id, tmp_path, predicate, match):
    by_id.scan().filter(predicate).collect()
    subject = subject_query(tmp_path, "42", ["party"], ["retail.party"])
    assert [entry.match for entry in query_log(tmp_path, EntryFilter(subject=subject))] == [match]


@pytest.mark.parametrize(
    ("condition", "match"),
    [
        ("id = 42", SubjectMatch.NAMED),
        ("id = '042'", SubjectMatch.NAMED),
        ("id = 45", SubjectMatch.OTHERS),
        ("id in (45, 48)", SubjectMatch.OTHERS),
        ("id = 45 or visits < 9", SubjectMatch.UNNAMED),
        ("id <> 45", SubjectMatch.UNNAMED),
    ],
)
def test_who_read_one_customer_is_found_in_statements(by_id, tmp_path, condition, match):
    run_query(by_id, f"select visits from product where {condition}")
    subject = subject_query(tmp_path, "42", ["party"], ["retail.party"])
    assert [entry.match for entry in query_log(tmp_path, EntryFilter(subject=subject))] == [match]


def test_rows_that_may_refer_to_another_subject_may_be_about_it(relation, tmp_path):
    relation.scan(["id", "visits"]).filter(pl.col("id") == 45).collect()
    run_query(relation, "select visits from product where id = 45")
    subject = subject_query(tmp_path, "42", ["party"], ["retail.party"])
    found = [entry.match for entry in query_log(tmp_path, EntryFilter(subject=subject))]
    assert found == [SubjectMatch.UNNAMED, SubjectMatch.UNNAMED]


def test_a_predicate_that_is_too_long_to_search_counts_as_one_that_names_nobody(by_id, tmp_path):
    predicate = (pl.col("id") == 45) & pl.col("visits").is_in(range(300_000))
    assert predicate_lookups(predicate, {"id"}) == {}
    by_id.scan().filter(predicate).collect()
    subject = subject_query(tmp_path, "42", ["party"], ["retail.party"])
    assert [entry.match for entry in query_log(tmp_path, EntryFilter(subject=subject))] == [SubjectMatch.UNNAMED]


def test_a_frame_whose_reads_would_be_refused_is_refused_at_once(relation, monkeypatch):
    masked = replace(relation, keys=None, decision=decide(relation.contract, {**OUTCOMES, "id": "pseudonym"}, OPTED))
    with pytest.raises(AccessDenied, match="pseudonyms need a key"):
        masked.scan(["id"])
    assert masked.scan(["visits"]).collect().height == 100
    monkeypatch.setenv("POLARS_VERBOSE", "1")
    with pytest.raises(AccessDenied, match="POLARS_VERBOSE"):
        relation.scan()


def test_without_the_log_not_one_batch_leaves(relation, tmp_path):
    (tmp_path / "audit").write_text("no folder")
    with pytest.raises(AuditUnavailable):
        next(relation.read_batches(["id"]))
    with pytest.raises(AuditUnavailable):
        relation.scan().collect()


def test_where_the_end_cannot_be_recorded_the_last_batch_does_not_leave(relation, tmp_path):
    batches = relation.read_batches(["id"])  # one batch
    recorder = relation.recorder
    begin = recorder.begin

    def begin_and_lose_the_log(*arguments, **options):
        begun = begin(*arguments, **options)
        chain_files(tmp_path)[0].unlink()
        return begun

    recorder.begin = begin_and_lose_the_log
    with pytest.raises(AuditUnavailable):
        next(batches)


def test_no_record_receipt_or_error_holds_a_value(relation, tmp_path):
    texts = []
    for predicate in (
        pl.col("name") == "CANARY-name-3", pl.col("id") == 777_000_000_001, pl.col("postcode").is_in(["CANARY-postcode-1"]),
        pl.col("id").is_between(777_000_000_000, 777_000_000_009), pl.col("referrer") == "CANARY",
    ):  # fmt: skip
        relation.scan().filter(predicate).collect()
        texts.append(json.dumps(relation.recorder.receipt))
    recorder = relation.recorder
    for statement in (
        "select * from product where name = 'CANARY-name-3' and id = 777000000001",
        'select id as "CANARY-1" from product /* CANARY */ -- CANARY',
        "select CANARY('CANARY') from CANARY",
        "CANARY",
    ):
        list(relation.read_batches(["id"], way="sql", statement=statement))
        texts.append(json.dumps(recorder.receipt))
    for column in ("CANARY-column", "national_id"):
        with pytest.raises(AccessDenied) as refused:
            relation.scan([column])
        AuditLog(tmp_path).denied(
            relation.decision.principal, "retail.party", "CANARY", way="scan", why=type(refused.value).__name__,
            columns=[column], decision=relation.decision,
        )  # fmt: skip
    close_chains()
    assert verify_log(tmp_path).is_intact
    written = [file.read_bytes().decode(errors="replace") for file in tmp_path.rglob("*") if file.is_file()]
    for text in [*texts, *written]:
        assert "CANARY" not in text
        assert "777000000001" not in text
        assert "777_000" not in text
    assert len(texts) == 9


def test_a_forked_child_reads_in_a_chain_of_its_own(relation, tmp_path):
    relation.recorder.begin(["id"], "scan").end(1, cancelled=False)

    def work():
        relation.recorder.begin(["id"], "scan").end(2, cancelled=False)
        close_chains()

    run_child(work)
    assert len(chain_files(tmp_path)) == 2
    assert audit_chain.GROUP_SECONDS <= 0.1
