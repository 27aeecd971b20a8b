"""Column lineage of dbt products, from what dbt compiles: no data, no run, no database."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dbt_products_here import PRODUCTS, place_of, schemas_of
from shop_workspace import REPOSITORY, write_workspace

from bankmesh.lineage.model import ColumnRef
from bankmesh.lineage.sql import QueryNotUnderstood, TableNotDescribed, lineage_of_models, path
from bankmesh.products.dbt.dbt_domain import load_dbt_domain
from bankmesh.products.dbt.dbt_lineage import compile_models, derive_dbt, lineage_of_compiled, promised
from bankmesh.products.dbt.dbt_models import (
    DbtParseError,
    find_models,
    load_manifest,
    model_inputs,
)
from bankmesh.products.dbt.generated_sources import write_dbt_inputs
from bankmesh.products.domain_package import read_domain
from bankmesh.sources import read_systems
from bankmesh.workspace.dbt_project_files import DbtProjectPlace
from bankmesh.workspace.product_consumers import workspace_readers
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract


def contract_of(root: Path, product: str) -> Contract:
    return next(c for c in readable_contracts(root) if c.product == product)


def plain(found) -> set[str]:
    return {f"{d.how} {d.source}" for d in found}


@pytest.fixture(scope="module")
def shop(shop_root: Path, tmp_path_factory: pytest.TempPathFactory) -> DbtProjectPlace:
    """The shop's dbt project in a folder of its own, with its inputs written."""
    project = tmp_path_factory.mktemp("dbt") / "dbt_project"
    shutil.copytree(shop_root / "dbt_project", project)
    [systems] = [read_systems(folder) for folder in shop_root.glob("domains/*/src/*/sources")]
    place = DbtProjectPlace(project, "shop", project.parent / "target")
    write_dbt_inputs(place, systems, readable_contracts(shop_root))
    return place


def test_the_models_of_a_product_are_compiled_in_the_order_in_which_they_read_each_other(shop):
    models = compile_models(shop, "monthly_sale")
    assert [model.name for model in models] == ["stg_till__sales", "monthly_sale"]
    assert models[0].relation == '"memory"."main"."stg_till__sales"'
    assert '"memory"."till"."sale"' in models[0].sql
    assert "{{" not in models[1].sql


def test_a_product_is_told_in_terms_of_the_inputs_of_its_models(shop, shop_root):
    found = derive_dbt(shop, "monthly_sale", contract_of(shop_root, "shop.monthly_sale"), schemas_of(shop_root))
    assert {name: plain(deps) for name, deps in found.lineage.columns.items()} == {
        "sale_id": {"IDENTITY till.sale.sale_id"},
        "month": {"TRANSFORMATION till.sale.sold_on"},
        "sold_on": {"IDENTITY till.sale.sold_on"},
        "amount": {"IDENTITY till.sale.amount"},
    }
    # a run of all partitions filters by none
    assert (found.lineage.rows, found.lineage.underivable) == (frozenset(), {})
    assert path(found, ColumnRef("till.sale", "sold_on"), "month") == [
        "till.sale.sold_on", "stg_till__sales.sold_on", "monthly_sale.month",
    ]  # fmt: skip


def test_a_product_that_reads_products_names_them_as_its_model_does(shop, shop_root):
    found = derive_dbt(shop, "top_customer", contract_of(shop_root, "shop.top_customer"), schemas_of(shop_root))
    assert plain(found.lineage.columns["customer_id"]) == {"IDENTITY shop.customer_spend.customer_id"}
    assert plain(found.lineage.rows) == {"FILTER shop.customer_spend.total", "FILTER shop.customer_spend.customer_id"}


def test_compiled_models_follow_the_files(shop, shop_root):
    file = shop.project / "models" / "shop" / "products" / "top_customer.sql"
    before = file.read_text()
    file.write_text(before.replace("customer_id, largest_sale_id", "customer_id, sales as largest_sale_id"))
    try:
        found = derive_dbt(shop, "top_customer", contract_of(shop_root, "shop.top_customer"), schemas_of(shop_root))
    finally:
        file.write_text(before)
    assert plain(found.lineage.columns["largest_sale_id"]) == {"IDENTITY shop.customer_spend.sales"}


def test_a_promised_column_that_the_model_does_not_give_is_underivable(shop, shop_root):
    contract = contract_of(shop_root, "shop.customer_spend")
    found = derive_dbt(shop, "top_customer", contract, schemas_of(shop_root)).lineage
    assert list(found.columns) == [column.name for column in contract.columns]
    assert set(found.underivable) == {"sales", "total", "last_remark"}
    assert plain(found.columns["largest_sale_id"]) == {"IDENTITY shop.customer_spend.largest_sale_id"}


def test_what_is_not_understood_of_a_model_leaves_its_product_underivable(shop, shop_root):
    models = compile_models(shop, "monthly_sale")
    broken = [models[0], type(models[1])(models[1].name, models[1].relation, "select from where (")]
    with pytest.raises(QueryNotUnderstood):
        lineage_of_models(broken, "monthly_sale", schemas_of(shop_root))
    contract = contract_of(shop_root, "shop.monthly_sale")
    found = promised(lineage_of_compiled(broken, "monthly_sale", schemas_of(shop_root)), contract).lineage
    assert set(found.underivable) == {column.name for column in contract.columns}


def test_an_input_that_nobody_described_is_an_error(shop, shop_root):
    with pytest.raises(TableNotDescribed, match=r"till\.sale"):
        derive_dbt(shop, "monthly_sale", contract_of(shop_root, "shop.monthly_sale"), {})


def test_models_that_do_not_compile_are_an_error_with_dbts_message(shop):
    file = shop.project / "models" / "shop" / "products" / "lost.sql"
    file.write_text("select * from {{ source('nobody', 'knows') }}\n")
    try:
        with pytest.raises(DbtParseError, match="knows"):
            compile_models(shop, "lost")
    finally:
        file.unlink()


@pytest.mark.parametrize("domain", sorted({domain for domain, _ in PRODUCTS}))
def test_every_column_of_the_products_here_is_resolved(domain, tmp_path_factory):
    """And the inputs that the lineage names are those that dbt's manifest names."""
    place = place_of(domain, tmp_path_factory.getbasetemp())
    manifest = load_manifest(place)
    models = find_models(manifest)
    systems = frozenset(s.name for s in read_systems(REPOSITORY / "domains" / domain / "src" / domain / "sources"))
    contracts = [c for c in readable_contracts(REPOSITORY) if c.domain == domain and c.port_name.table in models]
    assert contracts
    for contract in contracts:
        found = derive_dbt(place, contract.port_name.table, contract, schemas_of(REPOSITORY))
        assert found.lineage.underivable == {}, contract.product
        assert list(found.lineage.columns) == [column.name for column in contract.columns]
        inputs = model_inputs(manifest, models[contract.port_name.table], domain, systems)
        read = frozenset().union(*found.read.values()) - set(found.steps)
        assert read == set(inputs), contract.product


def test_what_a_python_model_does_is_underivable_and_its_inputs_are_known(tmp_path: Path) -> None:
    package = write_workspace(tmp_path) / "shop"
    models = tmp_path / "dbt_project/models/shop"
    step = models / "staging/stg_spend.py"
    step.write_text("def model(dbt, session):\n    return dbt.source('shop', 'customer_spend')\n")
    (models / "products/top_customer.sql").write_text(
        "select customer_id, largest_sale_id from {{ ref('stg_spend') }}\n"
    )
    place = DbtProjectPlace(tmp_path / "dbt_project", "shop", tmp_path / "target")
    loaded = load_dbt_domain(place, read_domain(package), tmp_path)
    contract = loaded.products["top_customer"].contract
    found = derive_dbt(place, "top_customer", contract, {"shop.customer_spend": {"customer_id": "BIGINT"}})
    assert set(found.lineage.underivable) == {"customer_id", "largest_sale_id"}
    readers = workspace_readers(tmp_path, readable_contracts(tmp_path))
    assert ("shop.customer_spend", str(step), 2) in {(r.source, r.file, r.line) for r in readers}
