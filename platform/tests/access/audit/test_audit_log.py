"""What the audit log holds of a read, and what it never holds."""

from __future__ import annotations

import pytest
from audit_samples import ALICE, SUBJECTS, decision, published, records

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.chain_file import chain_files


@pytest.fixture(autouse=True)
def _closed():
    yield
    close_chains()


def test_a_read_has_a_record_before_its_first_byte_and_one_after_its_last(tmp_path):
    recorder = AuditLog(tmp_path).recorder_for(decision(), published(tmp_path), subjects=SUBJECTS)

    read = recorder.begin(["id", "name"], "scan")
    opening, begin = records(tmp_path)
    read.end(3, False)
    end = records(tmp_path)[-1]

    assert opening["kind"] == "open"
    assert begin["kind"] == "begin"
    assert (begin["principal"], begin["issuer"], begin["client"]) == (ALICE.id, ALICE.issuer, "mesh")
    assert (begin["port"], begin["version"], begin["purpose"], begin["way"]) == ("retail.party", 0, "analytics", "scan")
    assert (begin["columns"], begin["masks"]) == (["id", "name"], {"name": "partial(last: 4)"})
    assert begin["filter"] == decision().row_filter.digest
    assert (begin["policy"], begin["contract"]) == ("p" * 64, "c" * 64)
    assert (end["kind"], end["read"], end["rows"], end["cancelled"]) == ("end", str(read.position), 3, False)


def test_the_end_is_recorded_once(tmp_path):
    read = AuditLog(tmp_path).recorder_for(decision(), published(tmp_path)).begin(["id"], "scan")
    read.end(2, True)
    read.end(3, False)
    assert [(r["rows"], r["cancelled"]) for r in records(tmp_path) if r["kind"] == "end"] == [(2, True)]


def test_a_refusal_is_recorded_without_what_the_reader_wrote(tmp_path):
    AuditLog(tmp_path).denied(
        ALICE, "retail.party", "Anna Canary", way="sql", why="StatementRefused",
        columns=["id", "Anna Canary"], decision=decision(),
    )  # fmt: skip
    AuditLog(tmp_path).denied(None, "Anna Canary's row", None, way="get", why="IdentityRefused")

    denied, unknown = records(tmp_path)[1:]
    assert (denied["kind"], denied["why"], denied["columns"], denied["unknown_columns"]) == (
        "denied", "StatementRefused", ["id"], 1,
    )  # fmt: skip
    assert (unknown["principal"], unknown["port"]) == (None, None)
    assert b"Canary" not in chain_files(tmp_path)[0].read_bytes()


def test_a_process_has_one_chain_for_a_home_whatever_the_number_of_logs(tmp_path):
    opened = published(tmp_path)
    for _ in range(3):
        AuditLog(tmp_path).recorder_for(decision(), opened).begin(["id"], "scan").end(1, False)
    assert len(chain_files(tmp_path)) == 1
    close_chains()
    assert [record["kind"] for record in records(tmp_path)] == ["open", *["begin", "end"] * 3, "close"]
    assert [record["sequence"] for record in records(tmp_path)] == list(range(8))
