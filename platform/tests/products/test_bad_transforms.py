"""Transforms that do not deliver: one clear message, first, that in production never holds a value; a trial shows all."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from shop_frames import POISON, POISONED_SALES, contract_in, pinned_frame
from shop_workspace import write_workspace

from bankmesh.errors import TransformError
from bankmesh.products.build_types import BuildRequest
from bankmesh.products.dbt.dbt_build import build_with_dbt
from bankmesh.products.dbt.generated_sources import write_dbt_inputs
from bankmesh.products.domain_package import read_domain
from bankmesh.products.polars.polars_build import build_with_polars
from bankmesh.products.polars.transform_parameters import TransformNotUsable
from bankmesh.products.product_definition import ProductInput
from bankmesh.testing import try_product
from bankmesh.workspace.dbt_project_files import DbtProjectPlace
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Callable


def missing(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.drop("amount")


def surplus(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(pl.lit(1).alias("extra"))


def wrong_type(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(pl.col("remark").alias("customer_id"))


def unknown_column(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.filter(pl.col("nowhere") > 1)


def mistyped_column(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(amuont=1).drop("amuont").filter(pl.col("ammount") > 1)


def mistyped_in_drop(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.drop("ammount")


def mistyped_new_column(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(discounted=pl.col("amount") * 2).group_by("customer_id").agg(pl.col("discouted").sum())


def mistyped_field(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(pl.struct("voucher", "remark").struct.field("vouchr").alias("voucher"))


def column_named_by_a_value(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.select(sales.collect()["remark"][1][::-1])


def mistyped_beside_pivoted_values(sales: pl.LazyFrame) -> pl.LazyFrame:
    wide = sales.collect().pivot(on="remark", index="sale_id", values="customer_id")
    return wide.lazy().select("sale_it")


def fails(sales: pl.LazyFrame) -> pl.LazyFrame:
    remark = sales.collect()["remark"][1]
    raise ValueError(f"cannot make sense of {remark}")


SLOW_MAP = pytest.mark.filterwarnings("ignore::polars.exceptions.PolarsInefficientMapWarning")


def fails_in_a_map(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(pl.col("remark").map_elements(int, return_dtype=pl.Int64).alias("customer_id"))


def not_a_frame(sales: pl.LazyFrame) -> str:
    return "nothing"


def eager(sales: pl.LazyFrame) -> pl.DataFrame:
    return sales.collect()


def of_pandas(sales: pl.LazyFrame) -> object:
    return sales.collect().to_pandas()


def of_arrow(sales: pl.LazyFrame) -> object:
    return sales.collect().to_arrow()


def of_duckdb(sales: pl.LazyFrame) -> object:
    return duckdb.from_arrow(sales.collect().to_arrow())


def forgets_to_return(sales: pl.LazyFrame) -> None:
    sales.sort("sale_id")


def many_surplus(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.with_columns(pl.lit(1).alias(f"extra_{number}") for number in range(40)).drop("amount", "remark")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose models the tests spoil."""
    made = tmp_path_factory.mktemp("bad_transforms")
    write_workspace(made)
    return made


def _told(error: TransformError) -> str:
    text = "".join(traceback.format_exception(error))
    assert POISON not in text
    assert POISON[::-1] not in text
    return str(error)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (missing, "promised but not delivered: amount"),
        (surplus, "delivered but not promised: extra"),
        (wrong_type, "customer_id is delivered as String and promised as long: text is not cast to long"),
        (many_surplus, "promised but not delivered: amount, remark; "),
        (many_surplus, "extra_11 and 28 more. "),
        (unknown_column, "unknown_column failed: ColumnNotFoundError in "),
        (unknown_column, "There is no column nowhere where it is read. Columns there: sale_id, customer_id, "),
        (mistyped_column, "There is no column ammount where it is read. Did you mean amount?"),
        (mistyped_in_drop, "There is no column ammount where it is read. Did you mean amount?"),
        (mistyped_new_column, "There is no column discouted where it is read. Did you mean discounted?"),
        (mistyped_field, "There is no field vouchr where it is read. Did you mean voucher?"),
        (column_named_by_a_value, "A column is missing, and its name is not in the code"),
        (mistyped_beside_pivoted_values, "There is no column sale_it where it is read. Did you mean sale_id?"),
        (fails, "fails failed: ValueError"),
        pytest.param(fails_in_a_map, "fails_in_a_map failed", marks=SLOW_MAP),
        (not_a_frame, "the transform returned a str, not a Polars LazyFrame"),
        (eager, "the transform returned a Polars DataFrame, not a Polars LazyFrame. Return it as `frame.lazy()`"),
        (of_pandas, "the transform returned a pandas DataFrame, not a Polars LazyFrame"),
        (of_arrow, "the transform returned a pyarrow Table, not a Polars LazyFrame"),
        (of_duckdb, "the transform returned a DuckDB DuckDBPyRelation, not a Polars LazyFrame"),
        (forgets_to_return, "the transform returned nothing. End it with `return`"),
    ],
)
def test_a_polars_transform(root: Path, tmp_path: Path, transform: Callable[..., pl.LazyFrame], expected: str) -> None:
    request = BuildRequest(
        {"sales": pinned_frame(ProductInput("till", "sale"), POISONED_SALES, tmp_path)}, tmp_path, None
    )
    with pytest.raises(TransformError) as caught:
        build_with_polars(transform, contract_in(root, "sale"), request)
    told = _told(caught.value)
    assert told.startswith("shop.sale: ")
    assert expected in told
    assert "\n" not in told


def test_a_transform_that_takes_other_parameters(root: Path, tmp_path: Path) -> None:
    with pytest.raises(TransformNotUsable, match=r"missing takes sales, but .* gives customers"):
        try_product(contract_in(root, "sale"), {"customers": POISONED_SALES}, transform=missing, home=tmp_path)


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
        ("total=max(remark) as total", "total is delivered as VARCHAR and promised as decimal(18,2): text is not cast"),
        ("sales=max(cast(remark as bigint)) as sales", "Error"),
        ("sales=max(nowhere) as sales", "nowhere"),
        ("sales=coun(*) as sales", "coun"),
    ],
    ids=["missing", "surplus", "wrong-type", "conversion", "unknown-column", "unknown-function"],
)
def test_a_dbt_model(root: Path, tmp_path: Path, sql: str, expected: str) -> None:
    _spoil(root, sql)
    place = DbtProjectPlace(root / "dbt_project", "shop", root / "target" / "shop")
    write_dbt_inputs(place, read_domain(root / "domains/shop/src/shop").systems, readable_contracts(root))
    request = BuildRequest(
        {"shop.sale": pinned_frame(ProductInput("shop", "sale"), POISONED_SALES, tmp_path)}, tmp_path, None
    )
    with pytest.raises(TransformError) as caught:
        build_with_dbt(place, "customer_spend", contract_in(root, "customer_spend"), request)
    told = _told(caught.value)
    assert told.startswith("shop.customer_spend: ")
    assert expected in told
    assert "\n" not in told
    assert not re.search(r"Traceback|File \"", told)


@pytest.mark.parametrize("transform", [fails, pytest.param(fails_in_a_map, marks=SLOW_MAP)])
def test_a_trial_shows_the_error_of_a_transform(root: Path, tmp_path: Path, transform: Callable[..., object]) -> None:
    """The rows of a trial are made up, so what the developer's own code says of them is no secret."""
    with pytest.raises(TransformError, match=POISON) as caught:
        try_product(contract_in(root, "sale"), {"sales": POISONED_SALES}, transform=transform, home=tmp_path)
    assert POISON in str(caught.value.__cause__)
    assert f"{transform.__name__} failed" in str(caught.value)
    assert __file__ in str(caught.value)


def test_a_trial_shows_the_error_of_a_dbt_model(root: Path, tmp_path: Path) -> None:
    _spoil(root, "sales=max(cast(remark as bigint)) as sales")
    with pytest.raises(TransformError, match="Could not convert string 'fine'"):
        try_product(
            contract_in(root, "customer_spend"),
            {"shop.sale": POISONED_SALES},
            home=tmp_path,
            dbt_target=root / "target",
        )
