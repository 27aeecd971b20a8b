"""Charts of a product for its asset page: one aggregate query each, drawn as a small SVG inside Markdown.

The page shows aggregates and no row: it is not known who reads it, and rows are read through a decision.

Dagster's UI shows Markdown in place below a thousand characters, and as a link beyond. The SVG of a charting library
exceeds that even for two points, and would be stored with every event of a materialisation.
"""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from bankmesh.contracts.model import Chart, Classification
from bankmesh.contracts.parsing.chart_properties import FEWEST_ROWS
from bankmesh.contracts.parsing.sql_rules import read_query
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from bankmesh.contracts.model import Contract

MOST_POINTS = 120
INLINE = 1_000
_WIDTH, _HEIGHT = 700, 90  # of the drawing without its labels, in whole units so that coordinates are short
_COLOUR, _INK = "#57f", "#888"  # legible on a light page and on a dark one
_THOUSAND, _MILLION = 1_000, 1_000_000

Point = tuple[str, float]


def charts_of(contract: Contract) -> tuple[Chart, ...]:
    """Return the contract's charts; for a partitioned product, its rows by partition come first."""
    if contract.partitioning is None:
        return contract.charts
    span = contract.partitioning.granularity
    return (Chart(f"Rows by {span}", contract.partitioning.column, span, "rows", None, None), *contract.charts)


def draw_charts(contract: Contract, relation: str, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Yield title and Markdown of each chart over `relation`; charts that fail or have no points are left out."""
    import duckdb as duckdb_errors

    for chart in charts_of(contract):
        try:
            points = connection.execute(points_query(chart, contract, relation)).fetchall()
        except duckdb_errors.Error:  # a failed chart does not fail a version; only the gate does
            continue
        if points:
            yield chart.title, fitting(points, lines=chart.measure != "rows")


def points_query(chart: Chart, contract: Contract, relation: str) -> str:
    """Return the query of a chart's newest points, in order, as text and number."""
    by = sql_name(chart.by)
    x = f"date_trunc({sql_literal(chart.every)}, {by})::date" if chart.every else by
    measure = {"mean": "avg"}.get(chart.measure, chart.measure)
    y = "count(*)" if chart.of is None else f"{measure}({sql_name(chart.of)})"
    fewest = FEWEST_ROWS if _most_confidential(chart, contract) > Classification.INTERNAL else 1
    return (
        f"select x::varchar, y from (select {x} as x, ({y})::double as y from {relation}"
        f" where {by} is not null and ({chart.where or 'true'})"
        f" group by 1 having count(*) >= {fewest} and y is not null order by 1 desc limit {MOST_POINTS}) order by x"
    )


def _most_confidential(chart: Chart, contract: Contract) -> Classification:
    """Return the class of the most confidential column that a chart measures or selects rows by."""
    names = set() if chart.of is None else {chart.of}
    if chart.where is not None:
        names |= read_query(f"select count(*) from ${{table}} where {chart.where}", None).columns
    return max((_class_of(contract, name) for name in names), default=Classification.PUBLIC)


def _class_of(contract: Contract, column: str) -> Classification:
    """Return the class of a column; a name that the contract does not have counts as restricted."""
    try:
        return contract.column(column).classification
    except KeyError:
        return Classification.RESTRICTED


def fitting(points: Sequence[Point], *, lines: bool) -> str:
    """Return Markdown of the newest points, as many as Dagster's UI shows in place."""
    while len(text := as_markdown(svg(points, lines=lines))) >= INLINE and len(points) > 1:
        points = points[1:]
    return text


def as_markdown(drawing: str) -> str:
    """Return Markdown of an embedded image, which needs no file and no server."""
    return f"![](data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()})"


def svg(points: Sequence[Point], *, lines: bool) -> str:
    """Draw points as bars from zero or as a line, labelled with least and greatest value, first and last point."""
    values = [value for _, value in points]
    # A line shows a level, such as a rate, so its axis need not include zero.
    low, high = (min(values), max(values)) if lines else (min(0.0, *values), max(0.0, *values))
    # Halve before subtracting, so that no difference overflows; divide before multiplying, so that no product does.
    span = (high / 2 - low / 2) or 1.0
    heights = [round((high / 2 - value / 2) / span * _HEIGHT) for value in values]
    step = max(1, _WIDTH // len(points))
    if lines:
        moves = "".join(f"l{step} {after - before}" for before, after in pairwise(heights))
        mark = f'<path d="M0 {heights[0]}{moves}" fill="none" stroke="{_COLOUR}"/>'
    else:
        base = round(high / 2 / span * _HEIGHT)
        mark = f'<path d="M0 {base}{"".join(f"V{height}h{step}" for height in heights)}V{base}" fill="{_COLOUR}"/>'
    right = step * len(points)
    texts = (
        (0, -4, "", readable(high)),
        (0, _HEIGHT + 14, "", f"{readable(low)} · {points[0][0]}"),
        (right, _HEIGHT + 14, ' text-anchor="end"', points[-1][0]),
    )
    named = "".join(f'<text x="{x}" y="{y}"{anchor}>{escape(text)}</text>' for x, y, anchor, text in texts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -16 {right + 2} {_HEIGHT + 34}"'
        f' width="{_WIDTH}" font-family="sans-serif" font-size="12" fill="{_INK}">{mark}{named}</svg>'
    )


def readable(value: float) -> str:
    """Return a number in few characters: `1.2M`, `45k`, `0.0213`."""
    for unit, name in ((_MILLION, "M"), (_THOUSAND, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"
