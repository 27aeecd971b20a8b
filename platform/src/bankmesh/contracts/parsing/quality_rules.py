"""Compiles a quality rule of the standard to a `Clause`.

Supported are `type: library` (the default) with the standard's metrics, `type: sql`, and `type: custom` for Great
Expectations. `type: text` is prose: it compiles to no clause, and coverage reports that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.clause_rules import (
    DuplicateValues,
    InvalidValues,
    MissingValues,
    NullValues,
    RowCount,
    Rule,
    SqlMeasure,
)
from bankmesh.contracts.column_types import fit_value
from bankmesh.contracts.exact_numbers import is_number, spell_number
from bankmesh.contracts.model import Clause, Column, Comparison, Operator, Severity
from bankmesh.contracts.parsing.expectation_rules import ENGINES, read_expectation
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.contracts.parsing.regular_expressions import check_pattern
from bankmesh.contracts.parsing.section_cursor import custom_properties
from bankmesh.contracts.parsing.sql_rules import read_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.parsing.section_cursor import Section
    from bankmesh.yaml.documents import Value

_SEVERITIES = {"error": Severity.ERROR, "warning": Severity.WARNING, "info": Severity.WARNING}
_SCOPES = ("table", "run")
_ARGUMENTS = {
    "nullValues": (),
    "missingValues": ("missingValues",),
    "invalidValues": ("validValues", "pattern"),
    "duplicateValues": ("properties",),
    "rowCount": (),
}
_SNAKE = {
    "nullValues": "null_values",
    "missingValues": "missing_values",
    "invalidValues": "invalid_values",
    "duplicateValues": "duplicate_values",
    "rowCount": "row_count",
}
_WORDS = {
    "nullValues": "null values",
    "missingValues": "missing values",
    "invalidValues": "invalid values",
    "duplicateValues": "duplicate values",
    "rowCount": "number of rows",
}
_UNITS = ("rows", "percent")
_WHOLE = 100


@dataclass(frozen=True)
class _At:
    """The position of a rule: a column or, with `column` None, the table; and the columns that the table promises."""

    section: Section
    column: Column | None
    columns: Mapping[str, Column]

    @property
    def name(self) -> str | None:
        return self.column.name if self.column is not None else None


class _RuleRefused(Exception):
    """A rule that cannot be compiled: the key at fault, the rule id and the reason."""

    def __init__(self, key: str | None, rule: str, message: str) -> None:
        super().__init__(message)
        self.key, self.rule, self.message = key, rule, message


def quality_clause(section: Section, column: Column | None, columns: Mapping[str, Column]) -> Clause | None:
    """Return the clause of one rule; None for prose and for a rule with a fault.

    Faults: `quality-type`, `quality-level`, `quality-argument`, `quality-value`, `quality-unit`, `quality-query`,
    `quality-engine`, `quality-expectation`, `quality-scope`, `bad-severity`, `bad-pattern`.
    """
    if section.faulty:
        return None
    at = _At(section, column, columns)
    properties = custom_properties(section, ("scope",))
    try:
        severity = _severity(section)
        compiled = _compile(at)
        if compiled is None:
            return None
        default, rule, comparison, names = compiled
        whole = _whole_table(at, rule, properties.get("scope"))
    except _RuleRefused as refused:
        section.fault(refused.key, refused.rule, refused.message)
        return None
    return Clause(
        name=clause_name(section, f"{column.name}__{default}" if column is not None else default),
        rule=rule,
        comparison=comparison,
        severity=severity,
        description=section.text("description") or section.text("name") or _describe(at, rule, comparison),
        dimension=section.text("dimension"),
        columns=names,
        whole_table=whole,
        place=section.place(),
    )


def clause_name(section: Section, default: str) -> str:
    """Return the rule's `id`, else its `name` in small letters and underscores, else the default."""
    for key in ("id", "name"):
        slug = re.sub(r"[^a-z0-9_]+", "_", (section.text(key) or "").lower()).strip("_")
        if slug:
            return slug
    return default


def _severity(section: Section) -> Severity:
    word = section.data.get("severity", "error")
    if word not in _SEVERITIES:
        allowed = ", ".join(_SEVERITIES)
        raise _RuleRefused("severity", "bad-severity", f"severity {word} is not known. Allowed: {allowed}")
    return _SEVERITIES[word]


_Compiled = tuple[str, Rule, Comparison | None, tuple[str, ...]]


def _compile(at: _At) -> _Compiled | None:
    """Return default name, rule, comparison and columns of a rule; None for prose."""
    data = at.section.data
    kind = data.get("type", "library" if "metric" in data else None)
    if kind == "text":
        return None
    if kind == "sql":
        return _sql(at)
    if kind == "custom":
        return _custom(at)
    if kind is None:
        raise _RuleRefused(None, "quality-type", "a rule needs a metric, or a type: library, sql, custom or text")
    return _library(at)


def _library(at: _At) -> _Compiled:
    metric = at.section.data["metric"]
    arguments = at.section.data.get("arguments") or {}
    for key in arguments:
        if key not in _ARGUMENTS[metric]:
            allowed = ", ".join(_ARGUMENTS[metric]) or "none"
            raise _RuleRefused("arguments", "quality-argument", f"{metric} has no argument {key}. Allowed: {allowed}")
    if metric == "rowCount" and at.column is not None:
        raise _RuleRefused("metric", "quality-level", "rowCount is about the table; move the rule to the schema object")
    if metric in ("nullValues", "missingValues", "invalidValues") and at.column is None:
        raise _RuleRefused("metric", "quality-level", f"{metric} is about a column; move the rule to its property")
    rule = _measure(metric, arguments, at)
    names = rule.columns if isinstance(rule, DuplicateValues) else (at.name,) if at.name else ()
    return _SNAKE[metric], rule, _comparison(at.section, counts_rows=metric == "rowCount"), names


def _measure(metric: str, arguments: dict[str, Any], at: _At) -> Rule:
    if metric == "rowCount":
        return RowCount()
    if metric == "duplicateValues":
        return _duplicates(arguments, at)
    column = at.column
    if column is None:  # pragma: no cover - refused before
        raise _RuleRefused("metric", "quality-level", f"{metric} is about a column")
    if metric == "nullValues":
        return NullValues(column.name)
    if metric == "missingValues":
        given = _values(arguments, "missingValues", metric)
        return MissingValues(column.name, tuple(None if v is None else _fit(column, v) for v in given))
    return _invalid(arguments, column)


def _invalid(arguments: dict[str, Any], column: Column) -> InvalidValues:
    values, pattern = None, arguments.get("pattern")
    if "validValues" in arguments:
        given = _values(arguments, "validValues", "invalidValues")
        if None in given:
            message = "validValues cannot list null: it is never invalid. To forbid it, use nullValues"
            raise _RuleRefused("arguments", "quality-argument", message)
        values = tuple(_fit(column, value) for value in given)
    if pattern is not None:
        item = column.type.item or column.type
        if item.name != "string" or not isinstance(pattern, str):
            message = f"a pattern is a text about a string column; {column.name} is {column.type}"
            raise _RuleRefused("arguments", "quality-argument", message)
        problem = check_pattern(pattern)
        if problem:
            raise _RuleRefused("arguments", "bad-pattern", problem)
    if values is None and pattern is None:
        raise _RuleRefused("arguments", "quality-argument", "invalidValues needs arguments: validValues or pattern")
    return InvalidValues(column.name, valid_values=values, pattern=pattern)


def _values(arguments: dict[str, Any], key: str, metric: str) -> list[Any]:
    given = arguments.get(key)
    if not isinstance(given, list) or not given:
        raise _RuleRefused("arguments", "quality-argument", f"{metric} needs arguments: {key}, a list of values")
    return given


def _fit(column: Column, value: Value) -> Value:
    try:
        return fit_value(column.type, value)
    except ValueError as error:
        message = f"{column.name} is {column.type}: {error}"
        raise _RuleRefused("arguments", "quality-argument", message) from None


def _duplicates(arguments: dict[str, Any], at: _At) -> DuplicateValues:
    if at.column is not None:
        if arguments:
            message = "duplicateValues of a column takes no properties; move the rule to the schema object"
            raise _RuleRefused("arguments", "quality-argument", message)
        return DuplicateValues((at.column.name,))
    names = _values(arguments, "properties", "duplicateValues")
    for name in names:
        if not isinstance(name, str) or name not in at.columns:
            hint = nearest(str(name), at.columns)
            raise _RuleRefused("arguments", "quality-argument", f"there is no column {name}.{hint}")
    if len(set(names)) != len(names):
        raise _RuleRefused("arguments", "quality-argument", "properties names a column twice")
    return DuplicateValues(tuple(names))


def _sql(at: _At) -> _Compiled:
    section = at.section
    try:
        query = read_query(section.data["query"], at.name)
    except ValueError as error:
        raise _RuleRefused("query", "quality-query", str(error)) from None
    if "unit" in section.data:
        raise _RuleRefused("unit", "quality-unit", "a query returns a number of its own; leave the unit out")
    names = {*query.columns, at.name} & set(at.columns)
    ordered = tuple(name for name in at.columns if name in names)
    return "sql", SqlMeasure(query.text, at.name), _comparison(section, counts_rows=True), ordered


def _custom(at: _At) -> _Compiled:
    engine = at.section.data["engine"]
    if engine not in ENGINES:
        message = f"engine {engine} is not supported. Allowed: {ENGINES[0]}; or write the rule as a metric or as sql"
        raise _RuleRefused("engine", "quality-engine", message)
    try:
        types = {name: column.type for name, column in at.columns.items()}
        expectation, names = read_expectation(at.section.data["implementation"], at.name, types)
    except ValueError as error:
        raise _RuleRefused("implementation", "quality-expectation", str(error)) from None
    return expectation.type, expectation, None, names


def _comparison(section: Section, *, counts_rows: bool) -> Comparison:
    """Return the operator of a rule with its value. With `counts_rows` the unit must be rows, not percent."""
    operator = next(operator for operator in Operator if operator.value in section.data)
    value = section.data[operator.value]
    unit = section.data.get("unit", "rows")
    allowed = _UNITS[:1] if counts_rows else _UNITS
    if unit not in allowed:
        raise _RuleRefused("unit", "quality-unit", f"unit {unit} is not known here. Allowed: {', '.join(allowed)}")
    numbers = value if isinstance(value, list) else [value]
    between = operator in (Operator.BETWEEN, Operator.NOT_BETWEEN)
    shown = f"[{', '.join(map(spell_number, value))}]" if isinstance(value, list) else spell_number(value)
    if not all(map(is_number, numbers)) or isinstance(value, list) != between:
        raise _RuleRefused(operator.value, "quality-value", f"{operator.value} must be a number, not {shown}")
    if between and numbers[0] > numbers[1]:
        raise _RuleRefused(
            operator.value, "quality-value", f"{operator.value} takes the lower bound first, not {shown}"
        )
    if unit == "percent" and not all(0 <= number <= _WHOLE for number in numbers):
        raise _RuleRefused(operator.value, "quality-value", f"a percentage lies between 0 and {_WHOLE}, not {shown}")
    return Comparison(operator, tuple(value) if between else value, unit)


def _whole_table(at: _At, rule: Rule, scope: Value) -> bool:
    """Whether a rule needs all published rows: by its `scope`, else for duplicates across partitions."""
    if scope is not None and scope not in _SCOPES:
        raise _RuleRefused("customProperties", "quality-scope", f"scope is one of: {', '.join(_SCOPES)}; not {scope}")
    if scope is not None:
        return bool(scope == "table")
    if not isinstance(rule, DuplicateValues):
        return False
    return not any(at.columns[name].partition_position is not None for name in rule.columns)


def _describe(at: _At, rule: Rule, comparison: Comparison | None) -> str:
    """Return a description for a rule that has none."""
    whose = f" of {at.name}" if at.name else ""
    if comparison is None:
        return f"{getattr(rule, 'type', 'expectation').replace('_', ' ')}"
    what = _WORDS.get(at.section.data.get("metric", ""), "result of the query")
    if isinstance(rule, DuplicateValues) and at.column is None:
        whose = f" of {', '.join(rule.columns)}"
    unit = " percent" if comparison.unit == "percent" else ""
    bounds = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    value = " and ".join(map(spell_number, bounds))
    words = re.sub(r"([A-Z])", r" \1", comparison.operator.value).lower()
    return f"{what}{whose} {words} {value}{unit}"
