"""Each kind of damage changes what it reports, at the reported place."""

from __future__ import annotations

import gzip
import shutil
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import pytest

from demo_bank.corrupt import KINDS, corrupt, main
from demo_bank.damage import NothingToDamageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def copy(exports: Path, tmp_path: Path) -> Path:
    """Return a copy that may be damaged."""
    shutil.copytree(exports, tmp_path / "copy")
    return tmp_path / "copy"


def lines(file: Path) -> list[bytes]:
    """Return the lines of a file, compressed or not."""
    data = file.read_bytes()
    return (gzip.decompress(data) if file.suffix == ".gz" else data).splitlines(keepends=True)


EXPECTED: dict[str, Callable[[bytes, bytes], bool]] = {
    "truncated-row": lambda before, after: before.startswith(after.strip()) and after.count(b";") == 2,
    "unknown-code": lambda before, after: b'"STORNO"' in after and before[:5] == after[:5],
    "orphan-account": lambda before, after: after.split(b";")[1] == b"999999999" != before.split(b";")[1],
    "wrong-encoding": lambda before, after: b"\xa9" in after and b"\xa9" not in before,
    "bad-birth-number": lambda before, after: (
        after.split(b";")[1][3:5] == b"13" and len(before) == len(after)
    ),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_damage_to_one_line_changes_that_line_only(exports: Path, copy: Path, kind: str) -> None:
    damage = corrupt(copy, kind)
    before = lines(exports / damage.file.relative_to(copy))
    after = lines(damage.file)
    assert damage.line is not None
    changed = [number for number, (a, b) in enumerate(zip(before, after, strict=True), start=1) if a != b]
    assert changed == [damage.line]
    assert EXPECTED[kind](before[damage.line - 1], after[damage.line - 1])


def test_duplicate_transaction_repeats_the_line_above(exports: Path, copy: Path) -> None:
    damage = corrupt(copy, "duplicate-transaction")
    after = lines(damage.file)
    assert damage.line is not None
    assert after[damage.line - 1] == after[damage.line - 2]
    assert len(after) == len(lines(exports / damage.file.relative_to(copy))) + 1


def test_missing_column_is_gone_from_every_line(copy: Path) -> None:
    after = lines(corrupt(copy, "missing-column").file)
    assert b"k_symbol" not in after[0]
    assert {line.count(b";") for line in after} == {8}


def test_empty_and_missing_files(copy: Path) -> None:
    assert lines(corrupt(copy, "empty-file").file) == []
    assert not corrupt(copy, "missing-file").file.exists()
    with pytest.raises(NothingToDamageError, match=r"account\.asc\.gz: no such file"):
        corrupt(copy, "missing-file")


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_says_what_it_did(copy: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(copy), kind]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{kind}: {copy}")


TEXT_FILES: dict[str, Callable[[bytes, bytes], bool]] = {
    "truncated-trade": lambda before, after: before.startswith(after.strip()) and after.count(b"|") == 2,
    "unknown-trade-status": lambda before, after: (
        after.split(b"|")[4] == b"HELD" and after.replace(b"HELD", before.split(b"|")[4]) == before
    ),
    "duplicate-complaint": lambda before, after: (
        after.rsplit(b",", 2)[::2] == before.rsplit(b",", 2)[::2] and after != before
    ),
    "bad-complaint-date": lambda before, after: (
        after.startswith(b"31-02-2014,") and before[10:] == after[10:]
    ),
}


@pytest.mark.parametrize("kind", TEXT_FILES)
def test_damage_to_trades_and_complaints_changes_one_line_only(exports: Path, copy: Path, kind: str) -> None:
    damage = corrupt(copy, kind)
    before = lines(exports / damage.file.relative_to(copy))
    after = lines(damage.file)
    assert damage.line is not None
    changed = [number for number, (a, b) in enumerate(zip(before, after, strict=True), start=1) if a != b]
    assert changed == [damage.line]
    assert TEXT_FILES[kind](before[damage.line - 1], after[damage.line - 1])


def test_a_duplicated_complaint_has_the_id_of_the_line_above(copy: Path) -> None:
    damage = corrupt(copy, "duplicate-complaint")
    assert damage.line is not None
    above, line = lines(damage.file)[damage.line - 2 : damage.line]
    assert above.rsplit(b",", 2)[1] == line.rsplit(b",", 2)[1]


def test_the_latest_price_file_alone_loses_its_volume(exports: Path, copy: Path) -> None:
    damaged = corrupt(copy, "missing-price-column").file
    assert damaged.name == "all_stocks_5yr_vintage_2018-02.csv.gz"
    assert lines(damaged)[0] == b"date,open,high,low,close,Name\n"
    assert {line.count(b",") for line in lines(damaged)} == {5}
    other = "sp500_daily_prices/all_stocks_5yr_vintage_2017-08.csv.gz"
    assert (copy / other).read_bytes() == (exports / other).read_bytes()


def balances_agree(rows: pl.DataFrame) -> bool:
    """Return whether each account's sums agree with its closing balances within a crown."""
    booked = rows.select(
        pl.col("trans_id", "account_id", "date").cast(pl.Int64),
        pl.col("amount", "balance").cast(pl.Float64),
        credit=pl.col("type") == "PRIJEM",
    ).with_columns(signed=pl.when("credit").then("amount").otherwise(-pl.col("amount")))
    booked = booked.with_columns(before=(pl.col("balance") - pl.col("signed")).round(1))
    closing = pl.col("balance").filter(~pl.col("balance").is_in(pl.col("before").implode()))
    days = (
        booked.group_by("account_id", "date")
        .agg(closing.alias("closing"), pl.col("signed").sum())
        .sort("date")
    )
    if not (days["closing"].list.len() == 1).all():
        return False
    drift = (pl.col("signed").cum_sum().over("account_id") - pl.col("closing").list.first()).abs()
    return bool(days.select((drift <= 1.0).all()).item())


def test_late_rows_fall_in_a_month_long_told_and_balances_still_agree(exports: Path, copy: Path) -> None:
    read = partial(pl.read_csv, separator=";", infer_schema=False)
    before = read(exports / "berka_pkdd99/trans.asc.gz")
    for run in (1, 2):
        damage = corrupt(copy, "late-rows")
        after = read(damage.file)
        late = after.tail(after.height - before.height)
        assert late.height == 20 * run
        assert after.head(before.height).equals(before)
        assert late["date"].str.starts_with("9803").all()
        assert after["trans_id"].is_unique().all()
        assert balances_agree(after)
        control = (damage.file.parent / "trans.control.csv").read_bytes()
        assert control == b"object;rows;complete_through\r\ntrans;%d;1998-12-31\r\n" % after.height


def test_a_balance_that_does_not_agree_is_seen(exports: Path) -> None:
    rows = pl.read_csv(exports / "berka_pkdd99/trans.asc.gz", separator=";", infer_schema=False)
    wrong = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("9999.00")).otherwise("amount").alias("amount")
    assert not balances_agree(rows.with_columns(wrong))
