"""`mesh audit` and `mesh verify`, over reads of the booth."""

from __future__ import annotations

import json

import pytest
from audit_samples import decision, published
from booth_workspace import booth
from command import Command

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.audit_query import EntryFilter, query_log
from bankmesh.access.audit.chain_file import chain_files
from bankmesh.access.model import Principal
from bankmesh.access.signing_keys import KeyUse, key_folder, private_key_file
from bankmesh.cli.audit_findings import audit_findings
from bankmesh.cli.health_findings import Health
from bankmesh.settings import current_settings

__all__ = ["booth"]

ISSUER = "bankmesh-development"
ALICE = Principal("alice", frozenset({"analyst"}), {}, "mesh", ISSUER)
BOUGHT = "description: Who bought., classification: internal}"
SUBJECT = "customProperties: [{property: subject, value: customer}]"


@pytest.fixture
def home(booth):
    """The home of the booth, with two reads by Alice, one of which looks a customer up, and a refusal."""
    for name in ("sale", "customer_spend"):
        booth.edit(f"contracts/{name}.odcs.yaml", BOUGHT, BOUGHT.replace("}", f", {SUBJECT}}}"))
    opened = published(booth.home)
    subjects = {"customer_id": "customer"}
    log = AuditLog(booth.home)
    for port, lookups in (("booth.sale", {"customer_id": ["Canary"]}), ("booth.customer_spend", None)):
        made = decision(principal=ALICE, port=port, purpose="stewardship")
        recorder = log.recorder_for(made, opened, subjects=subjects)
        recorder.begin(["id"], "scan", lookups=lookups, confined=lookups or ()).end(7, False)
    log.denied(ALICE, "booth.sale", "audit", way="get", why="AccessDenied")
    close_chains()
    yield booth.home
    close_chains()


@pytest.fixture
def command(home, capsys, monkeypatch):
    monkeypatch.delenv("BANKMESH_TOKEN", raising=False)
    return Command(capsys, monkeypatch)


@pytest.fixture
def as_role(command, monkeypatch):
    def become(role, *words, name="reader"):
        assert command("token", "issue", "--role", role, "--as", name, *words).code == 0
        monkeypatch.setenv("BANKMESH_TOKEN", name)
        return command

    return become


def test_an_intact_log_is_reported_in_one_line(command):
    said = command("audit", "verify")
    assert (said.code, said.out) == (
        0, "Chains: 1, records: 7, faults: 0; reads under way: 0, interrupted: 0; records that are not anchored: 0.\n"
    )  # fmt: skip


def test_a_changed_log_is_reported_with_the_record(command, home):
    (file,) = chain_files(home)
    file.write_bytes(file.read_bytes().replace(b'"rows":7', b'"rows":1', 1))
    said = command("audit", "verify")
    assert said.code == 1
    assert f"{file.stem}: record 3: it does not follow from the record before it" in said.out
    found = json.loads(command("audit", "verify", "--json").out)
    assert (found["intact"], [fault["sequence"] for fault in found["chains"][0]["faults"]]) == (False, [3])


def test_without_any_log_there_is_nothing_to_verify(booth, capsys, monkeypatch):
    said = Command(capsys, monkeypatch)("audit", "verify", "--json")
    assert (said.code, json.loads(said.out)["chains"]) == (0, [])


def test_an_auditor_finds_who_read_a_customer(as_role):
    command = as_role("governance_auditor")
    said = command("audit", "query", "--subject", "Canary", "--product", "booth.sale")
    rows = [line.split("\t") for line in said.out.splitlines()[1:]]
    assert [(row[1], row[3], row[-1]) for row in rows] == [
        ("alice", "booth.sale version 0", "named"), ("alice", "booth.customer_spend version 0", "nobody named"),
    ]  # fmt: skip
    assert "Canary" not in said.out
    nobody = json.loads(command("audit", "query", "--subject", "else", "--product", "booth.sale", "--json").out)
    assert [entry["subject"] for entry in nobody] == ["others named", "nobody named"]
    (key_folder(current_settings().home) / "subjects.key").unlink()
    said = command("audit", "query", "--subject", "else", "--product", "booth.sale")
    assert [line.split("\t")[-1] for line in said.out.splitlines()[1:]] == ["possibly named", "nobody named"]


def test_a_query_is_recorded_without_the_subject(as_role, home):
    as_role("governance_auditor")("audit", "query", "--subject", "Canary", "--product", "booth.sale")
    close_chains()
    content = b"".join(file.read_bytes() for file in chain_files(home))
    assert b'"kind":"inspection"' in content
    assert b'"by_subject":true' in content
    assert b"Canary" not in content


@pytest.mark.parametrize(
    ("role", "words", "entries"),
    [
        ("governance_auditor", (), 3),
        ("data_owner", ("--domain", "booth"), 3),
        ("data_owner", (), 0),
    ],
)
def test_entries_are_shown_to_those_who_may_know(as_role, role, words, entries):
    found = json.loads(as_role(role, *words)("audit", "query", "--json").out)
    assert len(found) == entries


def test_readers_see_their_own_entries(as_role):
    command = as_role("data_owner", name="alice")
    said = command("audit", "query", "--product", "booth.sale")
    assert [line.split("\t")[6] for line in said.out.splitlines()[1:]] == ["ended", "denied (AccessDenied)"]
    states = [entry["state"] for entry in json.loads(command("audit", "query", "--since", "2020-01-31", "--json").out)]
    assert states == ["ended", "ended", "denied", "inspected"]
    assert json.loads(command("audit", "query", "--since", "2120-01-31", "--json").out) == []
    assert json.loads(command("audit", "query", "--principal", "bob", "--json").out) == []


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--subject", "x"), "--subject needs --product"),
        (("--subject", "\udcff", "--product", "booth.sale"), "is not UTF-8"),
        (("--subject", "x", "--product", "booth.sal"), "Did you mean booth.sale"),
        (("--subject", "x", "--product", "booth.opening_hour"), "marks no column as the key of a subject"),
        (("--since", "yesterday"), "is no moment"),
        (("--since", "0001-01-01T00:00+05:00"), "is no moment"),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused(as_role, words, problem):
    said = as_role("governance_auditor")("audit", "query", *words)
    assert said.code == 2
    assert problem in said.err


def denied(home):
    """The refusals of queries and receipts on record: reader, product and error."""
    records = [entry.record for entry in query_log(home, EntryFilter()) if entry.state == "denied"]
    return [(record["principal"], record["port"], record["why"]) for record in records if record["way"] == "audit"]


def test_without_a_token_nothing_is_shown_and_the_refusal_is_on_record(command, home):
    for words in (("query",), ("query", "--product", "booth.sale"), ("receipt", "chain:1")):
        said = command("audit", *words)
        assert said.code == 2
        assert "mesh token issue" in said.err
    nobody = (None, None, "IdentityRefused")
    assert denied(home) == [nobody, (None, "booth.sale", "IdentityRefused"), nobody]


def test_a_receipt_is_fetched_and_verified(as_role, home, tmp_path, monkeypatch):
    command = as_role("data_owner", name="alice")
    position = json.loads(command("audit", "query", "--json").out)[0]["position"]
    file = tmp_path / "receipt.json"
    file.write_text(command("audit", "receipt", position).out)

    said = command("verify", file)
    assert (said.code, said.out.partition(":")[0]) == (0, "valid")
    (key,) = key_folder(home).glob("receipts.*.pub.pem")
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "elsewhere"))
    assert command("verify", file).code == 1
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path))
    assert json.loads(command("verify", file, "--key", key, "--json").out)["valid"]

    file.write_text(file.read_text().replace('"rows": 7', '"rows": 8'))
    said = command("verify", file, "--key", key)
    assert (said.code, said.out) == (1, "not valid: its content is not what was signed\n")


def test_a_receipt_of_somebody_else_is_not_fetched(as_role, home):
    command = as_role("governance_auditor")
    position = json.loads(command("audit", "query", "--json").out)[0]["position"]
    assert command("audit", "receipt", position).code == 0
    other = as_role("data_owner", "--domain", "booth", name="olga")
    assert other("audit", "receipt", position).code == 2
    assert denied(home) == [("olga", None, "UnknownName")]


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, 2), ("", 2), ("[]", 2), ("{", 2), ("[" * 100_000, 2), ('{"rows": NaN}', 2), ('{"format": "other"}', 1)],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_receipt_is_not_valid(command, tmp_path, content, code):
    file = tmp_path / "receipt.json"
    if content is not None:
        file.write_text(content)
    said = command("verify", file)
    assert said.code == code
    assert said.out + said.err
    assert command("verify", tmp_path).code == 2


def test_a_receipt_that_says_something_twice_is_none(as_role, tmp_path):
    command = as_role("data_owner", name="alice")
    position = json.loads(command("audit", "query", "--json").out)[0]["position"]
    text, file = command("audit", "receipt", position).out, tmp_path / "receipt.json"
    file.write_text(text.replace('"rows": 7', '"rows": 8, "rows": 7'))
    said = command("verify", file)
    assert (said.code, said.out) == (2, "")
    file.write_text(text.replace('"statement": null', '"statement": NaN'))
    assert command("verify", file).code == 2


def test_a_key_that_is_none_is_a_wrong_call(command, tmp_path):
    file = tmp_path / "receipt.json"
    file.write_text("{}")
    for key in (tmp_path / "nowhere.pem", tmp_path, file):
        said = command("verify", file, "--key", key)
        assert said.code == 2
        assert str(key.name) in said.err


def test_doctor_examines_keys_and_log(home, command):
    found = {finding.subject: finding for finding in audit_findings(current_settings())}
    assert found["audit log"].message == "intact; chains: 1"
    assert found["keys"].health is Health.OK

    private_key_file(home, KeyUse.AUDIT).chmod(0o644)
    (file,) = chain_files(home)
    file.unlink()
    found = {finding.subject: finding for finding in audit_findings(current_settings())}
    assert "chmod 600" in found["keys"].remedy
    assert found["audit log"].message == f"it was changed: {file.stem}"
