"""Custom property `charts`: what the asset page plots of each published version.

A chart shows aggregates, never rows. A measure of a confidential column is only a mean or a sum over at least
`FEWEST_ROWS` rows a point; a restricted column is never plotted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.model import Chart, Classification
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.contracts.parsing.sql_rules import read_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.model import Column
    from bankmesh.contracts.parsing.section_cursor import Section
    from bankmesh.yaml.documents import Value

KEYS = ("title", "by", "every", "show", "of", "where")
EVERY = ("day", "month", "quarter", "year")
MEASURES = ("rows", "mean", "sum", "min", "max")
FEWEST_ROWS = 10
"""The fewest rows behind a point of a confidential column; smaller groups are left out."""

_NUMBERS = frozenset({"integer", "long", "double", "decimal"})
_MOMENTS = frozenset({"date", "timestamp"})


class _ChartRefused(Exception):
    """A chart that cannot be plotted; `key` is the key at fault."""

    def __init__(self, key: str | None, message: str) -> None:
        super().__init__(message)
        self.key = key


def read_charts(root: Section, columns: Mapping[str, Column], given: Value) -> tuple[Chart, ...]:
    """Read the charts of a contract, in order. Fault: `bad-chart`."""
    if given is None:
        return ()
    at = next(s for s in root.sections("customProperties") if s.data.get("property") == "charts")
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        at.fault("value", "bad-chart", f"charts is a list of mappings of {', '.join(KEYS)}")
        return ()
    found: list[Chart] = []
    for section in at.sections("value"):
        try:
            found.append(_chart(section.data, columns))
        except _ChartRefused as refused:
            section.fault(refused.key, "bad-chart", str(refused))
    return tuple(found)


def _chart(given: Mapping[str, Value], columns: Mapping[str, Column]) -> Chart:
    for key in given:
        if key not in KEYS:
            raise _ChartRefused(key, f"a chart has no key {key}.{nearest(key, KEYS)} Allowed: {', '.join(KEYS)}")
    title = given.get("title")
    if not isinstance(title, str):
        raise _ChartRefused(None, "a chart needs a title")
    by = _column(given, "by", columns)
    if by.classification > Classification.INTERNAL:
        raise _ChartRefused(
            "by", f"{by.name} is {by.classification.label}: the values of by are shown, so it is at most internal"
        )
    every = given.get("every")
    if every is not None and (every not in EVERY or by.type.name not in _MOMENTS):
        raise _ChartRefused(
            "every", f"every is one of {', '.join(EVERY)}, for a date or timestamp; {by.name} is {by.type}"
        )
    measure = given.get("show", "rows")
    if measure not in MEASURES:
        raise _ChartRefused("show", f"show is one of: {', '.join(MEASURES)}; not {measure}")
    of = _measured(given, str(measure), columns)
    return Chart(title, by.name, every, str(measure), of, _condition(given, columns))


def _measured(given: Mapping[str, Value], measure: str, columns: Mapping[str, Column]) -> str | None:
    if measure == "rows":
        if "of" in given:
            raise _ChartRefused("of", "a chart of rows takes no column; leave of out")
        return None
    of = _column(given, "of", columns)
    if of.type.name not in _NUMBERS:
        raise _ChartRefused("of", f"{of.name} is {of.type}, which has no {measure}")
    if of.classification is Classification.RESTRICTED:
        raise _ChartRefused("of", f"{of.name} is restricted, so no chart can show it")
    if of.classification is Classification.CONFIDENTIAL and measure not in ("mean", "sum"):
        raise _ChartRefused(
            "of", f"{of.name} is confidential: its {measure} would be one row's value; show mean or sum"
        )
    return of.name


def _condition(given: Mapping[str, Value], columns: Mapping[str, Column]) -> str | None:
    where = given.get("where")
    if where is None:
        return None
    try:
        query = read_query(f"select count(*) from ${{table}} where {where}", None)
    except ValueError as error:
        raise _ChartRefused("where", f"where is a condition of SQL: {error}") from None
    for name in sorted(query.columns):
        if name not in columns:
            raise _ChartRefused("where", f"there is no column {name}.{nearest(name, columns)}")
    return str(where)


def _column(given: Mapping[str, Value], key: str, columns: Mapping[str, Column]) -> Column:
    name = given.get(key)
    if not isinstance(name, str) or name not in columns:
        hint = nearest(name, columns) if isinstance(name, str) else ""
        raise _ChartRefused(key if key in given else None, f"{key} names a column of the product, not {name}.{hint}")
    return columns[name]
