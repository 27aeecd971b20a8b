"""Faults of `defs.yaml`: schema, contract, transform and parameters, each on its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from booth_workspace import Booth

SALE = "defs/sale/defs.yaml"


def test_a_sound_workspace_has_no_fault(booth: Booth) -> None:
    assert booth.found() == []
    assert not booth.home.exists()


@pytest.mark.parametrize(
    ("old", "new", "line", "rule", "said"),
    [
        ("type: ", "type: [", 2, "yaml-syntax", "not valid YAML"),
        ("type:", "typ:", 1, "component-file", "typ is not a key here. Did you mean type?"),
        ("PolarsDataProduct", "PolarDataProduct", 1, "unknown-component", "Did you mean bankmesh.PolarsDataProduct?"),
        ("bankmesh.Polars", "bankmash.Polars", 1, "unknown-component", "there is no component bankmash.Polars"),
        ("bankmesh.PolarsDataProduct", "bankmesh.errors.Fault", 1, "unknown-component", "is not a Dagster component"),
        ("  transform:", "  transfrom:", 4, "component-attributes", "Did you mean transform?"),
        ("  inputs:\n    sales: till.sale", "  inputs: till.sale", 5, "component-attributes", "attributes.inputs"),
        ("contract: sale", "contract: sale\n  major: first", 4, "component-attributes", "attributes.major"),
        ("contract: sale", "contract: sales", 3, "unknown-contract", "of booth.sales. Did you mean booth.sale?"),
        ("contract: sale", "contract: sale\n  major: 2", 3, "unknown-contract", "of booth.sale@2"),
        (".transform:sale", ".transform", 4, "unknown-transform", "write .module:function"),
        (".transform:sale", ".transfrom:sale", 4, "unknown-transform", "Did you mean transform?"),
        (".transform:sale", ".transform:sales", 4, "unknown-transform", "no function sales. Did you mean sale?"),
        ("till.sale", "till.sales", 6, "unknown-input", "till declares no object sales. Did you mean sale?"),
        ("till.sale", "booth.customer_spent", 6, "unknown-input", "Did you mean booth.customer_spend?"),
        ("till.sale", "crm.client", 6, "unknown-input", "there is no contract of crm.client. Restore it"),
    ],
)  # fmt: skip
def test_a_fault_is_on_its_line(booth: Booth, old: str, new: str, line: int, rule: str, said: str) -> None:
    booth.edit(SALE, old, new)
    assert [(file, at, kind) for file, at, kind, _ in booth.found() if said in _] == [(SALE, line, rule)]


def test_a_missing_attribute_is_named(booth: Booth) -> None:
    booth.edit(SALE, "  transform: .transform:sale\n", "")
    [(file, line, rule, message)] = booth.found()
    assert (file, line, rule) == (SALE, 2, "component-attributes")
    assert "attributes.transform is missing" in message


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def sale(sale): ...\n", "sale has no parameter for sales; takes sale, which its"),
        ("def sale(): ...\n", "sale has no parameter for sales"),
        ("def sale(sales, *, rate): ...\n", "sale takes rate, which its defs.yaml does not give"),
    ],
)
def test_parameters_are_the_inputs(booth: Booth, code: str, said: str) -> None:
    booth.path("defs/sale/transform.py").write_text(f"# first line\n{code}")
    [(file, line, rule, message)] = booth.found()
    assert (file, line, rule) == ("defs/sale/transform.py", 2, "transform-parameters")
    assert said in message


@pytest.mark.parametrize(
    "code",
    [
        "from helpers import sale\n",
        "from helpers import *\n",
        "sale = make()\n",
        "@wraps\ndef sale(): ...\n",
        "if FAST:\n    def sale(): ...\nelse:\n    def sale(sales): ...\n",
    ],
)
def test_what_only_running_the_module_shows_is_left_to_the_location(booth: Booth, code: str) -> None:
    booth.path("defs/sale/transform.py").write_text(code)
    assert booth.found() == []


def test_a_transform_that_is_no_python(booth: Booth) -> None:
    booth.path("defs/sale/transform.py").write_text("x = 1\ndef sale(sales:\n")
    [(file, line, rule, _)] = booth.found()
    assert (file, line, rule) == ("defs/sale/transform.py", 2, "unknown-transform")


def test_templates_are_left_to_the_location(booth: Booth) -> None:
    booth.edit(SALE, "contract: sale", 'contract: "{{ env.PRODUCT }}"')
    assert booth.found() == []


def test_nothing_is_looked_at_of_a_product_that_is_not_built(booth: Booth) -> None:
    booth.put("opening_hour", "proposed")
    booth.path("defs/opening_hour/transform.py").unlink()
    assert booth.found() == []


def test_a_contract_with_faults_is_there_all_the_same(booth: Booth) -> None:
    booth.edit("contracts/sale.odcs.yaml", "status: active", "status: asleep")
    assert [(file, rule) for file, _, rule, _ in booth.found()] == [("contracts/sale.odcs.yaml", "bad-status")]


def test_a_source_declaration_is_checked_too(booth: Booth) -> None:
    booth.edit("sources/till.yaml", "owner:", "ownr:")
    found = booth.found()
    assert {(file, line) for file, line, _, _ in found} == {("sources/till.yaml", 3), ("sources/till.yaml", 1)}
