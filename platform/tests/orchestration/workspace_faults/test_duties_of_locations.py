"""Duties along lineage in a workspace: at load, among its faults, and before a version is published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from command import Command
from vault_workspace import LEDGER

from bankmesh.access.duties.duty_faults import REFUSED, RULES
from bankmesh.access.duties.model import Duty
from bankmesh.products.inputs.duty_guard import FOLDER

if TYPE_CHECKING:
    from vault_workspace import Two

WEEK = "contracts/week.odcs.yaml"
MODEL = "products/first_hour.sql"
HOURS = "till.hour"
WIDENED = RULES[Duty.PURPOSES]
GRANT = """\
  - property: derivationGrants
    value:
      - product: {product}
        columns: [{columns}]
        lifts: [purposes]
        by: Shop Data
        date: "2026-11-30"
        why: Hours say nothing about customers.
"""


def edit_ledger(two: Two, old: str, new: str) -> None:
    file = two.root / LEDGER
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def admit(two: Two, *ports: str) -> None:
    edit_ledger(two, "value: [booth.opening_hour, booth.week, booth.first_hour]", f"value: [{', '.join(ports)}]")


def allow(two: Two, *purposes: str) -> None:
    """Let the product `week`, which reads the ledger, be read for these purposes."""
    written = f"  - property: purposes\n    value: [{', '.join(purposes)}]\n"
    two.edit(WEEK, "customProperties:\n", f"customProperties:\n{written}")


def granted(two: Two, product: str, *columns: str) -> None:
    edit_ledger(
        two, "customProperties:\n", "customProperties:\n" + GRANT.format(product=product, columns=", ".join(columns))
    )


def test_products_that_read_no_more_than_they_may_are_loaded_without_a_second_check(two: Two) -> None:
    two.home.mkdir()
    assert two.found_with_locations() == []
    passed = {file.name: json.loads(file.read_text()) for file in (two.home / FOLDER / "booth").iterdir()}
    assert passed.keys() == {"week.json", "first_hour.json", "best_hour.json"} | passed.keys()
    edit_ledger(two, "Shop Data", "Vault Data")
    assert two.found_with_locations() == []
    again = {file.name: json.loads(file.read_text()) for file in (two.home / FOLDER / "booth").iterdir()}
    assert {name for name in passed if passed[name] != again[name]} == {"week.json", "first_hour.json"}


def test_a_reader_of_another_domain_that_the_contract_does_not_name_is_refused_with_its_line(two: Two) -> None:
    admit(two, "booth.opening_hour", "booth.week")
    ((file, line, rule, message),) = two.found_with_locations()
    assert (file, line, rule) == (MODEL, 1, REFUSED)
    assert "add booth.first_hour to `consumers` of" in message


def test_a_purpose_that_the_input_does_not_allow_keeps_the_location_from_loading_until_it_is_granted(two: Two) -> None:
    allow(two, "model_training")
    granted(two, "booth.week", "weekday")
    ((file, _, rule, message),) = two.found_with_locations()
    assert (file, rule) == (WEEK, WIDENED)
    assert "Path: vault.ledger.opens → booth.week.opens" in message
    assert "columns: [opens], lifts: [purposes]" in message

    edit_ledger(two, "columns: [weekday]", "columns: [weekday, opens]")
    assert two.found_with_locations() == []


def test_a_grant_without_effect_is_a_fault_of_its_contract(two: Two) -> None:
    granted(two, "booth.week", "weekday")
    ((file, _, rule, message),) = two.found_with_locations()
    assert (file, rule) == (LEDGER, "grant-without-effect")
    assert "weekday of booth.week would keep the duty purposes without it" in message


def test_the_command_shows_what_each_column_inherits_and_what_is_lifted(two: Two, capsys, monkeypatch) -> None:
    allow(two, "model_training")
    granted(two, "booth.week", "weekday", "opens")
    shown = Command(capsys, monkeypatch)("policy", "duties", "booth.week", "--json")
    first = json.loads(shown.out)[0]
    assert (first["column"], first["source"], first["from_columns"]) == ("weekday", "vault.ledger", ["weekday"])
    assert (first["path"], first["lifted"]) == (["vault.ledger.weekday", "booth.week.weekday"], ["purposes"])


def test_a_version_is_refused_if_the_input_has_come_to_allow_less_since_the_location_loaded(two: Two) -> None:
    vault, booth = two.mesh("vault"), two.mesh("booth")
    assert booth.run(HOURS, "opening_hour").success
    two.forget()
    assert vault.run("ledger").success
    admit(two, "booth.opening_hour", "booth.first_hour")
    run = booth.run("week")
    assert booth.versions("week") == []
    check = run.checks("week")["classification"]
    assert not check.passed
    assert "duties to inputs: " in check.description
    assert "booth.week reads vault.ledger" in check.description


def test_a_version_is_refused_while_the_policies_have_faults(two: Two) -> None:
    vault, booth = two.mesh("vault"), two.mesh("booth")
    assert booth.run(HOURS, "opening_hour").success
    two.forget()
    (two.root / "policies").mkdir()
    (two.root / "policies/odd.cedar").write_text("permit (principal, action, resource) when { nothing };\n")
    run = vault.run("ledger")
    assert vault.versions("ledger") == []
    assert "could not be evaluated: the duties to its inputs are not known" in run.failure("ledger")
