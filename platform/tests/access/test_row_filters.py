"""Row filters select exactly the rows that Cedar permits, row by row."""

import random

import polars as pl
import pytest
import row_policies as generated

from bankmesh.access.row_filters.filter_compiler import compile_residuals
from bankmesh.access.row_filters.filter_translation import filter_expression


def select_rows(policy_sets: list[list[str]], rows: pl.DataFrame) -> list[bool]:
    """Return for each row whether the filter selects it."""
    results = [generated.evaluate_partially(policies) for policies in policy_sets]
    row_filter = compile_residuals(results, generated.ROW_TYPE)
    selected = rows.with_row_index().with_columns(is_selected=filter_expression(row_filter, generated.COLUMNS))
    assert selected["is_selected"].null_count() == 0
    return selected["is_selected"].to_list()


def assert_no_difference(seed: int, sets: int, rows_of_each: int) -> None:
    source = random.Random(seed)  # noqa: S311
    writer = generated.PolicyWriter(source)
    outcomes = {True: 0, False: 0}
    for _ in range(sets):
        policy_sets = [writer.policy_set() for _ in range(source.choice([1, 1, 2]))]
        rows = generated.draw_rows(source, rows_of_each)
        decided = [generated.permitted_rows(policies, rows) for policies in policy_sets]
        expected = [all(each) for each in zip(*decided, strict=True)]
        found = select_rows(policy_sets, rows)
        wrong = [number for number in range(rows_of_each) if found[number] != expected[number]]
        assert not wrong, f"{policy_sets}\n{rows[wrong].to_dicts()}\nexpected {[expected[each] for each in wrong]}"
        for each in expected:
            outcomes[each] += 1
    assert min(outcomes.values()) > sets * rows_of_each / 20


def test_a_row_filter_selects_the_rows_that_cedar_permits():
    assert_no_difference(seed=13, sets=80, rows_of_each=20)


AWKWARD = [
    "(resource.flag || true) || resource.optin",
    "(resource.flag && false) && resource.optin",
    "!((resource.flag && false) || resource.optin)",
    "if (resource.flag || true) then resource.optin else resource.unknown_column",
    "if (resource.flag && false) then resource.unknown_column else resource.optin",
    "resource.optin || (if resource.flag then resource.unknown_column else resource.optin)",
    'resource.name like "a*b"',
    'resource.name like ""',
    'resource.name like "*"',
    "resource.long == 9007199254740992",
    "resource.long < 9223372036854775807",
    "resource.long <= -9223372036854775808",
    "resource.count < resource.long",
    "resource.amount == resource.rate",
    'resource.amount.lessThanOrEqual(decimal("-0.0"))',
    'resource.rate.greaterThan(decimal("-922337203685477.5808"))',
    "resource.day < resource.at",
    "resource.at <= resource.day",
    'datetime("2024-02-29T00:00:00.001Z") <= resource.day',
    'datetime("9999-12-31T23:59:59.999Z") < resource.at',
    'resource.day == datetime("1970-01-02").offset(duration("-1d"))',
    "[].contains(resource.name)",
    "[resource.long].containsAll([])",
    "[].containsAny([resource.long])",
    "[resource.flag, true].contains(resource.optin)",
    "(resource.flag == resource.optin) == (resource.flag != resource.optin)",
    "resource.flag == (resource has optin)",
    '(resource has name || resource.name == "a") == true',
    '(!(resource has name) || resource.name == "a") == true',
    '(!(resource has name) && resource.name == "a") == false',
    '(resource has name && resource.name == "a") == false',
]
"""Conditions whose outcome is easy to get wrong, and that random ones seldom contain."""


@pytest.mark.parametrize("effect", ["permit", "forbid"])
@pytest.mark.parametrize("kind", ["when", "unless"])
def test_awkward_conditions_select_the_rows_that_cedar_permits(effect, kind):
    rows = generated.draw_rows(random.Random(7), 100)  # noqa: S311
    scope = 'principal, action == Action::"read", resource'
    for condition in AWKWARD:
        policies = [f"{effect}({scope}) {kind} {{ {condition} }};"]
        policies += [f"permit({scope});"] if effect == "forbid" else []
        assert select_rows([policies], rows) == generated.permitted_rows(policies, rows), condition


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_no_difference_among_many_decisions(seed):
    assert_no_difference(seed=seed, sets=1_000, rows_of_each=25)
