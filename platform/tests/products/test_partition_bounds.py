"""Partitions as Dagster has them, and runs of them without a gap: as people read them, as dbt's models are bounded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import hypothesis.strategies as st
import pytest
from dagster._core.test_utils import freeze_time
from hypothesis import assume, given

from bankmesh.contracts.model import Partitioning
from bankmesh.orchestration.assets.asset_specs import partitions_of
from bankmesh.products.dbt.dbt_build import partition_ranges
from bankmesh.products.inputs.partition_bounds import day_after, describe_partitions, partition_keys, partition_runs

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


MOMENTS = st.datetimes(datetime(2023, 12, 1), datetime(2026, 3, 31)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
PERIODS = st.dates(date(2023, 11, 1), date(2026, 6, 30)).map(date.isoformat)


@given(st.sampled_from(["day", "month"]), PERIODS, st.none() | PERIODS, MOMENTS)
def test_a_trial_has_the_partitions_that_dagster_would_build(
    granularity: str, start: str, end: str | None, now: datetime
) -> None:
    if granularity == "month":
        start, end = start[:-2] + "01", end[:-2] + "01" if end else None
    assume(start <= now.date().isoformat())  # the day before, Dagster lists the first partition already
    assume(end is None or start < end)
    partitioning = Partitioning("day", granularity, start, end)
    definition = partitions_of(partitioning)
    assert definition is not None
    with freeze_time(now):
        assert partition_keys(partitioning, now) == tuple(definition.get_partition_keys())
