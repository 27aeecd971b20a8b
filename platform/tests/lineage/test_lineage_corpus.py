"""Column lineage against transforms with known answers: precision and recall of what is derived.

The answers were written from OpenLineage's definitions, by thought and from published test suites, without regard to how
lineage is derived; then each was held against the engine: what an answer does not name must not change a column.
`pytest -s` prints the figures.
"""

from __future__ import annotations

from dataclasses import replace

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

from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype

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
    from bankmesh.lineage.polars.transform_lineage import derive_from_code

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


KNOWN = next(case for case in SQL if case.name == "what was aggregated is joined back")
RIGHT = {
    "branch": {Dependency(ColumnRef("account", "branch"), TransformationSubtype.IDENTITY)},
    "total": {Dependency(ColumnRef("booking", "amount"), TransformationSubtype.AGGREGATION)},
}
ROWS = {
    Dependency(ColumnRef("booking", "direction"), TransformationSubtype.FILTER),
    Dependency(ColumnRef("booking", "account_id"), TransformationSubtype.GROUP_BY),
    Dependency(ColumnRef("booking", "account_id"), TransformationSubtype.JOIN),
    Dependency(ColumnRef("account", "account_id"), TransformationSubtype.JOIN),
}


def said(changes=None, rows=ROWS, underivable=None):
    columns = {name: frozenset(found) for name, found in (RIGHT | (changes or {})).items()}
    return StepLineage(columns, frozenset(rows), underivable=underivable or {})


def figures(lineage):
    verdict = judged(KNOWN, lineage)
    tallies = (verdict.columns_by_kind, verdict.columns_exactly, verdict.rows_by_kind, verdict.rows_exactly)
    return [(tally.wrong, tally.missed) for tally in tallies], verdict.differences


def test_the_judge_agrees_with_what_is_right():
    assert figures(said()) == ([(0, 0)] * 4, [])


@pytest.mark.parametrize(
    ("lineage", "counts"),
    [
        (said({"branch": set()}), [(0, 1), (0, 1), (0, 0), (0, 0)]),
        (said({"branch": RIGHT["branch"] | RIGHT["total"]}), [(1, 0), (1, 0), (0, 0), (0, 0)]),
        (said({"total": RIGHT["branch"]}), [(1, 1), (1, 1), (0, 0), (0, 0)]),
        (said({"branch": {Dependency(ColumnRef("account", "branch"), TransformationSubtype.TRANSFORMATION)}}), [(0, 0), (1, 1), (0, 0), (0, 0)]),
        (said({"branch": {Dependency(ColumnRef("account", "branch"), TransformationSubtype.CONDITIONAL)}}), [(1, 1), (1, 1), (0, 0), (0, 0)]),
        (said({"total": {Dependency(ColumnRef("booking", "amount"), TransformationSubtype.AGGREGATION, masking=True)}}), [(0, 0), (1, 1), (0, 0), (0, 0)]),
        (said(rows=set()), [(0, 0), (0, 0), (0, 4), (0, 4)]),
        (said(rows=ROWS | {Dependency(ColumnRef("account", "status"), TransformationSubtype.FILTER)}), [(0, 0), (0, 0), (1, 0), (1, 0)]),
        (said({"branch": set()}, underivable={"branch": "why"}), [(0, 1), (0, 1), (0, 0), (0, 0)]),
    ],
    ids=["missed", "too much", "mixed up", "subtype", "kind", "masked", "no rows", "too many rows", "underivable"],
)  # fmt: skip
def test_the_judge_sees(lineage, counts):
    found, differences = figures(lineage)
    assert found == counts
    assert differences


def test_data_see_an_answer_that_leaves_something_out():
    short = replace(KNOWN, rows=tuple(a for a in KNOWN.rows if a.source.column != "direction"))
    assert "total changes with booking.direction" in undeclared_influences(short)
    assert undeclared_influences(KNOWN) == []


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
