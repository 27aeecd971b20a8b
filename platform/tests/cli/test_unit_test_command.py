"""`mesh test`: dbt's unit tests of models, on the rows that they mock."""

from __future__ import annotations

import json
import shutil
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from command import Command

UNIT_TESTS = """\
    unit_tests:
      - name: months_are_first_days
        model: monthly_sale
        given:
          - input: ref('stg_till__sales')
            rows: [{sale_id: 1, sold_on: 2024-02-29, amount: 2.50}]
        expect:
          rows: [{sale_id: 1, month: 2024-02-01, amount: 2.50}]
      - name: all_sales_are_taken
        model: stg_till__sales
        given:
          - input: source('till', 'sale')
            rows: [{sale_id: 1}, {sale_id: 2}]
        expect:
          rows: [{sale_id: 1}, {sale_id: 3}]
      - name: a_published_product_is_mocked
        model: customer_spend
        given:
          - input: source('shop', 'sale')
            rows: [{customer_id: 7, amount: 1.00}, {customer_id: 7, amount: 2.00}]
        expect:
          rows: [{customer_id: 7, sales: 2, total: 3.00}]
      - name: no_such_input
        model: top_customer
        given: []
        expect:
          rows: [{customer_id: 1}]
"""


@pytest.fixture
def tested(mesh: Command, published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`mesh(...)` in a copy of the workspace that has unit tests of every outcome."""
    root = tmp_path / "tested"
    shutil.copytree(published.settings.root, root)
    (root / "dbt_project/models/shop/products/unit_tests.yml").write_text(dedent(UNIT_TESTS))
    monkeypatch.setenv("BANKMESH_ROOT", str(root))
    monkeypatch.chdir(root)
    return mesh


def test_every_outcome_is_listed_and_one_that_is_no_pass_fails_the_command(tested: Command) -> None:
    said = tested("test", "--json")
    results = {(found["model"], found["name"]): found for found in json.loads(said.out)}
    assert {names: found["outcome"] for names, found in results.items()} == {
        ("monthly_sale", "months_are_first_days"): "passed",
        ("stg_till__sales", "all_sales_are_taken"): "failed",
        ("customer_spend", "a_published_product_is_mocked"): "passed",
        ("top_customer", "no_such_input"): "errored",
    }
    assert said.code == 1
    assert results["stg_till__sales", "all_sales_are_taken"]["message"].splitlines()[-2:] == ["+++,2", "---,3"]


def test_a_product_is_tested_with_what_it_is_made_of(tested: Command) -> None:
    said = tested("test", "shop.monthly_sale")
    assert (said.code, "stg_till__sales::all_sales_are_taken failed" in said.out) == (1, True)
    assert said.out.splitlines()[-1] == "2 unit tests, 1 not passed"
    said = tested("test", "shop.customer_spend")
    assert (said.code, said.out.splitlines()[-1]) == (0, "1 unit tests, 0 not passed")


def test_products_without_unit_tests_say_so(mesh: Command) -> None:
    said = mesh("test", "shop.sale", "shop.monthly_sale")
    assert said.code == 0
    assert "shop.sale is not a dbt product; pytest runs the tests of its transform" in said.out
    assert "shop.monthly_sale has no unit tests" in said.out
    assert said.out.splitlines()[-1] == "0 unit tests, 0 not passed"
    assert mesh("test", "shop.monthly_sael").code == 2
