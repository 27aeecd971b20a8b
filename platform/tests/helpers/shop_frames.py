"""Rows of the shop as frames, for tests without a mesh."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.products.inputs.pinned_inputs import PinnedInput

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.product_definition import ProductInput

POISON = "Poisonous-Remark-4711"
MONEY = pl.Decimal(18, 2)
SALES = pl.DataFrame(
    {
        "sale_id": [2, 1, 3],
        "customer_id": [1, 1, 2],
        "sold_on": [date(2024, 1, 31), date(2024, 1, 5), date(2024, 2, 1)],
        "amount": pl.Series(["20.50", "10.00", "5.25"]).cast(MONEY),
        "voucher": ["1", None, "3"],
        "remark": [None, "thank you", "hello"],
    }
)


def sale(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.sort("sale_id")


POISONED_SALES = pl.DataFrame(
    {
        "sale_id": [1, 2],
        "customer_id": [1, 1],
        "sold_on": ["2024-01-05", "2024-01-06"],
        "amount": ["1.00", "2.00"],
        "voucher": ["1", "2"],
        "remark": ["fine", POISON],
    }
).with_columns(pl.col("sold_on").str.to_date(), pl.col("amount").cast(pl.Decimal(18, 2)))


def contract_in(root: Path, name: str) -> Contract:
    return read_contract(root / f"domains/shop/src/shop/contracts/{name}.odcs.yaml")


def pinned_frame(source: ProductInput, rows: pl.DataFrame, folder: Path) -> PinnedInput:
    file = folder / "input.parquet"
    rows.write_parquet(file)
    return PinnedInput(source, "1", f"read_parquet('{file}')", lambda: pl.scan_parquet(file))
