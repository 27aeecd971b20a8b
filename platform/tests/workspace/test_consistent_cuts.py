"""A consistent cut: what each product was at one moment, and never newer than what it is built from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.ports.publication import Provenance, Publication
from bankmesh.workspace.consistent_cuts import BadMoment, ConsistentCut, NotPublishedThen, parse_moment

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def made(version: int, hours: float, **inputs: int | str) -> Publication:
    provenance = Provenance("run", "1.0.0", "code", inputs, None, {})
    return Publication(version, DAY + timedelta(hours=hours), 1, 1, provenance, "candidate")


def cut(hours: float, **histories: list[Publication]) -> ConsistentCut:
    return ConsistentCut(DAY + timedelta(hours=hours), lambda port: histories[port][::-1])


def test_each_product_has_its_newest_version_of_the_moment() -> None:
    found = cut(5, account=[made(0, 1), made(1, 4), made(2, 6)], balance=[made(0, 2, account=0), made(3, 7, account=2)])
    assert found.publication("account").version == 1
    assert found.publication("balance").version == 0


def test_a_version_published_at_the_moment_itself_is_in_the_cut() -> None:
    assert cut(4, account=[made(0, 1), made(1, 4)]).publication("account").version == 1


def test_a_clock_that_is_behind_brings_no_version_newer_than_its_input() -> None:
    skewed = {"account": [made(0, 1), made(1, 6)], "balance": [made(0, 2, account=0), made(1, 4, account=1)]}
    assert cut(5, **skewed).publication("balance").version == 0
    assert cut(6, **skewed).publication("balance").version == 1


def test_landings_and_a_product_that_reads_itself_do_not_hold_a_cut_back() -> None:
    history = [made(0, 1, **{"core.account": "fingerprint"}), made(1, 2, account=0)]
    assert cut(3, account=history).publication("account").version == 1


def test_before_the_first_version_there_is_none() -> None:
    with pytest.raises(NotPublishedThen, match=r"oldest readable version is of 2026-01-01 04:00 UTC"):
        cut(3, account=[made(2, 4)]).publication("account")
    with pytest.raises(NotPublishedThen, match="not published yet"):
        cut(3, account=[]).publication("account")


@pytest.mark.parametrize("moment", ["yesterday", "2026-01-31", "2026-01-31T00:00", datetime(2026, 1, 1)])  # noqa: DTZ001
def test_a_moment_without_a_time_zone_is_refused(moment: str | datetime) -> None:
    with pytest.raises(BadMoment, match="2026-01-31T00:00Z"):
        parse_moment(moment, DAY + timedelta(days=60))


def test_moments_are_compared_in_utc_and_lie_in_the_past() -> None:
    assert parse_moment("2026-01-01T02:00+02:00", DAY) == DAY
    assert parse_moment("2026-01-01T00:00Z", DAY) == DAY
    with pytest.raises(BadMoment, match="future"):
        parse_moment("2026-01-01T00:00:01Z", DAY)


@given(st.data())
def test_no_version_of_a_cut_is_newer_than_its_inputs(data: st.DataObject) -> None:
    names = ("a", "b", "c")
    hours = st.integers(0, 9)
    histories: dict[str, list[Publication]] = {}
    for place, name in enumerate(names):
        times = sorted(data.draw(st.lists(hours, min_size=1, max_size=4)))
        reads = [{up: data.draw(st.integers(0, len(histories[up]) - 1)) for up in names[:place]} for _ in times]
        histories[name] = [made(number, at, **read) for number, (at, read) in enumerate(zip(times, reads, strict=True))]
    found = cut(data.draw(hours), **histories)
    versions: dict[str, Publication] = {}
    for name in names:
        try:
            versions[name] = found.publication(name)
        except NotPublishedThen:
            continue
    for publication in versions.values():
        for source, read in publication.provenance.inputs.items():
            assert source in versions
            assert versions[source].version >= read
