"""Removal of products: what belongs to them goes, what others need stays, and their stage of life decides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from folder_contents import contents
from shop_workspace import at_stage, contract_text

from bankmesh.scaffolding.product_scaffold import scaffold_product
from bankmesh.scaffolding.workspace_changes.change_plan import ChangeRefused
from bankmesh.scaffolding.workspace_changes.product_removal import plan_product_removal
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from bankmesh.settings import Settings

SHOP = "domains/shop/src/shop"
MODELS = "dbt_project/models/shop"


def set_stage(settings: Settings, name: str, status: str) -> None:
    path = settings.root / SHOP / f"contracts/{name}.odcs.yaml"
    text = contract_text(name)
    path.write_text(
        at_stage(text, status)
        if status in {"deprecated", "retired"}
        else text.replace("status: active", f"status: {status}")
    )


def removed(settings: Settings, name: str) -> set[str]:
    return {path for action, path in plan_product_removal(settings, name).actions() if action == "remove"}


@pytest.mark.parametrize("kind", ["dbt", "polars"])
@pytest.mark.parametrize("source", ["shop.sale", "till.sale"])
def test_a_scaffold_that_was_never_published_is_removed_without_trace(settings, kind: str, source: str) -> None:
    before = contents(settings.root)
    scaffold_product(settings, "shop.sale_list", kind, source)
    assert contents(settings.root) != before
    plan = plan_product_removal(settings, "shop.sale_list")
    plan.write()
    assert contents(settings.root) == before
    assert not (settings.root / SHOP / "defs/sale_list").exists()
    assert "Its contract is removed, too: it is draft" in plan.notes[0]


def test_a_retired_product_loses_its_code_and_keeps_its_contract(settings: Settings) -> None:
    set_stage(settings, "opening_hour", "retired")
    assert removed(settings, "shop.opening_hour") == {
        f"{SHOP}/defs/opening_hour/{n}" for n in ("defs.yaml", "transform.py")
    }
    plan_product_removal(settings, "shop.opening_hour").write()
    assert "shop.opening_hour" in {contract.product for contract in workspace_contracts(settings.root)}
    with pytest.raises(ChangeRefused, match="nothing is left to remove"):
        plan_product_removal(settings, "shop.opening_hour")


def test_what_dbt_yaml_and_the_component_say_about_a_product_goes_with_it(settings: Settings) -> None:
    set_stage(settings, "top_customer", "draft")
    notes = settings.root / MODELS / "products/notes.yml"
    notes.write_text(
        "version: 2\nmodels:\n  - name: customer_spend   # stays\n  # goes\n  - name: top_customer\n    columns: [{name: customer_id}]\n"
    )
    tests = settings.root / MODELS / "products/top.yml"
    tests.write_text("unit_tests:\n  - {name: one, model: top_customer, given: [], expect: {rows: []}}\n")
    single = settings.root / "dbt_project/tests/shop/one_top.sql"
    single.parent.mkdir(parents=True)
    single.write_text("select 1 from {{ ref('top_customer') }} where customer_id is null\n")
    component = settings.root / SHOP / "defs/dbt_products/defs.yaml"
    component.write_text(
        "type: bankmesh.DbtDataProducts\nattributes:\n  repeatable:\n    top_customer: true\n    customer_spend: true\n"
    )
    assert removed(settings, "shop.top_customer") == {
        f"{SHOP}/contracts/top_customer.odcs.yaml",
        f"{MODELS}/products/top_customer.sql",
        f"{MODELS}/products/top.yml",
        "dbt_project/tests/shop/one_top.sql",
    }
    plan_product_removal(settings, "shop.top_customer").write()
    assert notes.read_text() == "version: 2\nmodels:\n  - name: customer_spend   # stays\n"
    assert "top_customer" not in component.read_text()
    assert "customer_spend: true" in component.read_text()


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        (f"{MODELS}/staging/stg_hours.sql", "-- hours\nselect * from {{ source('shop', 'opening_hour') }}\n", 2),
        ("dbt_project/macros/shop/hours.sql", "{% macro h() %}\n\n{{ source('shop', 'opening_hour') }}{% endmacro %}\n", 3),
        (f"{MODELS}/uses.yml", "exposures:\n  - name: sign\n    depends_on:\n      - source('shop', 'opening_hour')\n", 4),
        (f"{SHOP}/defs/sign/defs.yaml", "type: bankmesh.PolarsDataProduct\nattributes:\n  contract: sign\n  inputs:\n    h: shop.opening_hour\n", 5),
        (f"{MODELS}/staging/stg_hours.sql", "select *\nfrom {{ source(\n    'shop',\n    'opening_hour'\n) }}\n", 2),
        (f"{SHOP}/defs/sale/more.py", "import re\nfrom ..opening_hour.transform import opening_hour\n", 2),
        (f"{SHOP}/defs/more.py", "from . import opening_hour\n", 1),
        (f"{MODELS}/uses.yml", "models:\n  - name: a\n    data_tests:\n      - e: |\n          {{ ref('opening_hour') }}\n", 5),
        (f"{MODELS}/uses.yml", "models:\n  - name: a\n    data_tests:\n      - e: '{{ ref(''opening_hour'') }}'\n", 4),
        (f"{MODELS}/logs/hours.sql", "select * from {{ source('shop', 'opening_hour') }}\n", 1),
        (f"{SHOP}/defs/sign/defs.yaml", "attributes:\n  inputs:\n    h: &hours shop.opening_hour\n", 3),
        ("domains/shop/tests/test_sign.py", "from shop.defs.opening_hour import transform\n", 1),
    ],
)  # fmt: skip
def test_a_product_that_something_refers_to_is_not_removed(settings, file: str, text: str, line: int) -> None:
    set_stage(settings, "opening_hour", "draft")
    (settings.root / file).parent.mkdir(parents=True, exist_ok=True)
    (settings.root / file).write_text(text)
    with pytest.raises(ChangeRefused, match=rf"shop\.opening_hour: it is still referred to, by {file}:{line}\. "):
        plan_product_removal(settings, "shop.opening_hour")


def test_a_relationship_and_a_successor_are_references(settings: Settings) -> None:
    set_stage(settings, "sale", "draft")
    hours = settings.root / SHOP / "contracts/opening_hour.odcs.yaml"
    hours.write_text(at_stage(contract_text("opening_hour"), "deprecated", replacedBy="shop.sale"))
    with pytest.raises(ChangeRefused) as refused:
        plan_product_removal(settings, "shop.sale")
    for place in (
        f"{MODELS}/products/customer_spend.sql:4",
        f"{SHOP}/contracts/top_customer.odcs.yaml:",
        f"{SHOP}/contracts/opening_hour.odcs.yaml:",
    ):
        assert place in refused.value.problem


GRANT = """\
  - property: derivationGrants
    value:
      - {product: shop.opening_hour@1, columns: [weekday], lifts: [rows], by: x, date: "2026-01-01", why: Because.}
"""


@pytest.mark.parametrize(
    ("permission", "is_reference"),
    [
        ("  - {property: consumers, value: [shop.opening_hour]}\n", True),
        (GRANT, True),
        ("  - {property: purposes, value: [shop.opening_hour]}\n", False),
        ("  - {property: consumers, value: [shop.opening_hours, shop.opening_hour@2]}\n", False),
    ],
)
def test_a_product_that_a_contract_permits_to_read_its_own_is_referred_to(
    settings: Settings, permission: str, *, is_reference: bool
) -> None:
    set_stage(settings, "opening_hour", "draft")
    sale = settings.root / SHOP / "contracts/sale.odcs.yaml"
    sale.write_text(sale.read_text().replace("customProperties:\n", f"customProperties:\n{permission}", 1))
    line = 1 + sale.read_text()[: sale.read_text().index("shop.opening_hour")].count("\n")
    if is_reference:
        with pytest.raises(ChangeRefused, match=rf"contracts/sale\.odcs\.yaml:{line}\. Remove these references first"):
            plan_product_removal(settings, "shop.opening_hour")
    else:
        plan_product_removal(settings, "shop.opening_hour")


def test_names_that_begin_alike_and_comments_are_no_references(settings: Settings) -> None:
    scaffold_product(settings, "shop.sale_list", "dbt", "shop.sale")
    scaffold_product(settings, "shop.sale_list_by_day", "dbt", "shop.sale")
    other = settings.root / MODELS / "products/sale_list_by_day.sql"
    other.write_text(
        "-- as source('shop', 'sale_list')\n{# ref('sale_list') #}\nselect sale_id from {{ source('shop', 'sale') }}\n"
    )
    plan_product_removal(settings, "shop.sale_list").write()
    assert other.exists()
    assert {c.name for c in workspace_contracts(settings.root)} >= {"sale", "sale_list_by_day"}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("active", r"it is active.*Products that read it: shop\.top_customer\. Consumers: till-window\. First run `mesh contract move shop\.customer_spend@1 deprecated"),
        ("deprecated", r"readers have support until 2027-06-30.*`mesh contract move shop\.customer_spend@1 retired --why"),
    ],
)  # fmt: skip
def test_the_stage_of_life_says_what_to_do_first(settings: Settings, status: str, told: str) -> None:
    set_stage(settings, "customer_spend", status)
    before = contents(settings.root)
    with pytest.raises(ChangeRefused, match=told):
        plan_product_removal(settings, "shop.customer_spend", ["till-window"])
    assert contents(settings.root) == before


def test_a_model_that_nobody_else_reads_and_other_mentions_are_reported(settings: Settings) -> None:
    set_stage(settings, "monthly_sale", "draft")
    (settings.root / "docs").mkdir()
    (settings.root / "docs/sales.md").write_text("# Sales\n\nSee `shop.monthly_sale`, and shop.monthly_sale_list.\n")
    plan = plan_product_removal(settings, "shop.monthly_sale")
    assert f"No other model reads {MODELS}/staging/stg_till__sales.sql, which stays." in plan.notes
    assert [(Path(place.file).name, place.line) for place in plan.review] == [("sales.md", 3)]


def test_one_major_is_removed_and_the_other_stays(settings: Settings) -> None:
    contracts = settings.root / SHOP / "contracts"
    text = contract_text("opening_hour")
    (contracts / "opening_hour.v2.odcs.yaml").write_text(
        text.replace("1.0.0", "2.0.0").replace("status: active", "status: draft")
    )
    defs = settings.root / SHOP / "defs"
    (defs / "opening_hour_v2").mkdir()
    (defs / "opening_hour_v2/transform.py").write_text("def opening_hour(hours):\n    return hours\n")
    component = (defs / "opening_hour/defs.yaml").read_text()
    (defs / "opening_hour_v2/defs.yaml").write_text(
        component.replace("contract: opening_hour\n", "contract: opening_hour\n  major: 2\n")
    )
    assert removed(settings, "shop.opening_hour@2") == {
        f"{SHOP}/contracts/opening_hour.v2.odcs.yaml",
        f"{SHOP}/defs/opening_hour_v2/defs.yaml",
        f"{SHOP}/defs/opening_hour_v2/transform.py",
    }


def test_a_version_of_a_dbt_model_and_settings_of_the_project(settings: Settings) -> None:
    set_stage(settings, "top_customer", "draft")
    notes = settings.root / MODELS / "products/notes.yml"
    notes.write_text(
        "models:\n  - name: best\n    versions:\n      - v: 1\n        defined_in: top_customer\n      - v: 2\n"
    )
    project = settings.root / "dbt_project/dbt_project.yml"
    project.write_text(project.read_text() + "      top_customer:\n        +tags: [best]\n")
    plan = plan_product_removal(settings, "shop.top_customer")
    assert [Path(place.file).name for place in plan.review] == ["dbt_project.yml"]
    plan.write()
    assert notes.read_text() == "models:\n  - name: best\n    versions:\n      - v: 2\n"


def test_a_component_of_another_type_goes_with_its_product(settings: Settings) -> None:
    set_stage(settings, "opening_hour", "draft")
    component = settings.root / SHOP / "defs/opening_hour/defs.yaml"
    component.write_text(component.read_text().replace("bankmesh.PolarsDataProduct", "shop.components.Scraped"))
    assert f"{SHOP}/defs/opening_hour/defs.yaml" in removed(settings, "shop.opening_hour")


def test_a_component_that_shares_its_folder_is_left_to_a_person(settings: Settings) -> None:
    set_stage(settings, "opening_hour", "draft")
    inner = settings.root / SHOP / "defs/opening_hour/inner/defs.yaml"
    inner.parent.mkdir()
    inner.write_text("type: shop.components.Other\nattributes: {}\n")
    with pytest.raises(ChangeRefused, match=r"shares its folder with other components\. Edit it by hand"):
        plan_product_removal(settings, "shop.opening_hour")


def test_the_line_of_a_reference_is_that_of_the_file(settings: Settings) -> None:
    set_stage(settings, "top_customer", "draft")
    (settings.root / MODELS / "products/uses.yml").write_text(
        "models:\n  - name: top_customer\n    description: The best.\nexposures:\n  - name: sign\n    depends_on:\n"
        "      - ref('top_customer')\n"
    )
    with pytest.raises(ChangeRefused, match=r"by dbt_project/models/shop/products/uses\.yml:7\. "):
        plan_product_removal(settings, "shop.top_customer")


def test_a_data_test_of_two_products_is_a_reference_and_a_name_in_a_variable_is_reported(settings: Settings) -> None:
    set_stage(settings, "monthly_sale", "draft")
    by_name = settings.root / MODELS / "staging/stg_by_name.sql"
    by_name.write_text("{% set name = 'monthly_sale' %}\nselect * from {{ ref(name) }}\n")
    test = settings.root / "dbt_project/tests/shop/sums.sql"
    test.parent.mkdir(parents=True, exist_ok=True)
    test.write_text("select * from {{ ref('monthly_sale') }}\n")
    plan = plan_product_removal(settings, "shop.monthly_sale")
    assert ("remove", "dbt_project/tests/shop/sums.sql") in plan.actions()
    assert [(Path(place.file), place.line) for place in plan.review] == [(by_name, 1)]
    test.write_text("select * from {{ ref('monthly_sale') }} join {{ ref('customer_spend') }} using (customer_id)\n")
    with pytest.raises(ChangeRefused, match=r"by dbt_project/tests/shop/sums\.sql:1\."):
        plan_product_removal(settings, "shop.monthly_sale")


def test_files_behind_a_link_are_not_removed(settings: Settings, tmp_path: Path) -> None:
    set_stage(settings, "opening_hour", "draft")
    (tmp_path / "bank_data").mkdir()
    (tmp_path / "bank_data/ledger.csv").touch()
    (settings.root / SHOP / "defs/opening_hour/data").symlink_to(tmp_path / "bank_data")
    with pytest.raises(ChangeRefused, match="defs/opening_hour/data is a link to another folder"):
        plan_product_removal(settings, "shop.opening_hour")
