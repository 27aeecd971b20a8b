"""Versions of dbt models: each is the major of its contract, built from its own file, tested for itself."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from dbt_shop import load
from kiosk_project import SALES
from shop_workspace import contract_text, write_workspace

from bankmesh.errors import BankmeshError
from bankmesh.products.dbt.dbt_lineage import compile_models
from bankmesh.products.dbt.unit_tests import models_with_unit_tests, run_unit_tests
from bankmesh.products.domain_package import read_domain
from bankmesh.testing import domain_contract, try_product
from bankmesh.workspace.product_consumers import workspace_reads
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.products.dbt.dbt_domain import DbtDomain

# The second version counts returns apart, and the first reads a versioned step by its number.
FILES = {
    "models/shop/products/customer_spend.sql": None,
    "models/shop/staging/stg_sales_v1.sql": "select * from {{ source('shop', 'sale') }}\n",
    "models/shop/staging/stg_sales_v2.sql": "select * from {{ source('shop', 'sale') }} where amount > 10\n",
    "models/shop/products/customer_spend_v1.sql": """\
        select customer_id, count(*) as sales, sum(amount) as total, max(sale_id) as largest_sale_id,
            max(remark) as last_remark
        from {{ ref('stg_sales', v=1) }} group by customer_id
        """,
    "models/shop/products/customer_spend_v2.sql": """\
        select customer_id, 2 * count(*) as sales, sum(amount) as total, max(sale_id) as largest_sale_id,
            max(remark) as last_remark
        from {{ ref('stg_sales') }} group by customer_id
        """,
    # A product with the name of the folder of all products, which a selection by name would take whole.
    "models/shop/products/products.sql": "select sale_id, 7 as seven from {{ source('shop', 'sale') }}\n",
    "models/shop/products/versions.yml": """\
        models:
          - name: stg_sales
            latest_version: 2
            versions: [{v: 1}, {v: 2}]
          - name: customer_spend
            latest_version: 1
            columns:
              - name: customer_id
                data_tests: [not_null]
            versions:
              - v: 1
              - v: 2
                data_tests:
                  - unique_spend
        unit_tests:
          - name: sales_are_counted
            model: customer_spend
            given:
              - input: ref('stg_sales', v=1)
                rows: [{customer_id: 1, amount: 20}]
            versions: {include: [1]}
            expect: {rows: [{customer_id: 1, sales: 1}]}
          - name: sales_are_doubled
            model: customer_spend
            given:
              - input: ref('stg_sales')
                rows: [{customer_id: 1, amount: 20}]
            versions: {include: [2]}
            expect: {rows: [{customer_id: 1, sales: 2}]}
        """,
    "tests/shop/generic/unique_spend.sql": """\
        {% test unique_spend(model) %}
        select total from {{ model }} group by total having count(*) > 1
        {% endtest %}
        """,
}
PRODUCTS_BODY = """\
schema:
  - name: products
    properties:
      - {name: sale_id, logicalType: integer, primaryKey: true, description: Number., classification: internal}
      - {name: seven, logicalType: integer, description: Seven., classification: internal}
"""


def write(project: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        file = project / name
        if text is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("versions")
    contracts = write_workspace(root) / "shop/contracts"
    second = contract_text("customer_spend", "2.0.0")
    (contracts / "customer_spend.v2.odcs.yaml").write_text(second)
    head = contract_text("customer_spend").partition("schema:\n")[0].replace("customer_spend", "products")
    (contracts / "products.odcs.yaml").write_text(head + PRODUCTS_BODY)
    write(root / "dbt_project", FILES)
    return root


@pytest.fixture(scope="module")
def loaded(root: Path) -> DbtDomain:
    return load(root)


@pytest.mark.parametrize(("major", "expected"), [(1, [(1, 2), (2, 1)]), (2, [(1, 2), (2, 2)])])
def test_each_major_has_the_rows_of_its_own_version(
    root: Path, tmp_path: Path, major: int, expected: list[tuple[int, int]]
) -> None:
    contract = domain_contract(root / "domains/shop/src/shop", "customer_spend", major)
    trial = try_product(contract, {"shop.sale": SALES}, home=tmp_path)
    assert trial.publication is not None
    assert sorted(trial.rows.select("customer_id", "sales").rows()) == expected


def test_a_version_that_is_not_the_latest_is_compiled_with_the_versions_that_it_reads(loaded: DbtDomain) -> None:
    first = {model.name for model in compile_models(loaded.place, "customer_spend")}
    second = {model.name for model in compile_models(loaded.place, "customer_spend_v2")}
    assert first == {"stg_sales", "customer_spend"}
    assert second == {"stg_sales_v2", "customer_spend_v2"}


def test_a_product_that_is_named_like_a_folder_is_built_alone(root: Path, loaded: DbtDomain, tmp_path: Path) -> None:
    assert [model.name for model in compile_models(loaded.place, "products")] == ["products"]
    trial = try_product(
        domain_contract(root / "domains/shop/src/shop", "products"), {"shop.sale": SALES}, home=tmp_path
    )
    assert trial.publication is not None
    assert trial.rows.height == SALES.height


def test_data_tests_of_a_version_are_checks_of_its_major_alone(loaded: DbtDomain) -> None:
    tests = {
        model: {clause.name for clause in tested.contract.clauses if clause.name.startswith(("not_null", "unique_s"))}
        for model, tested in loaded.products.items()
        if model.startswith("customer_spend")
    }
    assert tests == {
        "customer_spend": {"not_null_customer_spend_v1_customer_id"},
        "customer_spend_v2": {"not_null_customer_spend_v2_customer_id", "unique_spend_customer_spend_v2_"},
    }


def test_unit_tests_run_for_the_versions_that_they_are_of(root: Path, loaded: DbtDomain) -> None:
    domain = read_domain(root / "domains/shop/src/shop")
    assert models_with_unit_tests(loaded.manifest, "customer_spend_v2") == ["customer_spend_v2"]
    models = models_with_unit_tests(loaded.manifest)
    results = run_unit_tests(loaded, models, domain.systems, domain.contracts)
    assert {(result.model, result.name, result.outcome) for result in results} == {
        ("customer_spend", "sales_are_counted_v1", "passed"),
        ("customer_spend_v2", "sales_are_doubled_v2", "passed"),
    }


def test_what_a_version_reads_is_found_in_its_file(root: Path) -> None:
    reads = {(r.port, r.source) for r in workspace_reads(root, readable_contracts(root)) if "spend" in r.port}
    assert {("shop.customer_spend", "shop.sale"), ("shop.customer_spend@2", "shop.sale")} <= reads


def test_a_model_beside_a_version_of_its_name_is_a_fault(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    extra = {
        "models/shop/staging/stg_sales_v2.sql": "select 1 as one\n",
        "models/shop/staging/again/stg_sales_2.sql": "select 2 as one\n",
        "models/shop/staging/versions.yml": """\
            models:
              - name: stg_sales
                versions: [{v: 2, defined_in: stg_sales_2}]
            """,
    }
    write(tmp_path / "dbt_project", dict(extra))
    with pytest.raises(BankmeshError, match="stg_sales_v2"):
        load(tmp_path)
