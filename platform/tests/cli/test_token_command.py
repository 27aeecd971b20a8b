"""`mesh token`: who reads on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from booth_workspace import booth
from command import Command

__all__ = ["booth"]


@pytest.fixture
def command(booth, capsys, monkeypatch):
    for name in ("BANKMESH_TOKEN", "BANKMESH_PURPOSE"):
        monkeypatch.delenv(name, raising=False)
    return Command(capsys, monkeypatch)


def test_the_first_token_is_used_and_a_second_one_is_chosen(command):
    said = command("token", "issue", "--role", "data_owner", "--as", "olga", "--domain", "booth")
    assert said.code == 0
    assert said.out.startswith("olga: data_owner of booth, until ")
    assert "It may read for: stewardship." in said.out
    assert json.loads(command("token", "show", "--json").out)["id"] == "olga"

    said = command("token", "issue", "--role", "governance_auditor")
    assert "mesh token use governance_auditor" in said.out
    assert json.loads(command("token", "show", "--json").out)["id"] == "olga"

    said = command("token", "use", "governance_auditor", "--purpose", "audit")
    assert (said.code, said.out.splitlines()[-1]) == (0, "Reads that name no purpose are for audit.")
    shown = json.loads(command("token", "show", "--json").out)
    assert (shown["id"], shown["roles"], shown["purpose"]) == ("governance_auditor", ["governance_auditor"], "audit")
    assert shown["issued"] == ["governance_auditor", "olga"]


def test_the_environment_goes_before_the_choice(command, monkeypatch):
    command("token", "issue", "--role", "data_owner", "--as", "olga")
    command("token", "issue", "--role", "governance_auditor", "--as", "carl")
    monkeypatch.setenv("BANKMESH_TOKEN", "carl")
    monkeypatch.setenv("BANKMESH_PURPOSE", "audit")
    shown = json.loads(command("token", "show", "--json").out)
    assert (shown["id"], shown["purpose"], shown["from"]) == ("carl", "audit", "BANKMESH_TOKEN")
    said = command("token", "use", "olga")
    assert "BANKMESH_TOKEN" in said.err


def test_a_token_may_come_from_a_file(command, tmp_path):
    issued = json.loads(command("token", "issue", "--role", "data_owner", "--json").out)
    file = tmp_path / "token"
    file.write_text(Path(issued["file"]).read_text() + "\n")
    assert command("token", "use", str(file)).code == 0
    said = command("token", "use", "nobody")
    assert (said.code, said.err) == (2, "mesh: There is no issued token or file nobody. Known: data_owner.\n")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("issue",), "--role"),
        (("issue", "--role", "owner"), "There is no role owner. Did you mean data_owner?"),
        (("issue", "--role", "data_product"), "There is no role data_product."),
        (("issue", "--role", "data_owner", "--domain", "boot"), "There is no domain boot. Did you mean booth?"),
        (("issue", "--role", "data_owner", "--days", "91"), "1 to 90"),
        (("issue", "--role", "data_owner", "--as", "../x"), "is no reader's id"),
        (("show",), "mesh token issue --role ROLE"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(command, words, problem):
    said = command("token", *words)
    assert said.code == 2
    assert problem in said.err


def test_a_token_that_is_given_instead_of_its_name_is_not_repeated(command):
    issued = json.loads(command("token", "issue", "--role", "data_owner", "--json").out)
    token = Path(issued["file"]).read_text()
    for given in (token, token[:90], token * 9):
        said = command("token", "use", given)
        assert said.code == 2
        assert token[:30] not in said.out + said.err


def test_a_purpose_that_the_reader_does_not_hold_is_refused(command):
    command("token", "issue", "--role", "data_owner")
    said = command("token", "use", "data_owner", "--purpose", "audit")
    assert (said.code, said.err) == (
        2, "mesh: data_owner may not read for audit. Its roles and its client may read for: stewardship.\n"
    )  # fmt: skip
    assert "no purpose shops" in command("token", "use", "data_owner", "--purpose", "shops").err


def test_no_output_holds_a_token(command):
    for words in (
        ("issue", "--role", "data_owner"), ("issue", "--role", "data_owner", "--json"), ("use", "data_owner"),
        ("use", "data_owner", "--json"), ("show",), ("show", "--json"),
    ):  # fmt: skip
        said = command("token", *words)
        assert said.code == 0
        assert "eyJ" not in said.out + said.err


def test_a_token_that_is_replaced_with_other_rights_is_named(command):
    assert "works for no domain" in command("token", "issue", "--role", "data_owner").err
    said = command("token", "issue", "--role", "data_owner", "--domain", "booth")
    assert said.err == "It replaces the token of data_owner. `--as ID` issues one beside it.\n"
    assert command("token", "issue", "--role", "data_owner", "--domain", "booth").err == ""


def test_the_purpose_in_use_is_not_that_of_another_token(command, monkeypatch):
    command("token", "issue", "--role", "data_owner", "--domain", "booth", "--purpose", "stewardship")
    command("token", "issue", "--role", "governance_auditor", "--as", "carla")
    assert json.loads(command("token", "show", "--json").out)["purpose"] == "stewardship"
    monkeypatch.setenv("BANKMESH_TOKEN", "carla")
    assert json.loads(command("token", "show", "--json").out)["purpose"] is None
