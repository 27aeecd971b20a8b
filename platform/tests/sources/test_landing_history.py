"""A landing is compared with the last accepted one: it may not lose rows, nor go back in time, unnoticed."""

import datetime as dt
import json
import shutil
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.contracts.shrink_tolerance import AcceptedShrink
from bankmesh.errors import HistoryLost, NoLongerDelivered, SourceFaults
from bankmesh.sources import LandingFigures, current_landing, land_compared, land_object
from bankmesh.sources.landing_history import find_losses
from bankmesh.sources.landing_store import POINTER, landing_folder

COLUMNS = """
n: {type: long, required: true, classification: internal, description: A number.}
day: {type: date, format: "%Y-%m-%d", classification: confidential, description: A day.}
"""
ACCEPTED = AcceptedShrink("a branch was sold", "Jana")


def export(count, first=1, day="2024-01-31"):
    return ("n;day\n" + "".join(f"{n};{day}\n" for n in range(first, first + count))).encode()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def land(exports, home, obj, content, accepted=None):
    if content is not None:
        exports.write(content)
    return land_compared(obj, exports.base, home, "retail", accepted)


def current(home):
    return current_landing(home, "retail", "legacy", "thing")


def pointer(home):
    return json.loads((landing_folder(home, "retail", "legacy", "thing") / POINTER).read_text())


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [(100, 95, True), (100, 94, False), (99, 1, True), (1000, 950, True), (1000, 949, False), (100, 400, True)],
)
def test_rows_may_fall_by_five_percent_from_a_hundred_on(exports, home, before, after, kept):
    obj = exports.declare(COLUMNS)
    first, _ = land(exports, home, obj, export(before))
    second, comparison = land(exports, home, obj, export(after))
    assert comparison.is_kept is kept
    assert current(home) == (second if kept else first)
    if not kept:
        assert f"rows {before:,} → {after:,}" in comparison.losses[0]


def test_what_was_refused_is_not_compared_with(exports, home):
    obj = exports.declare(COLUMNS)
    land(exports, home, obj, export(200))
    for _ in range(2):
        assert not land(exports, home, obj, export(100))[1].is_kept
    assert land(exports, home, obj, export(190))[1].is_kept


def test_the_last_day_does_not_go_back(exports, home):
    obj = exports.declare(COLUMNS, more="complete_through: {otherwise: last_day, column: day}")
    land(exports, home, obj, export(3, day="2024-02-29"))
    _, comparison = land(exports, home, obj, export(9, day="2024-02-28"))
    assert comparison.losses == ("last day 2024-02-29 → 2024-02-28",)
    assert land(exports, home, obj, export(9, day="2024-02-29"))[1].is_kept


def test_a_last_day_that_is_not_known_is_carried_over(exports, home):
    obj = exports.declare(COLUMNS, more="complete_through: {otherwise: last_day, column: day}")
    land(exports, home, obj, export(3, day="2024-02-29"))
    assert land(exports, home, obj, export(3, day=""))[1].is_kept
    assert not land(exports, home, obj, export(3, day="2024-01-01"))[1].is_kept


def test_the_greatest_key_does_not_fall(exports, home):
    obj = exports.declare(COLUMNS, more="key: [n]")
    land(exports, home, obj, export(9))
    assert land(exports, home, obj, export(9))[1].is_kept
    assert land(exports, home, obj, export(8, first=2))[1].is_kept
    assert land(exports, home, obj, export(8))[1].losses == ("greatest n 9 → 8",)


def test_values_of_a_confidential_key_are_withheld(exports, home):
    obj = exports.declare(COLUMNS, more="key: [day]")
    land(exports, home, obj, export(9, day="2024-02-29"))
    _, comparison = land(exports, home, obj, export(9, day="2023-11-11"))
    assert comparison.losses == ("greatest day fell behind (values withheld: confidential)",)


def test_an_accepted_loss_is_kept_with_who_and_why_and_covers_one_landing(exports, home):
    obj = exports.declare(COLUMNS)
    land(exports, home, obj, export(400))
    second, comparison = land(exports, home, obj, export(200), ACCEPTED)
    assert comparison.accepted == ACCEPTED
    assert current(home) == second
    assert not land(exports, home, obj, export(100))[1].is_kept
    land(exports, home, obj, export(300))
    (decision,) = pointer(home)["accepted_losses"]
    assert decision | {"why": "a branch was sold", "by": "Jana", "fingerprint": second.fingerprint} == decision
    assert decision["losses"] == ["rows 400 → 200 (at most 5 % fewer)"]


def test_a_decision_without_a_loss_is_none(exports, home):
    obj = exports.declare(COLUMNS)
    land(exports, home, obj, export(100))
    assert land(exports, home, obj, export(100, first=5), ACCEPTED)[1].accepted is None
    assert "accepted_losses" not in pointer(home)


def test_too_many_rejects_are_not_accepted_with_the_loss(exports, home):
    obj = exports.declare(COLUMNS)
    first, _ = land(exports, home, obj, export(400))
    assert not land(exports, home, obj, export(200) + b"bad\n", ACCEPTED)[0].acceptable
    assert current(home) == first


def test_the_figures_outlive_the_landing(exports, home):
    obj = exports.declare(COLUMNS, more="key: [n]")
    first, _ = land(exports, home, obj, export(200))
    shutil.rmtree(first.folder)
    assert not land(exports, home, obj, export(100))[1].is_kept
    assert not land(exports, home, obj, export(199))[1].is_kept


def test_a_home_of_an_earlier_release_is_compared_with_its_current_landing(exports, home):
    plain = exports.declare(COLUMNS)
    first, _ = land(exports, home, plain, export(200))
    place = landing_folder(home, "retail", "legacy", "thing") / POINTER
    place.write_text(json.dumps({"fingerprint": first.fingerprint, "accepted_at": "2024-01-01T00:00:00+00:00"}))
    keyed = exports.declare(COLUMNS, more="key: [n]")
    _, comparison = land(exports, home, keyed, export(100))
    assert comparison.before == LandingFigures(200, 1, None, {"n": 200})
    assert len(comparison.losses) == 2
    assert current(home) == first


def test_a_key_that_is_declared_later_is_compared_from_then_on(exports, home):
    land(exports, home, exports.declare(COLUMNS), export(50))
    keyed = exports.declare(COLUMNS, more="key: [n]")
    assert land(exports, home, keyed, export(49))[1].losses == ("greatest n 50 → 49",)


def test_an_optional_object_that_is_gone_is_absent_and_not_empty(exports, home):
    obj = exports.declare(COLUMNS, more="optional: true")
    assert land(exports, home, obj, None)[0].rows == 0
    first, _ = land(exports, home, obj, export(5))
    (exports.base / "thing.txt").unlink()
    with pytest.raises(NoLongerDelivered, match=r"legacy\.thing is no longer delivered.* had 5 rows"):
        land(exports, home, obj, None)
    assert current(home) == first
    landing, comparison = land(exports, home, obj, None, ACCEPTED)
    assert (landing.rows, comparison.accepted) == (0, ACCEPTED)
    assert current(home) == landing


def test_callers_that_compare_nothing_are_stopped(exports, home):
    obj = exports.declare(COLUMNS)
    exports.write(export(200))
    land_object(obj, exports.base, home, "retail")
    exports.write(export(20))
    with pytest.raises(HistoryLost, match="rows 200 → 20"):
        land_object(obj, exports.base, home, "retail")


def test_a_key_is_a_column_with_an_order(exports):
    text = COLUMNS + "t: {type: string, classification: public, description: A text.}"
    with pytest.raises(SourceFaults, match="key: t is not a column of numbers or dates; allowed: n, day"):
        exports.declare(text, more="key: [t]")


def test_a_key_does_not_change_what_lands(exports):
    assert exports.declare(COLUMNS).digest == exports.declare(COLUMNS, more="key: [n]").digest


values = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(dt.UTC)),
)
figures = st.builds(
    LandingFigures,
    st.integers(0, 10**12),
    st.integers(0, 100),
    st.none() | st.dates(),
    st.dictionaries(st.sampled_from(["n", "day"]), values),
)


@given(figures)
def test_figures_survive_their_json(made):
    assert LandingFigures.from_json(json.loads(json.dumps(made.to_json()))) == made


@given(figures)
def test_equal_figures_lose_nothing(made):
    assert find_losses(OBJECT, made, made) == ()


@given(st.integers(100, 10**12), st.integers(0, 10**12))
def test_rows_are_compared_exactly(before, after):
    lost = find_losses(OBJECT, LandingFigures(before, 1, None), LandingFigures(after, 1, None))
    assert bool(lost) is (Decimal(after) < Decimal(before) * Decimal("0.95"))


class OBJECT:
    key = ("n", "day")
    columns = ()


def test_a_key_of_another_type_has_no_common_order():
    before, after = LandingFigures(1, 1, None, {"n": 5}), LandingFigures(1, 1, None, {"n": dt.date(2024, 1, 1)})
    assert find_losses(OBJECT, before, after) == ()
    assert replace(after, rows=1) == after
