"""What commands about metadata print, searched for canaries: values, and numbers that were computed from withheld rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from command import Command
from diff_samples import PORT, key_column, party_port, publish_party
from reader_sessions import read_as

from bankmesh import DataMeshClient
from bankmesh.access.tokens.development_tokens import issue_token
from bankmesh.access.tokens.reader_session import session_file
from bankmesh.catalog.recorded_reads import record_use
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.testing.contract_builder import contract_text

ROWS = 48_151
"""The number of rows of the version, as the log has it; a reader of some of them must not see it."""
FAILING = 16_234
COLUMNS = {
    "id": key_column("integer"),
    "name": {"logicalType": "string", "classification": "restricted", "examples": ["CANARY-NAME"], "required": True},
    "city": {"logicalType": "string", "examples": ["CANARY-CITY"], "required": True},
    "country": {"logicalType": "string", "classification": "public", "examples": ["GB"]},
}
ROLES = """\
roles:
  clerk: {description: Serves customers., clearance: internal, purposes: [service]}
  officer: {description: Examines customers., clearance: restricted, purposes: [service]}
"""
PURPOSES = "purposes:\n  service: Helping a customer.\n"
FILTER = """\
@why("clerks see customers of their own country")
forbid (principal in Role::"clerk", action == Action::"read", resource is retail::party_v1)
unless { resource has country && resource.country == "GB" };
"""
GATE = {
    "rows": ROWS,
    "seconds": 0.1,
    "counts": {"passed": 1, "warned": 1},
    "clauses": [
        {"name": f"{column}__required", "severity": "warning", "outcome": "warned", "observed": FAILING,
         "failing_rows": FAILING, "rows": ROWS, "message": f"rows without {column}: {FAILING}", "seconds": None}
        for column in ("name", "city")
    ],
}  # fmt: skip
COMMANDS = (
    ("products",), ("products", "--json"), ("show", PORT), ("show", PORT, "--json"), ("catalog", "show", PORT),
    ("catalog", "show", PORT, "--json"), ("search", "party"), ("search", "CANARY-CITY"), ("search", "party", "--json"),
    ("scorecard", "--json"), ("lineage", f"{PORT}.name", "--json"), ("contract", "diff", f"{PORT}@1", "--json"),
    ("contract", "coverage", PORT, "--json"),
)  # fmt: skip


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home of a workspace with one product: two roles may read it, and rows are withheld from clerks."""
    text = contract_text(
        PORT,
        COLUMNS,
        properties={"purposes": ["service"]},
        roles=[{"role": role, "access": "read"} for role in ("clerk", "officer")],
    )
    files = {
        "workspace.yaml": "load_from: []\n",
        "domains/retail/src/retail/contracts/party.odcs.yaml": text,
        "policies/roles.yaml": ROLES,
        "policies/purposes.yaml": PURPOSES,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    contract, faults = read_text("party.odcs.yaml", text)
    assert contract is not None, faults
    found = tmp_path / "mesh_home"
    row = {"name": "CANARY-VALUE-name", "city": "CANARY-VALUE-city", "country": "GB"}
    rows = ({"id": number, **row} for number in range(ROWS))
    publish_party(party_port(found), contract, rows, gate=GATE)
    record_use(found, PORT, 0, ["name"], "CANARY-READER")
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path))
    monkeypatch.setenv("MESH_HOME", str(found))
    monkeypatch.chdir(tmp_path)
    return found


@pytest.fixture
def shown(home, capsys, monkeypatch):
    """Everything that the commands about metadata print or write, for the reader of the home."""
    mesh = Command(capsys, monkeypatch)

    def collect() -> str:
        said = [mesh(*words) for words in COMMANDS]
        assert {each.code for each in said} <= {0, 1}
        assert mesh("export").code == 0
        files = [file.read_text(encoding="utf-8") for file in (home / "export").rglob("*.yaml")]
        assert len(files) == 2
        return "\n".join([*(each.out + each.err for each in said), *files])

    return collect


def counted(text):
    """Which numbers are in a text, as written for people or programs."""
    return {
        name
        for name, number in (("rows", ROWS), ("failing", FAILING))
        if {str(number), f"{number:,}"} & set(_words(text))
    }


def _words(text):
    return "".join(each if each.isdigit() or each == "," else " " for each in text).replace(", ", " ").split()


def test_nobody_sees_sizes_and_neither_values_nor_measures_nor_readers(home, shown):
    text = shown()
    assert counted(text) == {"rows"}
    assert "CANARY-VALUE" not in text
    assert "CANARY-NAME" not in text
    assert "CANARY-READER" not in text
    assert '"id"' in text


@pytest.mark.parametrize(
    ("role", "domain", "purpose", "is_reader_shown"),
    [
        ("clerk", None, "service", False),
        ("data_owner", "retail", "stewardship", True),
        ("governance_auditor", None, "audit", True),
    ],
)
def test_who_reads_is_for_owners_and_auditors(home, shown, role, domain, purpose, is_reader_shown):
    read_as(home, role, domain=domain, purpose=purpose)
    text = shown()
    assert ("CANARY-READER" in text) is is_reader_shown
    assert [word for word in ("CANARY-VALUE", "CANARY-NAME") if word in text] == []


def test_measures_follow_the_columns_that_a_reader_sees(home, capsys, monkeypatch):
    mesh = Command(capsys, monkeypatch)

    def measures(role):
        read_as(home, role, purpose="service")
        (version,) = json.loads(mesh("show", PORT, "--json").out)["versions"]
        return {clause["name"]: clause["failing_rows"] for clause in version["gate"]["clauses"]}, version["rows"]

    assert measures("officer") == ({"name__required": FAILING, "city__required": FAILING}, ROWS)
    assert measures("clerk") == ({"name__required": None, "city__required": FAILING}, ROWS)


def test_no_number_of_all_rows_is_left_under_a_row_filter(home, shown):
    (home.parent / "policies/rows.cedar").write_text(FILTER, encoding="utf-8")
    read_as(home, "clerk", purpose="service")
    text = shown()
    # The descriptor that `mesh export` writes is for tools outside, and has the size of the table for everybody.
    without = text.replace(f"value: {ROWS}", "")
    assert counted(without) == set()
    assert "CANARY" not in without


def test_a_token_that_does_not_count_shows_what_everybody_sees_and_why(home, shown, capsys, monkeypatch):
    session_file(home).parent.mkdir(parents=True)
    session_file(home).write_text(json.dumps({"token": "no.token.at.all", "purpose": "service"}), encoding="utf-8")
    assert counted(shown()) == {"rows"}
    said = Command(capsys, monkeypatch)("products")
    assert said.code == 0
    assert "What everybody may see is shown." in said.err


def test_the_client_gives_the_same_facts_as_the_commands(home, capsys, monkeypatch):
    mesh = Command(capsys, monkeypatch)
    (home.parent / "policies/rows.cedar").write_text(FILTER, encoding="utf-8")
    read_as(home, "clerk", purpose="service")
    (version,), (state,) = DataMeshClient().history(PORT), DataMeshClient().products()
    assert version == json.loads(mesh("show", PORT, "--json").out)["versions"][0]
    assert (version["rows"], version["gate"]["rows"], state.rows) == (None, None, None)
    assert {clause["failing_rows"] for clause in version["gate"]["clauses"]} == {None}
    read_as(home, "officer", purpose="service")
    assert [DataMeshClient().history(PORT)[0]["rows"], DataMeshClient().products()[0].rows] == [ROWS, ROWS]


def test_a_token_and_a_purpose_of_the_client_decide_about_its_facts(home):
    (home.parent / "policies/rows.cedar").write_text(FILTER, encoding="utf-8")
    seen = {}
    for role in ("clerk", "officer"):
        token = issue_token(home, role, [role], days=1, now=datetime.now(UTC))
        seen[role] = DataMeshClient(token=token, purpose="service").products()[0].rows
    assert seen == {"clerk": None, "officer": ROWS}
