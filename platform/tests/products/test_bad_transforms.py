"""Transforms that do not deliver: one clear message, first, that never holds a value."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from shop_workspace import write_workspace

from bankmesh.contracts.reading import read_contract
from bankmesh.errors import TransformError
from bankmesh.products.components.polars_product import TransformNotUsable
from bankmesh.testing import try_product

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.contracts.model import Contract

POISON = "Poisonous-Remark-4711"

SALES = pl.DataFrame(
    {
        "sale_id": [1, 2],
        "customer_id": [1, 1],
        "sold_on": ["2024-01-05", "2024-01-06"],
        "amount": ["1.00", "2.00"],
        "voucher": ["1", "2"],
        "remark": ["fine", POISON],
    }
).with_columns(pl.col("sold_on").str.to_date(), pl.col("amount").cast(pl.Decimal(18, 2)))


def missing(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.drop("amount")


def surplus(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(pl.lit(1).alias("extra"))


def wrong_type(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(pl.col("remark").alias("customer_id"))


def unknown_column(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.filter(pl.col("nowhere") > 1)


def fails(sales: pl.LazyFrame) -> pl.LazyFrame:
    remark = sales.collect()["remark"][1]
    raise ValueError(f"cannot make sense of {remark}")


def fails_in_a_map(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(pl.col("remark").map_elements(int, return_dtype=pl.Int64).alias("customer_id"))


def not_a_frame(sales: pl.LazyFrame) -> str:
    return "nothing"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose models the tests spoil."""
    made = tmp_path_factory.mktemp("bad_transforms")
    write_workspace(made)
    return made


def _contract(root: Path, name: str) -> Contract:
    return read_contract(root / f"domains/shop/src/shop/contracts/{name}.odcs.yaml")


def _told(error: TransformError) -> str:
    assert POISON not in "".join(traceback.format_exception(error))
    return str(error)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (missing, "promised but not delivered: amount"),
        (surplus, "delivered but not promised: extra"),
        (wrong_type, "wrong_type failed: InvalidOperationError"),
        (unknown_column, "unknown_column failed: ColumnNotFoundError"),
        (fails, "fails failed: ValueError"),
        (fails_in_a_map, "fails_in_a_map failed"),
        (not_a_frame, "the transform returned str, not a LazyFrame"),
    ],
)
def test_a_polars_transform(root: Path, tmp_path: Path, transform: Callable[..., pl.LazyFrame], expected: str) -> None:
    with pytest.raises(TransformError) as caught:
        try_product(_contract(root, "sale"), {"sales": SALES}, transform=transform, home=tmp_path)
    told = _told(caught.value)
    assert told.startswith("shop.sale: ")
    assert expected in told
    assert "\n" not in told


def test_a_transform_that_takes_other_parameters(root: Path, tmp_path: Path) -> None:
    with pytest.raises(TransformNotUsable, match=r"missing takes sales, but .* gives customers"):
        try_product(_contract(root, "sale"), {"customers": SALES}, transform=missing, home=tmp_path)


def _spoil(root: Path, sql: str) -> None:
    model = root / "dbt_project/models/shop/products/customer_spend.sql"
    columns = {
        "customer_id": "customer_id",
        "sales": "count(*) as sales",
        "total": "sum(amount) as total",
        "largest_sale_id": "max(sale_id) as largest_sale_id",
        "last_remark": "max(remark) as last_remark",
    }
    for change in filter(None, sql.split(";")):
        name, _, text = change.partition("=")
        columns[name] = text
    chosen = ", ".join(filter(None, columns.values()))
    model.write_text(f"select {chosen} from {{{{ source('shop', 'sale') }}}} group by customer_id\n")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("total=", "promised but not delivered: total"),
        ("extra=1 as extra", "delivered but not promised: extra"),
        ("total=max(remark) as total", "Error"),
        ("sales=max(cast(remark as bigint)) as sales", "Error"),
        ("sales=max(nowhere) as sales", "nowhere"),
        ("sales=coun(*) as sales", "coun"),
    ],
    ids=["missing", "surplus", "wrong-type", "conversion", "unknown-column", "unknown-function"],
)
def test_a_dbt_model(root: Path, tmp_path: Path, sql: str, expected: str) -> None:
    _spoil(root, sql)
    with pytest.raises(TransformError) as caught:
        try_product(_contract(root, "customer_spend"), {"shop.sale": SALES}, home=tmp_path, dbt_target=root / "target")
    told = _told(caught.value)
    assert told.startswith("shop.customer_spend: dbt could not build customer_spend: ")
    assert expected in told
    assert "\n" not in told
    assert not re.search(r"Traceback|File \"", told)
