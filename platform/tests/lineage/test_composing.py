"""Lineage through several steps."""

from __future__ import annotations

import itertools

import pytest

from bankmesh.lineage.composition import chain, compose
from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype, TransformationType

RAW = ColumnRef("crm.client", "email")
MADE = ColumnRef("staging", "email")
KEY = ColumnRef("crm.client", "client_id")


def one(how: TransformationSubtype, source: ColumnRef = RAW, *, masking: bool = False) -> frozenset[Dependency]:
    return frozenset({Dependency(source, how, masking)})


def through(outer: frozenset[Dependency], inner: frozenset[Dependency]) -> frozenset[Dependency]:
    composed = compose(StepLineage({"x": outer}), {"staging": StepLineage({"email": inner})})
    return composed.columns["x"]


@pytest.mark.parametrize(
    ("outer", "inner", "both"),
    [
        (TransformationSubtype.IDENTITY, TransformationSubtype.IDENTITY, TransformationSubtype.IDENTITY),
        (TransformationSubtype.IDENTITY, TransformationSubtype.TRANSFORMATION, TransformationSubtype.TRANSFORMATION),
        (TransformationSubtype.AGGREGATION, TransformationSubtype.TRANSFORMATION, TransformationSubtype.AGGREGATION),
        (TransformationSubtype.TRANSFORMATION, TransformationSubtype.AGGREGATION, TransformationSubtype.AGGREGATION),
        (TransformationSubtype.TRANSFORMATION, TransformationSubtype.CONDITIONAL, TransformationSubtype.CONDITIONAL),
        (TransformationSubtype.WINDOW, TransformationSubtype.AGGREGATION, TransformationSubtype.WINDOW),
        (TransformationSubtype.FILTER, TransformationSubtype.CONDITIONAL, TransformationSubtype.FILTER),
    ],
)
def test_two_steps_make_one_way_of_depending(outer, inner, both):
    assert through(one(outer, MADE), one(inner)) == one(both)


def test_a_way_is_direct_only_if_every_step_of_it_is():
    for outer, inner in itertools.product(TransformationSubtype, TransformationSubtype):
        direct = outer.kind is TransformationType.DIRECT and inner.kind is TransformationType.DIRECT
        assert (chain(outer, inner).kind is TransformationType.DIRECT) is direct


def test_it_does_not_matter_which_two_of_three_steps_are_put_together_first():
    for a, b, c in itertools.product(TransformationSubtype, TransformationSubtype, TransformationSubtype):
        assert chain(chain(a, b), c) is chain(a, chain(b, c))


@pytest.mark.parametrize(("outer", "inner"), [(True, False), (False, True), (True, True)])
def test_a_value_that_was_hidden_in_one_step_stays_hidden(outer, inner):
    found = through(
        one(TransformationSubtype.TRANSFORMATION, MADE, masking=outer),
        one(TransformationSubtype.TRANSFORMATION, masking=inner),
    )
    assert found == one(TransformationSubtype.TRANSFORMATION, masking=True)


def test_where_no_value_is_passed_on_nothing_is_hidden():
    assert through(
        one(TransformationSubtype.CONDITIONAL, MADE), one(TransformationSubtype.TRANSFORMATION, masking=True)
    ) == one(TransformationSubtype.CONDITIONAL)


def test_every_way_is_kept():
    inner = one(TransformationSubtype.IDENTITY) | one(TransformationSubtype.CONDITIONAL, KEY)
    outer = one(TransformationSubtype.IDENTITY, MADE) | one(TransformationSubtype.WINDOW, MADE)
    expected = (
        one(TransformationSubtype.IDENTITY)
        | one(TransformationSubtype.WINDOW)
        | one(TransformationSubtype.CONDITIONAL, KEY)
        | one(TransformationSubtype.WINDOW, KEY)
    )
    assert through(outer, inner) == expected


def test_a_dataset_that_no_earlier_step_made_stays_as_it_is():
    assert through(one(TransformationSubtype.IDENTITY), one(TransformationSubtype.TRANSFORMATION)) == one(
        TransformationSubtype.IDENTITY
    )


def test_what_decided_the_rows_of_an_input_decides_those_of_the_step():
    before = {
        "staging": StepLineage(
            {"email": one(TransformationSubtype.IDENTITY)}, rows=one(TransformationSubtype.FILTER, KEY)
        )
    }
    step = StepLineage({"x": one(TransformationSubtype.IDENTITY, MADE)}, rows=one(TransformationSubtype.GROUP_BY, MADE))
    assert compose(step, before).rows == one(TransformationSubtype.FILTER, KEY) | one(TransformationSubtype.GROUP_BY)


def test_rows_of_an_input_count_though_no_column_of_it_is_named():
    """`select count(*) as n from staging`."""
    before = {
        "staging": StepLineage(
            {"email": one(TransformationSubtype.IDENTITY)}, rows=one(TransformationSubtype.FILTER, KEY)
        ),
        "other": StepLineage({"y": frozenset()}, rows=one(TransformationSubtype.FILTER)),
    }
    counted = StepLineage({"n": frozenset()})
    assert compose(counted, before, read=["staging"]).rows == one(TransformationSubtype.FILTER, KEY)
    assert compose(counted, before).rows == frozenset()


def test_what_was_looked_at_outside_any_plan_is_followed_too():
    before = {"staging": StepLineage({"email": one(TransformationSubtype.TRANSFORMATION)}, opaque=frozenset({KEY}))}
    composed = compose(StepLineage({"x": frozenset()}, opaque=frozenset({MADE})), before)
    assert composed.opaque == frozenset({RAW, KEY})


LOST = {
    "staging": StepLineage(
        {"email": frozenset(), "name": one(TransformationSubtype.IDENTITY)}, underivable={"email": "it is a riddle"}
    )
}


def test_what_is_made_of_an_underivable_column_is_underivable_and_the_rest_is_not():
    step = StepLineage(
        {
            "x": one(TransformationSubtype.IDENTITY, MADE),
            "y": one(TransformationSubtype.IDENTITY, ColumnRef("staging", "name")),
        }
    )
    composed = compose(step, LOST)
    assert composed.columns == {"x": frozenset(), "y": one(TransformationSubtype.IDENTITY)}
    assert composed.underivable == {"x": "it depends on staging.email, which is not known: it is a riddle"}


@pytest.mark.parametrize("kept", [{"rows": one(TransformationSubtype.FILTER, MADE)}, {"opaque": frozenset({MADE})}])
def test_if_an_underivable_column_decides_the_rows_no_column_is_known(kept):
    step = StepLineage({"x": one(TransformationSubtype.IDENTITY), "y": frozenset()}, **kept)
    assert set(compose(step, LOST).underivable) == {"x", "y"}


def test_a_column_that_the_earlier_step_does_not_have_is_not_taken_for_a_constant():
    composed = compose(StepLineage({"x": one(TransformationSubtype.IDENTITY, ColumnRef("staging", "gone"))}), LOST)
    assert composed.underivable == {"x": "it depends on staging.gone, and the lineage of staging has no such column"}


def test_a_constant_stays_one():
    composed = compose(
        StepLineage({"x": one(TransformationSubtype.IDENTITY, MADE)}), {"staging": StepLineage({"email": frozenset()})}
    )
    assert (composed.columns, composed.underivable) == ({"x": frozenset()}, {})


def test_a_reason_of_the_step_itself_comes_first():
    step = StepLineage({"x": one(TransformationSubtype.IDENTITY, MADE)}, underivable={"x": "a loop"})
    assert compose(step, LOST).underivable == {"x": "a loop"}
