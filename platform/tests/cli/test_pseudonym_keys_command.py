"""`mesh policy keys`: the file of keys is made once, and rotated on request."""

import json

import pytest
from typer.testing import CliRunner

from bankmesh.access.masks.key_provider import KEY_FILE
from bankmesh.cli.pseudonym_key_commands import app


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "workspace.yaml").write_text("load_from: []\n")
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path))
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "mesh"))
    return tmp_path / "mesh"


def test_keys_are_created_once_and_rotated_on_request(home):
    runner = CliRunner()
    assert "Created a key, version 1." in runner.invoke(app, ["create"]).output
    assert "was not changed" in runner.invoke(app, ["create"]).output
    rotated = runner.invoke(app, ["rotate"])
    assert "version 2" in rotated.output
    document = json.loads((home / KEY_FILE).read_text())
    assert document["current"] == 2
    assert not any(key in rotated.output for key in document["keys"].values())


def test_there_is_nothing_to_rotate_without_keys(home):
    refused = CliRunner().invoke(app, ["rotate"])
    assert refused.exit_code == 1
    assert not (home / KEY_FILE).exists()
