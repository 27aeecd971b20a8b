"""One small bank for all tests that only read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from demo_bank import generate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCALE = 0.03
SEED = 7


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a bank at a small scale."""
    folder: Path = tmp_path_factory.mktemp("demo_bank")
    generate(folder, scale=SCALE, seed=SEED)
    return folder


@pytest.fixture(scope="session")
def core(exports: Path) -> Callable[[str], pl.DataFrame]:
    """Return a reader of core-banking files, every field as text; absent is null, `""` the empty string."""
    folder = exports / "berka_pkdd99"
    return lambda name: pl.read_csv(folder / f"{name}.asc.gz", separator=";", infer_schema=False)


@pytest.fixture(scope="session")
def crm(exports: Path) -> Callable[[str], pl.DataFrame]:
    """Return a reader of CRM files, every field as text."""
    folder = exports / "retail_banking_demo"
    return lambda name: pl.read_csv(folder / f"{name}.csv.gz", infer_schema=False)


@pytest.fixture(scope="session")
def transactions(core: Callable[[str], pl.DataFrame]) -> pl.DataFrame:
    """Return the transactions, money in tenths of a crown, with signed amount."""
    tenths = [(pl.col(name).cast(pl.Float64) * 10).round().cast(pl.Int64) for name in ("amount", "balance")]
    is_credit = pl.col("type") == "PRIJEM"
    return (
        core("trans")
        .with_columns(*tenths, pl.col("trans_id", "account_id", "date").cast(pl.Int64))
        .with_columns(signed=pl.when(is_credit).then("amount").otherwise(-pl.col("amount")))
        .with_columns(before=pl.col("balance") - pl.col("signed"))
    )
