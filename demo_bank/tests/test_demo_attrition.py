"""Income that moves away: gradually, never of pensioners and borrowers, and visible in the bookings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from demo_bank import generate
from demo_bank.attrition import LEFT_AFTER, NEVER, income_left, leaving_months
from demo_bank.bank import make_bank
from demo_bank.standing import PENSION

if TYPE_CHECKING:
    from pathlib import Path


def test_income_goes_step_by_step_and_stays_for_others() -> None:
    leaves = np.array([10, NEVER], dtype=np.int64)
    left = [income_left(leaves, month).tolist() for month in range(9, 18)]
    assert [some for some, _ in left] == [1.0, *LEFT_AFTER, LEFT_AFTER[-1], LEFT_AFTER[-1]]
    assert {other for _, other in left} == {1.0}


def test_nobody_leaves_in_the_first_year_or_who_may_not() -> None:
    opened = np.zeros(10_000, dtype=np.int64)
    may = np.arange(10_000) % 2 == 0
    leaves = leaving_months(np.random.default_rng(1), opened, may)
    assert (leaves[~may] == NEVER).all()
    assert leaves.min() > 12
    assert 0.3 < (leaves[may] < NEVER).mean() < 0.7


def test_pensioners_and_borrowers_stay() -> None:
    bank = make_bank(scale=0.5, seed=2)
    gone = bank.habits.leaves < NEVER
    assert gone.any()
    assert not gone[bank.habits.transfer == PENSION].any()
    assert not gone[bank.loans.account].any()


@pytest.fixture(scope="module")
def attrition(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Return credits other than interest in the four months before and after August 1998, by account."""
    folder: Path = tmp_path_factory.mktemp("attrition")
    generate(folder, scale=0.2, seed=4)
    core = folder / "berka_pkdd99"
    bookings = pl.read_csv(core / "trans.asc.gz", separator=";", infer_schema=False)
    credits_ = bookings.filter(pl.col("type") == "PRIJEM", pl.col("k_symbol").ne_missing("UROK")).select(
        pl.col("account_id").cast(pl.Int64),
        pl.col("amount").cast(pl.Float64),
        day=("19" + pl.col("date")).str.to_date("%Y%m%d"),
    )

    def window(first: date, end: date) -> pl.Expr:
        return pl.col("amount").filter(pl.col("day").is_between(first, end, closed="left")).sum()

    return (
        credits_.group_by("account_id")
        .agg(
            earlier=window(date(1998, 1, 1), date(1998, 5, 1)),
            before=window(date(1998, 5, 1), date(1998, 9, 1)),
            after=window(date(1998, 9, 1), date(1999, 1, 1)),
        )
        .filter(pl.col("before") > 0, pl.col("earlier") > 0)
        .with_columns(left=pl.col("after") < pl.col("before") / 2)
    )


def test_attrition_is_neither_rare_nor_common(attrition: pl.DataFrame) -> None:
    assert 0.05 < attrition["left"].mean() < 0.35  # type: ignore[operator]


def test_the_months_before_tell_something(attrition: pl.DataFrame) -> None:
    """The area under the curve of one plain feature, an inflow unlike that of the months before it."""
    unlike = (attrition["before"] / attrition["earlier"]).log().abs()
    rank = unlike.rank()
    left = attrition["left"]
    positive, negative = int(left.sum()), int((~left).sum())
    area = (float(rank.filter(left).sum()) - positive * (positive + 1) / 2) / (positive * negative)
    assert area > 0.6
