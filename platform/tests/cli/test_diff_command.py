"""`mesh diff`: what people type, read, and never get to see."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from command import Command
from diff_samples import (
    MONTH,
    key_column,
    party_contract,
    party_port,
    publish_party,
    write_party,
    write_party_workspace,
)
from shop_workspace import SALES, changed, write_exports

from bankmesh.cli import diff_command
from bankmesh.ports import roll_back
from bankmesh.products.candidates.refused_candidates import note_refusal

COLUMNS = {
    "id": key_column("integer", classification="public"),
    "name": "string",
    "amount": {"logicalType": "number", "physicalType": "decimal(10,2)", "classification": "confidential"},
    "month": MONTH,
}
MONTHS = tuple(f"2024-{month:02}-01" for month in range(1, 13))


def row(number, name="a", amount="1.00", month=MONTHS[0]):
    return {"id": number, "name": name, "amount": Decimal(amount), "month": date.fromisoformat(month)}


class Party:
    """A workspace with one contract, its port, and the command in it."""

    def __init__(self, folder, command, columns):
        self.root, self.contract, self.mesh = folder, party_contract(columns), command
        self.port = party_port(folder / ".mesh")
        write_party_workspace(folder, self.contract)

    def publish(self, *rows, months=None):
        publish_party(self.port, self.contract, rows, months)

    def refuse(self, *rows, months=None):
        candidate = write_party(self.port, self.contract, rows)
        assert note_refusal(candidate, self.contract, "run", months)


@pytest.fixture
def make(tmp_path, capsys, monkeypatch):
    for name in ("BANKMESH_ROOT", "MESH_HOME", "BANK_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda columns: Party(tmp_path, Command(capsys, monkeypatch), columns)


@pytest.fixture
def party(make):
    return make(COLUMNS)


def on_terminal(party, *words):
    """The whole command on a pseudo-terminal of 80 columns."""
    screen, terminal = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    environment |= {"COLUMNS": "80", "LINES": "24", "TERM": "xterm"}
    mesh = Path(sys.executable).with_name("mesh")
    process = subprocess.Popen([mesh, *words], stdout=terminal, stderr=terminal, env=environment, cwd=party.root)
    os.close(terminal)
    shown = b""
    while part := _read(screen):
        shown += part
    os.close(screen)
    assert process.wait(timeout=60) == 0, shown
    return shown.decode()


def _read(screen):
    try:
        return os.read(screen, 1 << 16)
    except OSError:  # how Linux ends a pseudo-terminal whose other side is closed
        return b""


def test_counts_come_first_and_examples_last(party):
    party.publish(row(1), row(2), row(3), months=MONTHS)
    party.publish(row(2, "b", "7.77"), row(3), row(4), row(5), months=MONTHS)
    said = party.mesh("diff", "retail.party")
    assert (said.code, said.err) == (0, "")
    first, paired, _, *lines = said.out.splitlines()
    assert first.startswith("retail.party: version 0 (published 20")
    assert " -> version 1 (published 20" in first
    assert paired == "Rows are paired by the primary key: id."
    assert lines == [
        "rows\tbefore\tafter\tadded\tremoved\tchanged\tunchanged",
        "all\t3\t4\t2\t1\t1\t1",
        "",
        "column\tchanged rows",
        "amount\t1",
        "name\t1",
        "",
        "month\tbefore\tafter\tadded\tremoved\tchanged\tunchanged",
        "2024-01-01\t3\t4\t2\t1\t1\t1",
        "",
        "row\tcolumn\tbefore\tafter",
        "2\tname\ta\tb",
        "\tamount\tnot shown\tnot shown",
    ]


def test_json_has_the_same_facts(party):
    party.publish(row(1), months=MONTHS)
    party.publish(row(1, "b", "2.00"), row(2), months=MONTHS)
    facts = json.loads(party.mesh("diff", "retail.party", "--json").out)
    assert (facts["port"], facts["from"]["version"], facts["to"]["version"]) == ("retail.party", 0, 1)
    rows = {"before": 1, "after": 2, "added": 1, "removed": 0, "changed": 1, "unchanged": 0}
    assert facts["rows"] == rows
    assert facts["partitions"] == [{"partition": "2024-01-01", **rows}]
    assert facts["columns"] == [
        {"name": "name", "changed": 1},
        {"name": "amount", "changed": 1},
        {"name": "month", "changed": 0},
    ]
    name = {"column": "name", "is_shown": True, "before": "a", "after": "b"}
    amount = {"column": "amount", "is_shown": False, "before": None, "after": None}
    assert facts["examples"] == [{"row": 1, "key": {"id": 1}, "changes": [name, amount]}]


def test_examples_are_limited(party):
    party.publish(*(row(n) for n in range(9)), months=MONTHS)
    party.publish(*(row(n, "b") for n in range(9)), months=MONTHS)
    for words, number in (((), 5), (("--examples", 2), 2), (("--examples", 0), 0), (("--examples", 1000), 9)):
        facts = json.loads(party.mesh("diff", "retail.party", *words, "--json").out)
        assert [example["key"]["id"] for example in facts["examples"]] == list(range(number))
    assert "row\tcolumn" not in party.mesh("diff", "retail.party", "--examples", 0).out


def test_nothing_differs(party):
    party.publish(row(1), months=MONTHS)
    party.publish(row(1), months=MONTHS)
    assert "Nothing differs." in party.mesh("diff", "retail.party").out


def test_repeated_keys_are_reported(party):
    party.publish(row(1), row(1), row(2), months=MONTHS)
    party.publish(row(1), row(1, "b"), row(2), months=MONTHS)
    said = party.mesh("diff", "retail.party").out
    assert "Repeated keys before: 2 rows share 1 keys. Rows of such keys are compared whole" in said
    assert "all\t3\t3\t1\t1\t0\t2" in said


def test_many_partitions_are_summed(party, monkeypatch):
    monkeypatch.setattr(diff_command, "PARTITIONS", 10)
    party.publish(*(row(n, month=month) for n, month in enumerate(MONTHS)), months=MONTHS)
    party.publish(*(row(n, "b", month=month) for n, month in enumerate(MONTHS)), months=MONTHS)
    lines = party.mesh("diff", "retail.party", "--examples", 0).out.splitlines()
    assert lines[-1] == "2 more\t2\t2\t0\t0\t2\t0"
    assert lines[-2].startswith("2024-10-01\t1\t1")


def test_a_product_without_a_key_and_with_another_schema(make):
    party = make({"name": "string"})
    party.publish({"name": "a"}, {"name": "a"})
    party.contract = party_contract({"name": "string", "new": "integer"})
    party.publish({"name": "a", "new": 1}, {"name": "b", "new": 1})
    said = party.mesh("diff", "retail.party").out
    assert "Whole rows are compared, because the contract has no primary key" in said
    assert "all\t2\t2\t1\t1\t-\t1" in said
    assert "new\tadded, long" in said


def test_a_refused_candidate(party):
    party.publish(row(1), row(2, month=MONTHS[1]), months=MONTHS)
    said = party.mesh("diff", "retail.party", "--to", "candidate")
    assert (said.code, said.out) == (2, "")
    assert "retail.party: no candidate that the gate refused is kept." in said.err
    party.refuse(row(1, "b"), months=MONTHS[:1])
    said = party.mesh("diff", "retail.party", "--to", "candidate")
    assert " -> the refused candidate (of 20" in said.out
    assert "all\t2\t2\t0\t0\t1\t1" in said.out
    assert "was built when" not in said.out
    party.publish(row(1), row(2, month=MONTHS[1]), months=MONTHS)
    assert "built when version 0 was the newest." in party.mesh("diff", "retail.party", "--to", "candidate").out


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("retail.party", "--from", 9), 2, "retail.party has no version 9. Readable versions: 0, 1, 2, 3."),
        (("retail.party", "--to", 9), 2, "retail.party has no version 9."),
        (("retail.party", "--from", 2), 1, "retail.party version 2 is withdrawn"),
        (("retail.party", "--to", 2), 1, "retail.party version 2 is withdrawn"),
        (("retail.party", "--to", 0), 2, "no version before 0 is readable"),
        (("retail.party", "--to", "newest"), 2, "'newest' is neither a version nor candidate."),
        (("retail.party", "--examples", 1001), 2, "--examples"),
        (("retail.prty",), 2, "Did you mean retail.party?"),
        (("retail.party", "--major", 4), 2, "There is no major of retail.party 4."),
    ],
)
def test_what_cannot_be_compared_says_what_is_there(party, words, code, problem):
    for name in ("a", "b", "c"):
        party.publish(row(1, name), months=None)
    roll_back(party.port, 1, by="Ada", reason="wrong")
    said = party.mesh("diff", *words)
    assert (said.code, said.out) == (code, "")
    assert problem in " ".join(said.err.split())
    assert party.mesh("diff", "retail.party", "--from", 2, "--withdrawn").code == 0


def test_a_product_that_is_not_published(party):
    said = party.mesh("diff", "retail.party")
    assert (said.code, said.out) == (2, "")
    assert "retail.party has no published version yet" in said.err


def test_a_terminal_of_80_columns(party):
    party.publish(row(1, "[red]x\x1b[31m"), row(2, "b" * 90), months=MONTHS)
    party.publish(row(1, "b"), row(2, "a"), row(3), months=MONTHS)
    shown = on_terminal(party, "diff", "retail.party")
    plain = shown.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "[red]x\\x1b[31m" in plain
    assert "\\[" not in plain
    assert "\x1b[31m" not in shown
    tables = plain[plain.index("rows  ") :].splitlines()
    assert max(len(line.rstrip()) for line in tables) <= 80
    assert tables[1].split() == ["all", "2", "3", "1", "0", "2", "0"]
    assert "\x1b[1m" in shown
    assert "\x1b" not in party.mesh("diff", "retail.party").out


CLASSES = ("public", "internal", "confidential", "restricted")
TYPES = {
    "text": ({"logicalType": "string"}, "canary-{}"),
    "list": ({"logicalType": "array", "items": {"logicalType": "string"}}, ["canary-{}"]),
    "number": ({"logicalType": "integer"}, 4711471100),
    "decimal": ({"logicalType": "number", "physicalType": "decimal(18,2)"}, Decimal("4711471100.00")),
    "day": ({"logicalType": "date"}, date(4711, 1, 1)),
}
CANARIES = ("canary", "47114711", "4711-01-0")


@pytest.mark.parametrize("key_class", CLASSES)
def test_no_value_above_internal_is_shown_anywhere(make, key_class):
    """Each type and class of column, in keys of one and two columns, of changed, added, removed and repeated rows."""
    shown_values = {name: value for name, (_, value) in TYPES.items()}
    columns = {
        "id": key_column("string", 1, classification=key_class),
        "part": key_column("integer", 2, classification="internal"),
        "plain": {"logicalType": "string", "classification": "internal"},
    } | {
        f"{name}_{label}": spec | {"classification": label}
        for name, (spec, _) in TYPES.items()
        for label in CLASSES[2:]
    }
    party = make(columns)
    hidden_key = key_class in CLASSES[2:]

    def canary(number, version):
        made = {"id": f"canary-{number}" if hidden_key else f"k{number}", "part": number, "plain": f"v{version}"}
        for name, value in shown_values.items():
            for label in CLASSES[2:]:
                if name == "text":
                    own = f"canary-{number}-{version}"
                elif name == "list":
                    own = [f"canary-{number}-{version}", None]
                elif name == "day":
                    own = value.replace(day=1 + version)
                else:
                    own = value + version
                made[f"{name}_{label}"] = own
        return made

    party.publish(*(canary(number, 0) for number in (1, 2, 3, 3, 4)))
    party.publish(*(canary(number, 1) for number in (2, 3, 3, 4, 5, 6)))
    party.refuse(*(canary(number, 2) for number in (2, 3, 9)))
    for words in (("diff", "retail.party"), ("diff", "retail.party", "--to", "candidate")):
        for more in ((), ("--json",), ("--examples", 1000), ("--examples", 1000, "--json")):
            said = party.mesh(*words, *more)
            assert said.code == 0, said.err
            assert [word for word in CANARIES if word in said.out + said.err] == []
            assert "v1" in said.out
            assert "text_restricted" in said.out
            assert ("k2" in said.out) is not hidden_key
    terminal = on_terminal(party, "diff", "retail.party", "--examples", "9")
    assert [word for word in CANARIES if word in terminal] == []
    assert "not shown" in terminal


def test_the_search_for_canaries_would_find_one(make):
    columns = {"id": key_column("string"), "name": "string"}
    party = make(columns)
    for name in ("a", "canary-1"):
        party.publish({"id": "47114711 4711-01-01", "name": name})
    said = party.mesh("diff", "retail.party").out
    assert [word for word in CANARIES if word in said] == list(CANARIES)


def test_a_refusal_names_the_command_that_shows_what_would_have_changed(mesh, published):
    write_exports(published.settings.exports, changed(3, SALES, remark="NOT A-Z"))
    run = published.run("till.sale", "sale", "customer_spend")
    assert run.failure("customer_spend").splitlines()[-1] == (
        "`mesh diff shop.customer_spend --to candidate` shows what would have changed."
    )
    facts = json.loads(mesh("diff", "shop.customer_spend", "--to", "candidate", "--json").out)
    assert facts["rows"] == {"before": 3, "after": 3, "added": 0, "removed": 0, "changed": 1, "unchanged": 2}
    hidden = {"column": "last_remark", "is_shown": False, "before": None, "after": None}
    assert facts["examples"] == [{"row": 1, "key": {"customer_id": 2}, "changes": [hidden]}]
    assert "shop.sale" in mesh("diff", "shop.sale").out
