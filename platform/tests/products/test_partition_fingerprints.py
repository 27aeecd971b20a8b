"""What a partition was built from, in short: equal for equal rows in any order, and another for any other rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given, settings

from bankmesh.contracts.model import Partitioning
from bankmesh.products.inputs.partition_fingerprints import PartitionedRows, fingerprint_partitions, summarize_rows
from bankmesh.products.product_definition import InputCompleteness, PartitionInput

if TYPE_CHECKING:
    from pathlib import Path

BY_MONTH = Partitioning("month", "month", "2024-01-01", "2024-05-01")
MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01")
SALE = PartitionInput(column="sold_on")
BY_DAY = PartitionInput(column="sold_on", complete_through=InputCompleteness.BY_DAY)
COLUMNS = (("sale_id", "BIGINT", "internal"), ("sold_on", "DATE", "internal"))


def rows(through: date | None = None, **content: str) -> PartitionedRows:
    """Content by month: `jan="1 2 3"`; `other` lies in no partition."""
    keys = {"jan": "2024-01-01", "feb": "2024-02-01", "mar": "2024-03-01", "apr": "2024-04-01", "other": "2023-12-01"}
    return PartitionedRows(COLUMNS, {keys[name]: text for name, text in content.items()}, through)


def changed(before: PartitionedRows, after: PartitionedRows, declared: PartitionInput = SALE) -> list[str]:
    """The months whose fingerprint differs."""
    old, new = (fingerprint_partitions(found, declared, BY_MONTH, MONTHS) for found in (before, after))
    assert tuple(old) == tuple(new) == MONTHS
    return [month for month in MONTHS if old[month] != new[month]]


def test_a_partition_changes_with_its_own_rows_alone() -> None:
    before = rows(jan="1 2", feb="3 4")
    assert changed(before, rows(jan="1 2", feb="3 4")) == []
    assert changed(before, rows(jan="1 2", feb="5 6")) == ["2024-02-01"]
    assert changed(before, rows(jan="1 2")) == ["2024-02-01"]
    assert changed(before, rows(jan="1 2", feb="3 4", apr="1 1")) == ["2024-04-01"]


def test_rows_in_no_partition_concern_all_of_them() -> None:
    assert changed(rows(jan="1 2"), rows(jan="1 2", other="1 1")) == list(MONTHS)
    assert changed(rows(jan="1 2", other="1 1"), rows(jan="1 2", other="1 2")) == list(MONTHS)


def test_columns_types_classes_and_the_declaration_concern_all_of_them() -> None:
    before = rows(jan="1 2")
    for columns in (COLUMNS[:1], COLUMNS[::-1], ((*COLUMNS[0][:2], "restricted"), COLUMNS[1])):
        assert changed(before, PartitionedRows(columns, before.content)) == list(MONTHS)
    old = fingerprint_partitions(before, SALE, BY_MONTH, MONTHS)
    assert set(old.values()).isdisjoint(fingerprint_partitions(before, BY_DAY, BY_MONTH, MONTHS).values())


@pytest.mark.parametrize(
    ("before", "after", "concerned"),
    [
        # `sold_on <= complete_through` changes for days between the two alone.
        ("2024-02-10", "2024-02-20", ["2024-02-01"]),
        ("2024-01-31", "2024-02-29", ["2024-02-01"]),
        ("2024-01-30", "2024-02-01", ["2024-01-01", "2024-02-01"]),
        ("2024-03-15", "2024-01-10", ["2024-01-01", "2024-02-01", "2024-03-01"]),
        ("2024-04-30", "2024-12-31", []),
        ("2023-12-31", "2023-01-01", []),
        (None, "2024-02-20", list(MONTHS)),
    ],
)
def test_how_far_an_export_is_complete(before: str | None, after: str, concerned: list[str]) -> None:
    old, new = (rows(date.fromisoformat(text) if text else None, jan="1 2") for text in (before, after))
    assert changed(old, new, BY_DAY) == concerned
    assert changed(old, new, SALE) == list(MONTHS)


days = st.dates(date(2023, 12, 30), date(2024, 3, 2)) | st.none()
amounts = st.sampled_from([Decimal("0.00"), Decimal("1.50"), Decimal("-1.50"), Decimal("15.00")]) | st.none()
tables = st.lists(st.tuples(st.integers(1, 3), days, amounts, st.sampled_from(["", "a", "b", None])), max_size=6)
SCHEMA = {"sale_id": pl.Int64, "sold_on": pl.Date, "amount": pl.Decimal(14, 2), "remark": pl.String}


def summarize(folder: Path, table: list[tuple[object, ...]]) -> dict[str, str]:
    file = folder / f"{abs(hash(tuple(table)))}-{len(list(folder.iterdir()))}.parquet"
    pl.DataFrame(table, schema=SCHEMA, orient="row").write_parquet(file)
    columns, content = summarize_rows(f"read_parquet('{file}')", "sold_on", "month")
    assert columns == (
        ("sale_id", "BIGINT"), ("sold_on", "DATE"), ("amount", "DECIMAL(14,2)"), ("remark", "VARCHAR"),
    )  # fmt: skip
    return dict(content)


@settings(deadline=None)
@given(tables, tables, st.randoms(use_true_random=False))
def test_rows_are_compared_as_a_multiset_by_month(
    tmp_path_factory: pytest.TempPathFactory,
    one: list[tuple[object, ...]],
    other: list[tuple[object, ...]],
    random: object,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    shuffled = list(one)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = summarize(folder, one), summarize(folder, other)
    assert summarize(folder, shuffled) == first

    def by_month(table: list[tuple[object, ...]]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in table:
            day = row[1]
            found.setdefault(day.replace(day=1).isoformat() if isinstance(day, date) else "", []).append(repr(row))
        return {month: sorted(texts) for month, texts in found.items()}

    mine, theirs = by_month(one), by_month(other)
    for month in mine.keys() | theirs.keys():
        assert (first.get(month) == second.get(month)) == (mine.get(month) == theirs.get(month))


def test_values_that_change_places_are_another_content(tmp_path: Path) -> None:
    day = date(2024, 1, 5)
    before = [(1, day, Decimal("1.50"), "a"), (2, day, Decimal("15.00"), "b")]
    after = [(1, day, Decimal("15.00"), "a"), (2, day, Decimal("1.50"), "b")]
    assert summarize(tmp_path, before) != summarize(tmp_path, after)
    twice = [before[0], before[0], before[1], before[1]]
    assert summarize(tmp_path, twice) != summarize(tmp_path, before)
