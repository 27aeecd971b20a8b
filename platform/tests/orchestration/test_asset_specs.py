"""What the Dagster UI shows of a product: all of it from the contract."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from shop_workspace import CONTRACTS, contract_text

from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.orchestration.asset_keys import key_of, landing_key
from bankmesh.orchestration.assets.asset_specs import asset_spec, check_specs
from bankmesh.products.product_definition import LegacyInput, ProductDefinition, ProductInput

if TYPE_CHECKING:
    from collections.abc import Callable

Product = "Callable[..., ProductDefinition]"
NEAR = Path(__file__)


@pytest.fixture
def product(tmp_path: Path) -> Callable[..., ProductDefinition]:
    """A product of the shop, with whatever inputs."""

    def make(name: str, engine: str = "polars", version: str = "1.0.0", **inputs) -> ProductDefinition:
        file = tmp_path / f"{name}{'' if version[0] == '1' else '.v' + version[0]}.odcs.yaml"
        file.write_text(contract_text(name, version), encoding="utf-8")
        return ProductDefinition(read_contract(file), inputs, engine, "c0de", (Path("transform.py"), file))

    return make


def test_identity_owner_tags_and_kinds(product) -> None:
    spec = asset_spec(product("sale"), NEAR)
    assert spec.key == dg.AssetKey(["shop", "sale"])
    assert spec.group_name == "shop"
    assert spec.code_version == "c0de"
    assert spec.owners == ["team:shop-data"]
    assert spec.kinds == {"polars", "deltalake"}
    expected = {"domain": "shop", "product_type": "source-aligned", "classification": "restricted"}
    assert expected.items() <= spec.tags.items()
    assert spec.tags["contract_status"] == "active"
    assert "point-of-sale" in spec.tags
    assert "What was sold at the till." in spec.description


def test_a_later_major_is_an_asset_of_its_own(product) -> None:
    assert asset_spec(product("sale", version="2.0.0"), NEAR).key == dg.AssetKey(["shop", "sale", "v2"])


def test_kinds_tell_the_engine(product) -> None:
    assert asset_spec(product("sale", engine="dbt"), NEAR).kinds == {"dbt", "duckdb", "deltalake"}


def test_columns_with_types_descriptions_and_classification(product) -> None:
    schema = asset_spec(product("sale"), NEAR).metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    assert list(columns) == ["sale_id", "customer_id", "sold_on", "amount", "voucher", "remark"]
    assert columns["amount"].type == "decimal(18,2)"
    assert columns["amount"].description == "What was paid."
    assert columns["amount"].tags["classification"] == "confidential"
    assert columns["amount"].constraints.nullable is False
    assert columns["voucher"].constraints.nullable is True
    assert columns["sale_id"].constraints.unique is True


def test_freshness_is_the_contracts_service_level(product) -> None:
    policy = asset_spec(product("sale"), NEAR).freshness_policy
    assert policy is not None
    assert policy.fail_window.to_timedelta() == timedelta(days=1)


def test_code_references_lead_to_transform_and_contract(product) -> None:
    made = product("sale")
    references = asset_spec(made, NEAR).metadata["dagster/code_references"].code_references
    assert [Path(reference.file_path).name for reference in references] == ["transform.py", "sale.odcs.yaml"]


def test_dependencies_are_what_is_read_and_what_is_referred_to(product) -> None:
    made = product("top_customer", customers=ProductInput("shop", "customer_spend"))
    assert {dep.asset_key for dep in asset_spec(made, NEAR).deps} == {
        dg.AssetKey(["shop", "customer_spend"]),
        dg.AssetKey(["shop", "sale"]),
    }


def test_dependencies_name_majors_and_landings(product) -> None:
    made = product("sale", sales=LegacyInput("shop", "till", "sale"), old=ProductInput("shop", "offer", 2))
    assert {dep.asset_key for dep in asset_spec(made, NEAR).deps} == {
        landing_key("shop", "till", "sale"),
        dg.AssetKey(["shop", "offer", "v2"]),
    }


def test_partitions_are_the_contracts_months(product) -> None:
    definition = asset_spec(product("monthly_sale"), NEAR).partitions_def
    assert definition is not None
    assert definition.get_partition_keys() == ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"]
    assert asset_spec(product("sale"), NEAR).partitions_def is None


@pytest.mark.parametrize("name", CONTRACTS)
def test_each_clause_is_one_check_that_does_not_block_by_itself(product, name: str) -> None:
    made = product(name)
    specs = check_specs(made)
    assert [spec.name for spec in specs] == [clause.name for clause in made.contract.clauses]
    assert not any(spec.blocking for spec in specs)
    assert {spec.asset_key for spec in specs} == {key_of(made)}


def test_a_check_says_how_severe_it_is_what_it_looks_at_and_where_it_stands(product) -> None:
    specs = {spec.name: spec for spec in check_specs(product("sale"))}
    assert specs["sales_are_small"].metadata["severity"] == "warning"
    assert specs["sales_are_small"].description.startswith("Large sales are rare.")
    assert "non-blocking" not in specs["sales_are_small"].description
    assert specs["amount__range"].description.endswith(
        "is not published. Dagster shows it as non-blocking, because the gate evaluates it before publication, and no "
        "other step waits for it."
    )
    assert specs["voucher_is_positive"].metadata["contract"].rpartition(":")[0].endswith("sale.odcs.yaml")
    monthly = {spec.name: spec for spec in check_specs(product("monthly_sale"))}
    assert monthly["primary_key_unique"].metadata["looks at"] == "the whole table"
    assert monthly["amount__required"].metadata["looks at"] == "what the run built"
