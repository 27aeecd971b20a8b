"""`bankmesh.testing`: a whole product on small frames, with its real build, gate and port."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from shop_frames import MONEY, SALES, sale
from shop_workspace import write_workspace

from bankmesh.errors import UnknownName
from bankmesh.ports import open_version
from bankmesh.testing import (
    InputsMissing,
    WithoutPartitions,
    domain_contract,
    find_dependent_partitions,
    try_product,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest_plugins = ["bankmesh.testing.fixtures"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's package folder; nothing of it is imported."""
    return write_workspace(tmp_path_factory.mktemp("trials")) / "shop"


def test_a_polars_product_is_built_gated_and_published(package: Path, tmp_path: Path) -> None:
    trial = try_product(domain_contract(package, "sale"), {"sales": SALES}, transform=sale, home=tmp_path)
    assert trial.broken == ()
    assert trial.rows["sale_id"].to_list() == [1, 2, 3]
    assert trial.rows.schema["amount"] == MONEY
    assert trial.publication is not None
    assert (trial.publication.version, trial.publication.rows) == (0, 3)
    assert open_version(trial.port).scan_polars().sort("sale_id").collect().equals(trial.rows)


def test_the_contract_may_be_named_by_its_file(package: Path, tmp_path: Path) -> None:
    file = package / "contracts/sale.odcs.yaml"
    assert try_product(file, {"sales": SALES}, transform=sale, home=tmp_path).contract.product == "shop.sale"


def test_what_the_gate_refuses_is_not_published(package: Path, tmp_path: Path) -> None:
    bad = SALES.with_columns(pl.col("amount") - 15)
    trial = try_product(domain_contract(package, "sale"), {"sales": bad}, transform=sale, home=tmp_path)
    assert trial.broken == ("amount__range",)
    assert trial.clause("amount__range").failing_rows == 2
    assert trial.publication is None
    assert not trial.port.is_published
    assert trial.rows.height == 3


def test_trying_again_publishes_the_next_version(package: Path, tmp_path: Path) -> None:
    contract = domain_contract(package, "sale")
    for expected in (0, 1):
        trial = try_product(contract, {"sales": SALES}, transform=sale, home=tmp_path)
        assert trial.publication is not None
        assert trial.publication.version == expected


def test_a_dbt_product(package: Path, trial) -> None:
    tried = trial(domain_contract(package, "customer_spend"), {"shop.sale": SALES})
    assert tried.broken == ()
    assert tried.rows.sort("customer_id").to_dicts() == [
        {"customer_id": 1, "sales": 2, "total": Decimal("30.50"), "largest_sale_id": 2, "last_remark": "thank you"},
        {"customer_id": 2, "sales": 1, "total": Decimal("5.25"), "largest_sale_id": 3, "last_remark": "hello"},
    ]


def test_each_build_reads_its_own_frames(package: Path, trial) -> None:
    contract = domain_contract(package, "customer_spend")
    assert trial(contract, {"shop.sale": SALES}).rows.height == 2
    assert trial(contract, {"shop.sale": SALES.head(1)}).rows.height == 1


def test_a_partitioned_dbt_product(package: Path, trial) -> None:
    contract = domain_contract(package, "monthly_sale")
    everything = trial(contract, {"till.sale": SALES})
    assert sorted(everything.rows["sale_id"]) == [1, 2, 3]
    doubled = SALES.with_columns(pl.col("amount") * 2)
    one = trial(contract, {"till.sale": doubled}, partitions=("2024-02-01",))
    assert one.rows["sale_id"].to_list() == [3]
    published = open_version(one.port).scan_polars().sort("sale_id").collect()
    assert published["amount"].to_list() == [Decimal("10.00"), Decimal("20.50"), Decimal("10.50")]


def test_uniqueness_is_held_over_the_published_months(package: Path, trial) -> None:
    contract = domain_contract(package, "monthly_sale")
    trial(contract, {"till.sale": SALES})
    moved = SALES.with_columns(sale_id=pl.lit(1, dtype=pl.Int64))
    assert trial(contract, {"till.sale": moved}, partitions=("2024-02-01",)).broken == ("primary_key_unique",)


def test_foreign_keys_are_looked_up_in_the_frames_given(package: Path, trial) -> None:
    contract = domain_contract(package, "top_customer")
    spent = trial(domain_contract(package, "customer_spend"), {"shop.sale": SALES}).rows
    assert trial(contract, {"shop.customer_spend": spent}, references={"shop.sale": SALES}).broken == ()
    (broken,) = trial(contract, {"shop.customer_spend": spent}, references={"shop.sale": SALES.head(0)}).broken
    assert "largest_sale_id" in broken


def test_what_is_read_and_not_given_is_named(package: Path, trial) -> None:
    with pytest.raises(InputsMissing, match=r"shop.customer_spend also reads shop.sale\. .* inputs=.\"shop.sale\""):
        trial(domain_contract(package, "customer_spend"), {})
    with pytest.raises(InputsMissing, match=r"top_customer also reads shop.sale\. .* references="):
        trial(domain_contract(package, "top_customer"), {"shop.customer_spend": SALES})


def test_names_that_do_not_exist(package: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"There is no contract sael\. Did you mean sale"):
        domain_contract(package, "sael")
    with pytest.raises(UnknownName, match="no installed package no_such_domain"):
        domain_contract("no_such_domain", "sale")
    trial = try_product(domain_contract(package, "sale"), {"sales": SALES}, transform=sale, home=tmp_path)
    with pytest.raises(UnknownName, match="Did you mean amount__range"):
        trial.clause("amount__rang")


def test_an_installed_domain_is_found_by_its_name() -> None:
    assert domain_contract("retail", "customer_360").product == "retail.customer_360"


def test_the_home_of_the_fixture_is_the_environments(mesh_home: Path, package: Path, trial) -> None:
    import os

    assert os.environ["MESH_HOME"] == str(mesh_home)
    assert trial(domain_contract(package, "sale"), {"sales": SALES}, transform=sale).port.path.is_relative_to(mesh_home)


STEPS = {
    "view": ("stg_till__sales.sql", "{{ config(materialized='view') }}\n"),
    "table": ("stg_till__sales.sql", "{{ config(materialized='table') }}\n"),
    "ephemeral": ("stg_till__sales.sql", "{{ config(materialized='ephemeral') }}\n"),
    "python": ("stg_till__sales.py", None),
}
PYTHON_STEP = """\
def model(dbt, session):
    return dbt.source("till", "sale").project("sale_id, sold_on, amount{plus} as amount").filter("sold_on < '2024-02-02'")
"""


@pytest.mark.parametrize("how", STEPS)
def test_what_a_product_reads_may_be_made_in_any_of_these_ways(how: str, tmp_path: Path) -> None:
    """A second run in the same process reads its own rows and partitions, not those of the first."""
    package = write_workspace(tmp_path / "w") / "shop"
    staging = tmp_path / "w/dbt_project/models/shop/staging"
    name, config = STEPS[how]
    query = (staging / "stg_till__sales.sql").read_text()
    (staging / "stg_till__sales.sql").unlink()
    (staging / name).write_text(PYTHON_STEP.format(plus="") if config is None else config + query)
    contract = domain_contract(package, "monthly_sale")
    assert sorted(try_product(contract, {"till.sale": SALES}, home=tmp_path).rows["sale_id"]) == [1, 2, 3]
    if config is None:
        (staging / name).write_text(PYTHON_STEP.format(plus=" * 2"))
        again = try_product(contract, {"till.sale": SALES}, home=tmp_path)
        assert sorted(again.rows["amount"]) == [Decimal("10.50"), Decimal("20.00"), Decimal("41.00")]
    else:
        doubled = SALES.with_columns(pl.col("amount") * 2)
        one = try_product(contract, {"till.sale": doubled}, home=tmp_path, partitions=("2024-02-01",))
        assert one.rows.select("sale_id", "amount").rows() == [(3, Decimal("10.50"))]


# --- Partitions ------------------------------------------------------------------------------------------------------


def _by_month(sales: pl.LazyFrame, partitions: tuple[str, ...]) -> pl.LazyFrame:
    dated = sales.select("sale_id", pl.col("sold_on").dt.truncate("1mo").alias("month"), "sold_on", "amount")
    return dated.filter(pl.col("month").dt.to_string("%Y-%m-%d").is_in(list(partitions)))


def _carried_forward(sales: pl.LazyFrame, partitions: tuple[str, ...]) -> pl.LazyFrame:
    return _by_month(sales.sort("sold_on").with_columns(pl.col("amount").cum_sum()), partitions)


def test_partitions_that_depend_on_rows_of_others_are_found(package: Path, tmp_path: Path) -> None:
    contract, inputs, columns = domain_contract(package, "monthly_sale"), {"sales": SALES}, {"sales": "sold_on"}

    def find(transform: Callable[..., pl.LazyFrame], folder: str) -> tuple[str, ...]:
        return find_dependent_partitions(contract, inputs, columns, home=tmp_path / folder, transform=transform)

    assert find(_by_month, "alone") == ()
    assert find(_carried_forward, "carried") == ("2024-02-01",)
    # What a declaration does not name is read as a whole.
    assert find_dependent_partitions(contract, inputs, {}, home=tmp_path / "whole", transform=_carried_forward) == ()
    with pytest.raises(WithoutPartitions, match=r"shop\.sale has no partitions"):
        find_dependent_partitions(domain_contract(package, "sale"), inputs, columns, home=tmp_path, transform=sale)
