"""Charts of a product for its asset page: one aggregate query each, drawn as a small SVG inside Markdown.

The drawing is text of one or two kilobytes, because it is stored with every event of a materialisation. A charting
library's output is ten times that, and most of it style sheets.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from bankmesh.contracts.charts import FEWEST_ROWS
from bankmesh.contracts.model import Chart, Classification
from bankmesh.sqltext import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from bankmesh.contracts.model import Contract

MOST_POINTS = 240
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 220, 64, 24, 28
_COLOUR, _INK = "#4f6df5", "#8a8f98"  # read on a light page and on a dark one
_THOUSAND, _MILLION = 1_000, 1_000_000

Point = tuple[str, float]


def charts_of(contract: Contract) -> tuple[Chart, ...]:
    """The contract's charts, after the rows by partition that every partitioned product shows."""
    if contract.partitioning is None:
        return contract.charts
    span = contract.partitioning.granularity
    return (Chart(f"Rows by {span}", contract.partitioning.column, span, "rows", None, None), *contract.charts)


def draw_charts(contract: Contract, relation: str, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Title and Markdown of each chart over `relation`; one that cannot be drawn, or has no points, is left out."""
    import duckdb as duckdb_errors

    for chart in charts_of(contract):
        try:
            points = connection.execute(points_query(chart, contract, relation)).fetchall()
        except duckdb_errors.Error:  # a picture is no promise: the gate is what a version has to pass
            continue
        if points:
            yield chart.title, as_markdown(chart.title, svg(chart.title, points, lines=chart.measure != "rows"))


def points_query(chart: Chart, contract: Contract, relation: str) -> str:
    """The newest points of a chart in order, as text and number."""
    by = sql_name(chart.by)
    x = f"date_trunc({sql_literal(chart.every)}, {by})::date" if chart.every else by
    measure = {"mean": "avg"}.get(chart.measure, chart.measure)
    y = "count(*)" if chart.of is None else f"{measure}({sql_name(chart.of)})"
    fewest = FEWEST_ROWS if chart.of and contract.column(chart.of).classification > Classification.INTERNAL else 1
    return (
        f"select x::varchar, y from (select {x} as x, ({y})::double as y from {relation}"
        f" where {by} is not null and ({chart.where or 'true'})"
        f" group by 1 having count(*) >= {fewest} and y is not null order by 1 desc limit {MOST_POINTS}) order by x"
    )


def as_markdown(title: str, drawing: str) -> str:
    """An image that needs no file and no server."""
    return f"![{title}](data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()})"


def svg(title: str, points: Sequence[Point], *, lines: bool) -> str:
    """Points as bars or as a line, with the least and the greatest value and the first and last label named."""
    values = [value for _, value in points]
    low, high = min(0.0, *values), max(0.0, *values)
    if lines:  # a level such as a rate says nothing about zero
        low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = (_WIDTH - _LEFT) / len(points)

    def x(at: float) -> float:
        return _LEFT + at * step

    def y(value: float) -> float:
        return _TOP + (high - value) / span * (_HEIGHT - _TOP - _BOTTOM)

    if lines:
        path = " ".join(f"{x(at + 0.5):.1f},{y(value):.1f}" for at, value in enumerate(values))
        marks = f'<polyline points="{path}" fill="none" stroke="{_COLOUR}" stroke-width="1.5"/>'
    else:
        base, width = y(0.0), max(step * 0.8, 0.5)
        bars = (
            f"M{x(at + 0.1):.1f},{base:.1f}V{y(value):.1f}h{width:.1f}V{base:.1f}z" for at, value in enumerate(values)
        )
        marks = f'<path d="{"".join(bars)}" fill="{_COLOUR}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif"'
        f' font-size="11" fill="{_INK}"><text x="0" y="14" font-size="13">{escape(title)}</text>{marks}'
        f"{_texts(points, low, high)}</svg>"
    )


def _texts(points: Sequence[Point], low: float, high: float) -> str:
    foot = _HEIGHT - 6
    texts = [
        (_LEFT - 6, _TOP + 4, "end", readable(high)),
        (_LEFT - 6, _HEIGHT - _BOTTOM, "end", readable(low)),
        (_LEFT, foot, "start", points[0][0]),
        (_WIDTH, foot, "end", points[-1][0]),
    ]
    return "".join(
        f'<text x="{x}" y="{at}" text-anchor="{anchor}">{escape(text)}</text>' for x, at, anchor, text in texts
    )


def readable(value: float) -> str:
    """A number in few characters: `1.2M`, `45k`, `0.0213`."""
    for unit, name in ((_MILLION, "M"), (_THOUSAND, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"
