"""Roles, purposes, masks and grants that contracts name are resolved in the workspace, and faults have their line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from command import Command

if TYPE_CHECKING:
    from booth_workspace import Booth

ROLES = """\
roles:
  clerk:
    description: Sells.
    clearance: internal
    purposes: [selling]
"""
PURPOSES = "purposes:\n  selling: Selling.\n"
CONTRACT = "contracts/sale.odcs.yaml"


def list_roles(booth: Booth, roles: str = ROLES) -> None:
    (booth.root / "policies").mkdir()
    (booth.root / "policies/roles.yaml").write_text(roles, encoding="utf-8")
    (booth.root / "policies/purposes.yaml").write_text(PURPOSES, encoding="utf-8")


def give_access(booth: Booth, role: str = "clerk", purpose: str = "selling") -> None:
    file = booth.path(CONTRACT)
    text = file.read_text(encoding="utf-8")
    text = text.replace(
        "customProperties:\n", f"customProperties:\n  - property: purposes\n    value: [{purpose}]\n", 1
    )
    file.write_text(text.replace("support:\n", f"roles:\n  - role: {role}\n    access: read\nsupport:\n", 1))


def line_of(booth: Booth, words: str) -> int:
    lines = booth.path(CONTRACT).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


def test_names_that_are_listed_are_no_fault(booth):
    list_roles(booth)
    give_access(booth)
    assert booth.found_with_locations() == []


def test_a_role_that_is_not_listed_is_a_fault_with_the_nearest_name(booth):
    list_roles(booth)
    give_access(booth, role="clerks")
    [(place, line, rule, message)] = booth.found_with_locations()
    assert (place, line, rule) == (CONTRACT, line_of(booth, "role: clerks"), "unknown-role")
    assert "Did you mean clerk?" in message


def test_a_role_that_holds_no_purpose_of_the_contract_is_a_fault(booth):
    list_roles(booth)
    give_access(booth, purpose="stewardship")
    [(place, line, rule, message)] = booth.found()
    assert (place, line, rule) == (CONTRACT, line_of(booth, "role: clerk"), "idle-role")
    assert "for stewardship, but it holds only selling" in message


def test_a_workspace_without_a_list_of_roles_does_not_check_their_names(booth):
    give_access(booth, role="anybody", purpose="stewardship")
    assert booth.found_with_locations() == []


def test_a_purpose_that_is_not_defined_is_a_fault_in_every_workspace(booth):
    give_access(booth, purpose="stewardshp")
    [(place, line, rule, message)] = booth.found_with_locations()
    assert (place, line, rule) == (CONTRACT, line_of(booth, "value: [stewardshp]"), "unknown-purpose")
    assert "Did you mean stewardship?" in message


def test_faults_of_the_lists_are_reported_once_and_not_as_faults_of_contracts(booth):
    list_roles(booth, ROLES.replace("[selling]", "[sellin]"))
    give_access(booth)
    [(place, line, rule, _)] = booth.found_with_locations()
    assert (place, line, rule) == ("policies/roles.yaml", 5, "unknown-purpose")


@pytest.mark.parametrize(
    ("mask", "said"), [("hide", "write null, redact"), ("generalise(month)", "does not suit")]
)  # fmt: skip
def test_a_mask_that_does_not_exist_or_fit_is_a_fault_on_its_line(booth, mask, said):
    old = "classification: confidential\n"
    given = f'        customProperties:\n          - property: mask\n            value: "{mask}"\n'
    booth.edit(CONTRACT, old, old + given)
    [(place, line, rule, message)] = booth.found()
    assert (place, line, rule) == (CONTRACT, line_of(booth, f'value: "{mask}"'), "bad-mask")
    assert said in message


@pytest.mark.parametrize(
    ("product", "column", "said"),
    [("booth.nothing", "amount", "no product booth.nothing"), ("booth.top_customer", "nothing", "no column nothing")],
)
def test_a_grant_for_what_is_not_there_is_a_fault(booth, product, column, said):
    grant = (
        f"  - property: derivationGrants\n    value:\n      - {{product: {product}, columns: [{column}], lifts: [rows], "
        'by: owner, date: "2026-01-01", why: Because.}\n'
    )
    booth.edit(CONTRACT, "customProperties:\n", f"customProperties:\n{grant}")
    [(place, line, rule, message)] = booth.found()
    assert (place, line, rule) == (CONTRACT, line_of(booth, f"product: {product}"), "unknown-grant")
    assert said in message


def test_contracts_given_by_path_are_checked_against_the_workspace_around(booth, capsys, monkeypatch):
    list_roles(booth)
    give_access(booth, role="clerks")
    done = Command(capsys, monkeypatch)("contract", "check", str(booth.path(CONTRACT)), "--json")
    assert done.code == 1
    assert [fault["rule"] for fault in json.loads(done.out)] == ["unknown-role"]
