"""Runs of partitions without a gap: as people read them, and as dbt's models are bounded by them."""

from __future__ import annotations

from datetime import date, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bankmesh.contracts.model import Partitioning
from bankmesh.products.dbt.dbt_build import partition_ranges
from bankmesh.products.inputs.partition_bounds import day_after, describe_partitions, partition_runs

DAYS = Partitioning("day", "day", "2024-02-26", "2024-03-10")
ALL_DAYS = [(date(2024, 2, 26) + timedelta(days=n)).isoformat() for n in range(13)]


def test_months_and_days_are_named_by_their_runs() -> None:
    months = ["2023-12-01", "2024-01-01", "2024-03-01"]
    assert partition_runs("month", months) == [("2023-12-01", "2024-01-01"), ("2024-03-01", "2024-03-01")]
    assert describe_partitions("month", months) == "2023-12-01 to 2024-01-01, 2024-03-01 to 2024-03-01"
    assert describe_partitions("day", ["2024-02-29", "2024-02-28", "2024-03-01"]) == "2024-02-28 to 2024-03-01"
    every_other = [f"2024-{month:02}-01" for month in range(1, 13, 2)]
    assert describe_partitions("month", every_other).endswith("2024-09-01 to 2024-09-01 and 1 more ranges")


@pytest.mark.parametrize("granularity", ["day", "month"])
def test_no_partitions_have_no_runs(granularity: str) -> None:
    assert partition_runs(granularity, []) == []


@given(st.sets(st.sampled_from(ALL_DAYS), min_size=1))
def test_ranges_hold_just_the_days_that_are_built(chosen: set[str]) -> None:
    ranges = partition_ranges(DAYS, tuple(sorted(chosen)))

    def is_within(day: str) -> bool:
        return any((r["start"] or "") <= day and (r["end"] is None or day < r["end"]) for r in ranges)

    assert {day for day in ALL_DAYS if is_within(day)} == chosen
    # What lies outside of all partitions is met by the run that builds the first or the last of them.
    assert is_within("2020-01-01") == (ALL_DAYS[0] in chosen)
    assert is_within("2030-01-01") == (ALL_DAYS[-1] in chosen)
    assert day_after("day", ALL_DAYS[-1]) == DAYS.end
