"""`mesh profile`: what people type and read."""

from __future__ import annotations

import json

import pytest
from command import Command
from diff_samples import key_column, party_contract, party_port, publish_party, write_party_workspace

COLUMNS = {
    "id": key_column("integer", classification="internal"),
    "country": "string",
    "name": {"logicalType": "string", "classification": "confidential"},
}


@pytest.fixture
def mesh(tmp_path, capsys, monkeypatch):
    for name in ("BANKMESH_ROOT", "MESH_HOME", "BANK_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    contract = party_contract(COLUMNS)
    write_party_workspace(tmp_path, contract)
    for country in ("GB", "FR"):
        rows = [{"id": n, "country": country, "name": f"Ada {n}" if n else None} for n in range(40)]
        publish_party(party_port(tmp_path / ".mesh"), contract, rows)
    return Command(capsys, monkeypatch)


def test_the_newest_version_or_a_named_one_is_shown(mesh):
    said = mesh("profile", "retail.party")
    first, rows, _, heading, *lines = said.out.splitlines()
    assert (said.code, said.err) == (0, "")
    assert first.startswith("retail.party: version 1 (published 20")
    assert rows.startswith("40 rows; ")
    assert heading == "column\tnulls\tdistinct\tvalues"
    assert lines[1] == "country\t0\t1\tFR 40"
    assert lines[2] == "name\twithheld\t39\tnone: it is confidential, so no values are shown"
    assert "country\t0\t1\tGB 40" in mesh("profile", "retail.party", "--version", "0").out.splitlines()
    assert "Ada" not in said.out


def test_json_has_the_groups(mesh):
    found = json.loads(mesh("profile", "retail.party", "--json").out)
    assert (found["product"], found["version"], found["rows"]) == ("retail.party", 1, 40)
    assert found["columns"][1]["groups"] == [{"start": "FR", "end": "FR", "rows": 40}]
    assert found["columns"][1]["nulls"] == 0


def test_names_and_versions_that_do_not_exist_are_wrong_calls(mesh):
    assert mesh("profile", "retail.partie").code == 2
    said = mesh("profile", "retail.party", "--version", "7")
    assert said.code == 2
    assert "version 7" in said.err
