"""The one switch: a file in the mesh home, and an environment variable that is stronger."""

import datetime as dt

import pytest
from typer.testing import CliRunner

from bankmesh.cli.command_table import build_application
from bankmesh.orchestration.automation.automation_switch import read_switch, turn
from bankmesh.settings import BadSwitch

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _silent_environment(monkeypatch):
    monkeypatch.delenv("BANKMESH_AUTOMATION", raising=False)


def test_it_is_on_where_nobody_has_touched_it(tmp_path):
    assert read_switch(tmp_path / "new").on


def test_it_keeps_what_it_was_told_with_time_and_name(tmp_path):
    turn(tmp_path / "home", NOW, on=False)
    switch = read_switch(tmp_path / "home")
    assert not switch.on
    assert switch.since == "2026-01-02T03:04:05+00:00"
    assert str(switch).startswith("automation is off since 2026-01-02T03:04:05+00:00, by ")
    assert turn(tmp_path / "home", NOW, on=True).on


@pytest.mark.parametrize("word", ["off", "OFF", "0", "false", "no"])
def test_the_environment_is_stronger(tmp_path, monkeypatch, word):
    monkeypatch.setenv("BANKMESH_AUTOMATION", word)
    assert not turn(tmp_path, NOW, on=True).on
    assert str(read_switch(tmp_path)) == "automation is off: the environment sets BANKMESH_AUTOMATION=off"


def test_an_environment_that_says_on_leaves_the_file_its_word(tmp_path, monkeypatch):
    monkeypatch.setenv("BANKMESH_AUTOMATION", "on")
    assert not turn(tmp_path, NOW, on=False).on


def test_neither_on_nor_off_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("BANKMESH_AUTOMATION", "perhaps")
    with pytest.raises(BadSwitch, match="BANKMESH_AUTOMATION is 'perhaps'; write on or off"):
        read_switch(tmp_path)
    monkeypatch.delenv("BANKMESH_AUTOMATION")
    (tmp_path / "automation.json").write_text("off")
    with pytest.raises(BadSwitch, match=r"automation\.json is 'off'"):
        read_switch(tmp_path)


def test_the_command_turns_it_and_says_how_it_stands(tmp_path, monkeypatch):
    (tmp_path / "workspace.yaml").write_text("load_from: []\n")
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path))
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "home"))
    mesh = CliRunner()
    assert mesh.invoke(build_application(["automation"]), ["automation", "status"]).output == "automation is on\n"
    off = mesh.invoke(build_application(["automation"]), ["automation", "off"])
    assert off.exit_code == 0
    assert off.output.startswith("automation is off since 20")
    assert mesh.invoke(build_application(["automation"]), ["automation", "status", "--json"]).exit_code == 1
    monkeypatch.setenv("BANKMESH_AUTOMATION", "off")
    assert mesh.invoke(build_application(["automation"]), ["automation", "on"]).exit_code == 1
