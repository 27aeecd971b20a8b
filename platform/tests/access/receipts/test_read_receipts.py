"""Receipts: what they state, that every change is noticed, and who may fetch one."""

from __future__ import annotations

import json

import pytest
from audit_samples import ALICE, SUBJECTS, decision, published
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.audit_query import find_receipt
from bankmesh.access.audit.chain_file import chain_files
from bankmesh.access.audit.receipt_check import check_receipt
from bankmesh.access.model import Principal
from bankmesh.access.receipts.read_receipt import find_receipt_key, signature_fault
from bankmesh.access.signing_keys import KeyUse, load_signing_key
from bankmesh.errors import UnknownName

AUDITOR = Principal("carol", frozenset({"governance_auditor"}), {}, "mesh", "bankmesh-development")
OWNER = Principal("dan", frozenset({"data_owner"}), {"domains": frozenset({"retail"})}, "mesh", "bankmesh-development")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def receipt(home):
    """The receipt of a read of three rows."""
    recorder = AuditLog(home).recorder_for(decision(), published(home), subjects=SUBJECTS, pseudonym_key="2026-11")
    with pytest.raises(ValueError, match="no receipt"):
        _ = recorder.receipt
    read = recorder.begin(["id", "name"], "sql", "select id, name from product where id = 42")
    with pytest.raises(ValueError, match="no receipt"):
        _ = recorder.receipt
    with pytest.raises(ValueError, match="not ended"):
        _ = read.receipt
    read.end(3, False)
    close_chains()
    return recorder.receipt


@pytest.fixture(scope="module")
def key(home, receipt):
    return find_receipt_key(home, receipt)


def test_a_receipt_states_what_was_read_and_under_which_decision(receipt):
    assert receipt["product"] == "retail.party"
    assert (receipt["version"], receipt["rows"], receipt["cancelled"]) == (0, 3, False)
    assert (receipt["principal"], receipt["purpose"]) == (ALICE.id, "analytics")
    assert (receipt["columns"], receipt["masks"]) == (["id", "name"], {"name": "partial(last: 4)"})
    assert (receipt["contract"], receipt["policy"]) == ("c" * 64, "p" * 64)
    assert (receipt["filter"], receipt["pseudonym_key"]) == (decision().row_filter.digest, "2026-11")
    assert receipt["gate"] == {"passed": 2}
    assert len(receipt["lineage"]) == 64
    assert receipt["boundary"] == "none (local storage)"
    assert receipt["statement"] == "select id , name from product where id = ?"
    assert receipt["audit"]["position"].endswith(":1")


def test_the_log_gives_the_same_receipt_again(home, receipt):
    assert find_receipt(home, receipt["audit"]["position"], ALICE) == receipt
    assert find_receipt(home, receipt["audit"]["position"], AUDITOR) == receipt


def test_only_its_reader_and_auditors_fetch_a_receipt(home, receipt):
    namesake = Principal(ALICE.id, frozenset(), {}, "mesh", "https://elsewhere.example")
    for reader in (OWNER, namesake):
        with pytest.raises(UnknownName):
            find_receipt(home, receipt["audit"]["position"], reader)


@pytest.mark.parametrize("position", ["", "nothing", "a:b", "../../secret:1", "20261130T000000-1-00000000:1"])
def test_what_is_no_position_has_no_receipt(home, receipt, position):
    with pytest.raises(UnknownName):
        find_receipt(home, position, AUDITOR)
    with pytest.raises(UnknownName):
        find_receipt(home, receipt["audit"]["position"].replace(":1", ":0"), AUDITOR)


def test_a_receipt_is_valid_with_the_log_and_offline_with_the_public_key(home, receipt, key, tmp_path):
    copied = json.loads(json.dumps(receipt))
    assert check_receipt(home, copied, None).is_valid
    assert check_receipt(None, copied, key).is_valid
    assert not check_receipt(home, copied | {"rows": 4}, None).is_valid
    elsewhere = check_receipt(tmp_path, copied, None)
    assert not elsewhere.is_valid
    assert "--key" in str(elsewhere)


@settings(max_examples=60)
@given(st.data())
def test_every_change_of_a_receipt_is_noticed(receipt, key, data):
    name = data.draw(st.sampled_from(sorted(receipt)))
    changed = dict(receipt)
    match data.draw(st.sampled_from(["remove", "replace", "add"])):
        case "remove":
            del changed[name]
        case "replace":
            values = st.none() | st.integers() | st.text() | st.lists(st.text()) | st.booleans()
            changed[name] = data.draw(values.filter(lambda value: json.dumps(value) != json.dumps(receipt[name])))
        case "add":
            changed[f"{name}_"] = 1
    assert signature_fault(changed, key)


def test_a_receipt_signed_with_another_key_of_the_home_is_not_valid(home, receipt):
    for use in (KeyUse.AUDIT, KeyUse.TOKENS):
        assert signature_fault(receipt, load_signing_key(home, use).public)


def test_a_receipt_whose_record_was_changed_is_not_valid(home, receipt):
    (file,) = chain_files(home)
    content = file.read_bytes()
    try:
        for before, after, problem in (
            (b'"purpose":"analytics"', b'"purpose":"marketing"', "another record"),
            (b'"rows":3', b'"rows":9', "something else"),
            (b'"kind":"end"', b'"kind":"enX"', "another record"),
        ):
            file.write_bytes(content.replace(before, after))
            assert problem in check_receipt(home, receipt, None).problem
        file.unlink()
        assert "no record" in check_receipt(home, receipt, None).problem
    finally:
        file.write_bytes(content)
