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
    assert_no_difference(seed=13, sets=100, rows_of_each=20)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_no_difference_among_many_decisions(seed):
    assert_no_difference(seed=seed, sets=1_000, rows_of_each=25)
