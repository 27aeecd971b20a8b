"""Column lineage against transforms with known answers: precision and recall of what is derived.

The answers were written from OpenLineage's definitions, by thought and from published test suites, without regard to how
lineage is derived; then each was held against the engine: what an answer does not name must not change a column.
`pytest -s` prints the figures.
"""

from __future__ import annotations

import polars as pl
import pytest
from lineage.corpus import (
    frame_groups,
    frame_joins,
    frame_opaque,
    frame_rows,
    frame_shapes,
    frame_traps,
    frame_windows,
    sql_basics,
    sql_groups,
    sql_joins,
    sql_published,
    sql_scopes,
    sql_shapes,
    sql_subqueries,
    sql_windows,
)
from lineage.corpus.perturbing import output_columns, undeclared_influences
from lineage.corpus.scoring import Verdict, judged

SQL = tuple(
    case
    for module in (
        sql_basics,
        sql_joins,
        sql_groups,
        sql_windows,
        sql_subqueries,
        sql_shapes,
        sql_scopes,
        sql_published,
    )
    for case in module.CASES
)
POLARS = tuple(
    case
    for module in (frame_rows, frame_groups, frame_windows, frame_joins, frame_shapes, frame_traps, frame_opaque)
    for case in module.CASES
)


def of_query(case):
    from bankmesh.lineage.sql import lineage_of_query

    return lineage_of_query(case.transform, case.schemas)


def of_function(case):
    from bankmesh.lineage.frames.deriving import derive_from_code

    schemas = {name: pl.Schema(columns) for name, columns in case.schemas.items()}
    return derive_from_code(case.transform, schemas, case.extra)


def test_the_corpus_is_large_and_its_names_are_unique():
    assert len({case.name for case in SQL}) == len(SQL) >= 60
    assert len({case.name for case in POLARS}) == len(POLARS) >= 50


@pytest.mark.parametrize("case", SQL + POLARS, ids=str)
def test_an_answer_leaves_out_nothing_that_matters(case):
    assert output_columns(case) == list(case.columns)
    if case.held:
        assert undeclared_influences(case, seeds=1) == []


@pytest.mark.parametrize("case", SQL, ids=str)
def test_a_query(case):
    assert judged(case, of_query(case)).differences == []


@pytest.mark.parametrize("case", POLARS, ids=str)
def test_a_function(case):
    derived = of_function(case)
    assert derived.opaque is (case.opaque is not None)
    assert judged(case, derived.lineage).differences == []


@pytest.mark.parametrize(
    ("engine", "cases", "derive"),
    [("SQL", SQL, of_query), ("Polars", POLARS, lambda case: of_function(case).lineage)],
    ids=["SQL", "Polars"],
)
def test_precision_and_recall(engine, cases, derive):
    total = Verdict()
    for case in cases:
        total.add(judged(case, derive(case)))

    columns = sum(len(case.columns) for case in cases)
    print(f"\n{engine}: {len(cases)} transforms, {columns} output columns\n{total.table()}")  # noqa: T201 - with -s
    for tally in (total.columns_by_kind, total.rows_by_kind):
        assert tally.recall == 1.0
        assert tally.precision >= 0.98
