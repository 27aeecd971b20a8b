"""Export of quality rules so that other tools evaluate them with the same result as the gate.

The standard does not define some points on which datacontract-cli and the gate differ: whether nulls are duplicates,
whether duplicates are counted in keys or in rows, whether a null value is missing, whether a pattern is searched or
must match the whole value, and how a percentage is rounded. Where the two differ, a rule is exported as the query that
the gate runs, with its comparison and severity. Where they agree, it stays a metric.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.clause_rules import (
    DuplicateValues,
    InvalidValues,
    MissingValues,
    NullValues,
    RowCount,
    SqlMeasure,
)
from bankmesh.contracts.exact_numbers import plain_number, spell_exactly
from bankmesh.contracts.model import Comparison, Operator
from bankmesh.contracts.parsing.quality_rules import quality_clause
from bankmesh.contracts.parsing.section_cursor import FaultNotes, Section
from bankmesh.contracts.parsing.sql_rules import COLUMN, TABLE
from bankmesh.errors import as_sentence
from bankmesh.quality.measure_comparison import comparison_of
from bankmesh.quality.measure_queries import failing, type_of
from bankmesh.quality.sql_measures import is_never_null
from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.contracts.clause_rules import Rule
    from bankmesh.contracts.model import Clause, Column, Contract
    from bankmesh.yaml.documents import Document, Path

# Types whose values other tools write into SQL like the gate; values of other types become text or doubles.
_COMPARED_ALIKE = ("string", "integer", "long")
_REPLACED = ("metric", "arguments", "unit", "type", "query")
_SIGNS = {
    Operator.BE: "=",
    Operator.NOT_BE: "<>",
    Operator.GREATER: ">",
    Operator.GREATER_OR_EQUAL: ">=",
    Operator.LESS: "<",
    Operator.LESS_OR_EQUAL: "<=",
}


def exported_rules(document: Document, path: Path, column: Column | None, contract: Contract) -> list[dict[str, Any]]:
    """Return the exported rules at `path`, which is the table or one of its properties.

    If a metric occurs there twice, only the first is exported as a metric: tools identify rules by metric and column.
    """
    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    columns = {known.name: known for known in contract.columns}
    for section in Section(FaultNotes(document), path, _at(document, path)).sections("quality"):
        clause = quality_clause(section, column, columns)
        rule = section.data
        if clause is None:  # prose
            found.append(dict(rule))
        elif isinstance(clause.rule, SqlMeasure):
            found.append(rule | _query(clause, clause.rule))
        elif "metric" in rule and (rule["metric"] in taken or not _is_read_alike(clause, contract)):
            found.append(_as_query(rule, clause, measure_query(clause, contract)))
        else:
            taken.add(rule.get("metric", ""))
            found.append(dict(rule))
    return found


def uniqueness_rule(column: Column) -> dict[str, Any]:
    """Return `unique: true` of a nullable column as a query that does not compare nulls."""
    return {
        "id": f"{column.name}__unique",
        "type": "sql",
        "query": f"select {_repeated(column.name)} from {TABLE}",
        "mustBe": 0,
        "description": f"{column.name} is unique where it is not null.",
        "dimension": "uniqueness",
    }


def option_rules(column: Column, options: dict[str, Any], contract: Contract) -> list[dict[str, Any]]:
    """Return rules for options that other tools evaluate differently, and remove those options from `options`.

    Two bounds on one side, or two exclusive ones, have the same check name in datacontract-cli, which breaks all
    checks. It reads a bound with decimal places as a double, and counts nulls in a list as repeated items.
    """
    found: list[dict[str, Any]] = []
    given = [key for key in _RANGE if options.get(key) is not None]
    places = column.type.name in ("decimal", "double") and any(isinstance(options[key], Decimal) for key in given)
    if column.type.item is None and (places or any(set(pair) <= set(given) for pair in _COLLIDING)):
        found.append(_option_rule(f"{column.name}__range", contract))
        _take_out(options, given)
    if options.get("uniqueItems"):
        found.append(_option_rule(f"{column.name}__unique_items", contract))
        _take_out(options, ["uniqueItems"])
    return found


_RANGE = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_COLLIDING = (
    ("minimum", "exclusiveMinimum"),
    ("maximum", "exclusiveMaximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
)


def _option_rule(name: str, contract: Contract) -> dict[str, Any]:
    clause = next(clause for clause in contract.clauses if clause.name == name)
    query = clause.rule.query if isinstance(clause.rule, SqlMeasure) else measure_query(clause, contract)
    if isinstance(clause.rule, SqlMeasure):
        query = query.replace(COLUMN, sql_name(clause.columns[0]))
    words = {"description": as_sentence(clause.description), "dimension": clause.dimension}
    return {"id": name, "type": "sql", "query": query, "mustBe": 0, **words}


def _take_out(options: dict[str, Any], keys: Sequence[str]) -> None:
    for key in keys:
        del options[key]


def whole_pattern(pattern: str) -> str:
    """Return a regular expression that matches the whole value in tools that search for a match."""
    whole = pattern.startswith("^") and pattern.endswith("$") and "|" not in pattern and not pattern.endswith("\\$")
    return pattern if whole else f"^(?:{pattern})$"


def measure_query(clause: Clause, contract: Contract) -> str:
    """Return the query for what the gate measures for a metric, in the unit of its comparison."""
    rule, percent = clause.rule, comparison_of(clause).unit == "percent"
    if isinstance(rule, DuplicateValues) and len(rule.columns) > 1:
        return _repeated_keys(rule.columns, percent=percent)
    count = _count(rule, contract)
    # Intentionally a double: DuckDB would divide decimals, and other tools compare doubles.
    share = f"coalesce(100e0 * ({count}) / nullif(count(*), 0), 0)"
    return f"select {share if percent else count} from {TABLE}"


def _count(rule: Rule, contract: Contract) -> str:
    if isinstance(rule, DuplicateValues):
        return _repeated(rule.columns[0])
    if isinstance(rule, NullValues | MissingValues | InvalidValues):
        return f"count(*) filter (where {failing(rule, contract)})"
    return "count(*)"


def _repeated(column: str) -> str:
    return f"count({sql_name(column)}) - count(distinct {sql_name(column)})"


def _repeated_keys(columns: Sequence[str], *, percent: bool) -> str:
    """Return the query for the number of rows beyond the first of each complete key."""
    names = ", ".join(map(sql_name, columns))
    complete = " and ".join(f"{sql_name(name)} is not null" for name in columns)
    keys = f"(select count(*) as n from {TABLE} where {complete} group by {names}) as keys"
    if percent:
        return f"select coalesce(100e0 * sum(n - 1) / nullif((select count(*) from {TABLE}), 0), 0) from {keys}"
    return f"select cast(coalesce(sum(n - 1), 0) as bigint) from {keys}"


def _is_read_alike(clause: Clause, contract: Contract) -> bool:
    """Return whether other tools measure the same for a metric."""
    rule = clause.rule
    comparison = comparison_of(clause)
    if comparison.unit == "percent" or _is_no_double(comparison):
        return False  # other tools round a percentage to six places, and a bound to a double
    if isinstance(rule, MissingValues):
        return None in rule.markers and type_of(contract, rule.column).name in _COMPARED_ALIKE
    if isinstance(rule, InvalidValues):
        return rule.pattern is None and type_of(contract, rule.column).name in _COMPARED_ALIKE
    return isinstance(rule, NullValues | RowCount)


def _as_query(rule: dict[str, Any], clause: Clause, query: str) -> dict[str, Any]:
    """Return the rule with a query instead of its metric; name, description, comparison, severity and scope stay."""
    kept = {key: value for key, value in rule.items() if key not in _REPLACED}
    named = {} if "id" in rule or "name" in rule else {"id": clause.name}
    words = {} if rule.get("description") else {"description": clause.description}
    properties = rule.get("customProperties", [])
    if clause.whole_table and not any(item.get("property") == "scope" for item in properties):
        kept["customProperties"] = [*properties, {"property": "scope", "value": "table"}]
    compared = _verdict(clause, f"({query})") if _is_no_double(comparison_of(clause)) else {"query": query}
    return {**named, "type": "sql", **kept, **words, **compared}


# --- Rules that are queries already ------------------------------------------------------------------------


def _query(clause: Clause, rule: SqlMeasure) -> dict[str, Any]:
    """Return the changed entries of a rule that is a query.

    A count is evaluated alike. Any other query may return null, which other tools treat as a number that breaks some
    comparisons, or a decimal, which they compare with the bound as a double. Then the exported query does the
    comparison itself.
    """
    comparison = comparison_of(clause)
    counts = is_never_null(rule.query)
    measure = rule.query if counts else f"coalesce(({rule.query}), {_INSTEAD_OF_NULL})"
    if _is_no_double(comparison) or (not counts and any(isinstance(bound, Decimal) for bound in _bounds(comparison))):
        return _verdict(clause, f"({measure})" if counts else measure)
    return {"query": measure if counts else f"select {measure}"}


# The gate treats null as 0 for an empty table; for any other table it cannot evaluate the rule.
_INSTEAD_OF_NULL = f"case when (select count(*) from {TABLE}) = 0 then 0 else error('the query returns null') end"


def _is_no_double(comparison: Comparison) -> bool:
    """Return whether a bound has more digits than a double can hold."""
    return any(isinstance(bound, Decimal) and isinstance(plain_number(bound), Decimal) for bound in _bounds(comparison))


def _verdict(clause: Clause, measure: str) -> dict[str, Any]:
    """Return a query that compares in SQL and gives 0 if the rule holds and 1 if it is broken."""
    comparison = comparison_of(clause)
    double = " or ".join(f"typeof(measure) = '{name}'" for name in ("DOUBLE", "FLOAT"))
    holds = f"case when {double} then {_condition(comparison, doubles=True)} else {_condition(comparison)} end"
    query = f"select case when {holds} then 0 else 1 end from (select {measure} as measure) as measured"
    return {"query": query, str(comparison.operator): None, "mustBe": 0, "description": clause.description}


def _bounds(comparison: Comparison) -> tuple[Any, ...]:
    return comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)


def _condition(comparison: Comparison, *, doubles: bool = False) -> str:
    bounds = [_bound(bound, doubles=doubles) for bound in _bounds(comparison)]
    if comparison.operator is Operator.BETWEEN:
        return f"measure between {bounds[0]} and {bounds[1]}"
    if comparison.operator is Operator.NOT_BETWEEN:
        return f"measure not between {bounds[0]} and {bounds[1]}"
    return f"measure {_SIGNS[comparison.operator]} {bounds[0]}"


def _bound(value: int | Decimal, *, doubles: bool) -> str:
    if doubles:
        spelled = repr(float(value))
        return spelled if "e" in spelled else f"{spelled}e0"
    return spell_exactly(value) if isinstance(value, Decimal) else str(value)


def _at(document: Document, path: Path) -> Any:  # noqa: ANN401 - whatever YAML can hold
    value = document.data
    for step in path:
        value = value[step]
    return value
