"""The code version of a dbt product changes with all that can change its rows, whether dbt records it or not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from kiosk_project import load, versions_of

if TYPE_CHECKING:
    from pathlib import Path


CHANGES = {
    "a macro of a package": ("local/pricing/macros/price.sql", "+ 1)", "+ 2)"),
    "a macro that a package dispatches to": (
        "local/pricing/macros/price.sql",
        "default__price(x) %}(",
        "default__price(x) %}(0 + ",
    ),
    "a model of a package": ("local/pricing/models/stg_large.sql", ">=", ">"),
    "a variable of a package": ("local/pricing/dbt_project.yml", "fee: 1", "fee: 2"),
    "a variable that the project sets for a package": ("dbt_project.yml", "floor: 0", "floor: 1"),
    "a variable": ("dbt_project.yml", "least: 10", "least: 11"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_code_version_changes_with(kiosk: Path, kind: str) -> None:
    file, old, new = CHANGES[kind]
    path = kiosk / "domains/shop/dbt" / file
    before = versions_of(kiosk)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    after = versions_of(kiosk)
    assert after["customer_spend"] != before["customer_spend"]
    # It reads none of them.
    assert after["top_customer"] == before["top_customer"]
    assert (after["monthly_sale"] != before["monthly_sale"]) == (kind == "a variable")


def test_a_variable_that_no_model_reads_changes_no_code_version_without_packages(kiosk: Path) -> None:
    path = kiosk / "domains/shop/dbt/dbt_project.yml"
    before = versions_of(kiosk)
    path.write_text(path.read_text().replace("unused: 1", "unused: 2"))
    after = versions_of(kiosk)
    assert {name for name in after if after[name] != before[name]} == {"customer_spend"}


HIDDEN = {
    "behind execute": ("{% if execute %}{{ half(8) }}{% else %}0{% endif %}", ("more_macros/half.sql", "/ 2", "/ 3")),
    "by another name": ("{% set f = {'h': half} %}{{ f['h'](8) }}", ("more_macros/half.sql", "/ 2", "/ 3")),
    "of a package": (
        "{% if execute %}{{ pricing.price(1) }}{% endif %}",
        ("local/pricing/macros/price.sql", "+ 1", "+ 2"),
    ),
    "a variable with a computed name": ("{{ var('le' ~ 'ast') }}", ("dbt_project.yml", "least: 10", "least: 11")),
    "a description": ("{{ model.description | length }}", ("transform/marts/top.yml", "Best.", "The best.")),
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_what_dbt_does_not_record_changes_the_code_version_too(kiosk: Path, kind: str) -> None:
    expression, (file, old, new) = HIDDEN[kind]
    own = kiosk / "domains/shop/dbt"
    (own / "transform/marts/top.yml").write_text("models: [{name: top_customer, description: Best.}]\n")
    model = own / "transform/marts/top_customer.sql"
    model.write_text(model.read_text().replace("select customer_id", f"select {expression} as hidden, customer_id", 1))
    before = versions_of(kiosk)
    path = own / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert versions_of(kiosk)["top_customer"] != before["top_customer"]


def test_properties_that_change_with_their_time_kept_are_parsed_again(kiosk: Path) -> None:
    file = kiosk / "domains/shop/dbt/transform/marts/tests.yml"
    tests = [
        "models: [{name: customer_spend, columns: [{name: total, data_tests: [{not_null: {where: 1=0}}, unique]}]}]\n",
        "models: [{name: customer_spend, columns: [{name: total, data_tests: [not_null]}]}]\n",
    ]
    found = []
    for text in (*tests, tests[0]):
        file.write_text(text)
        os.utime(file, (1_000_000_000, 1_000_000_000))
        clauses = load(kiosk).products["customer_spend"].contract.clauses
        found.append({(c.name, str(c.rule)) for c in clauses if c.name.startswith(("not_null", "unique_"))})
    assert [len(clauses) for clauses in found] == [2, 1, 2]
    assert found[0] == found[2]


def test_a_project_that_asks_dbt_to_write_no_manifest_is_parsed_again_when_it_changes(kiosk: Path) -> None:
    own = kiosk / "domains/shop/dbt"
    (own / "dbt_project.yml").write_text("flags: {write_json: false}\n" + (own / "dbt_project.yml").read_text())
    before = versions_of(kiosk)
    model = own / "transform/marts/top_customer.sql"
    model.write_text(model.read_text() + "-- changed\n")
    assert versions_of(kiosk)["top_customer"] != before["top_customer"]
