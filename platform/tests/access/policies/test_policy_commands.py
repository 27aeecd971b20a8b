"""`mesh policy check`, `explain` and `test`, as a person calls them."""

from __future__ import annotations

import json

import pytest
from access_workspace import write_access_workspace
from command import Command

TABLE = "cases:\n  - as: clerk\n    purpose: service\n    product: shop.customer\n    others: show\n"
POLICY = 'forbid (principal, action in [Action::"show", Action::"mask"], resource == Column::"shop.customer.shop");\n'


@pytest.fixture
def mesh(capsys, monkeypatch):
    return Command(capsys, monkeypatch)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    workspace = write_access_workspace(tmp_path / "work")
    monkeypatch.chdir(workspace.root)
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "home"))
    return workspace


def test_explain_shows_each_column_with_the_line_behind_its_outcome(shop, mesh):
    shop.policy(POLICY)
    found = mesh("policy", "explain", "--as", "clerk", "--purpose", "service", "shop.customer")
    assert found.code == 0
    rows = dict(line.split("\t")[:2] for line in found.out.splitlines() if line.count("\t") == 2)
    assert rows["name"] == "partial(last: 4)"
    assert rows["shop"] == "withhold"
    assert "policies/own.cedar:1" in found.out


def test_explain_for_scripts_holds_places_and_digests(shop, mesh):
    found = json.loads(
        mesh("policy", "explain", "--as", "clerk", "--purpose", "service", "shop.customer", "--json").out
    )
    assert found["refused"] is False
    assert {column["outcome"] for column in found["columns"]} == {"show", "mask"}
    assert all(reason["line"] for column in found["columns"] for reason in column["reasons"])
    assert len(found["policy_digest"]) == 64


def test_explain_of_a_refusal_ends_with_1_and_names_who_could_read(shop, mesh):
    found = mesh("policy", "explain", "--as", "clerk", "--purpose", "marketing", "shop.customer")
    assert found.code == 1
    assert "shop.customer may be read for marketing by seller" in found.out


def test_explain_without_a_purpose_lists_those_that_are_possible(shop, mesh):
    assert "marketing.offers" in mesh("policy", "explain", "--as", "seller", "shop.customer").out
    everybody = mesh("policy", "explain", "shop.customer").out.splitlines()
    assert "clerk\tservice" in everybody
    assert not [line for line in everybody if line.startswith("stranger")]


def test_explain_reads_the_roles_of_an_issued_token(shop, mesh):
    assert mesh("token", "issue", "--role", "clerk", "--as", "alice").code == 0
    found = mesh("policy", "explain", "--as", "alice", "--purpose", "service", "shop.customer")
    assert (found.code, "as alice: permitted" in found.out) == (0, True)


def test_explain_of_an_unknown_reader_suggests_one(shop, mesh):
    found = mesh("policy", "explain", "--as", "clrek", "--purpose", "service", "shop.customer")
    assert (found.code, "Did you mean clerk?" in found.err) == (2, True)


def test_check_lists_faults_with_file_and_line(shop, mesh):
    assert mesh("policy", "check").code == 0
    shop.policy(f"{POLICY}permit (principal, action, resource)")
    found = mesh("policy", "check")
    assert (found.code, found.out.splitlines()[0][:22]) == (1, "policies/own.cedar:2: ")
    shop.policy('permit (principal in Role::"clerk", action == Action::"show", resource) when { false };')
    (fault,) = json.loads(mesh("policy", "check", "--json").out)
    assert (fault["file"], fault["line"], fault["rule"]) == ("policies/own.cedar", 1, "unreachable-policy")


def test_test_fails_without_tables_and_with_one_that_differs(shop, mesh):
    assert mesh("policy", "test").code == 1
    shop.write("policies/tests/own.yaml", TABLE)
    found = mesh("policy", "test")
    assert found.code == 1
    assert "policies/tests/own.yaml:2: name: expected show" in found.out
    shop.write("policies/tests/own.yaml", f'{TABLE}    columns: {{name: "partial(last: 4)", phone: redact}}\n')
    assert mesh("policy", "test").code == 0
