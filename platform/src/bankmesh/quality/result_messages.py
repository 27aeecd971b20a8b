"""Messages of clause results, and what they must not reveal.

Texts of errors come from the database and can quote a value: `Could not convert string 'Jan Novak' to INT32`. They are
shown only if no column of the contract is classified above `internal`. Otherwise the message has the kind of error, its
usual meaning, and what is known without reading data: names of columns.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import (
    DuplicateValues,
    Expectation,
    InvalidValues,
    MissingReferences,
    MissingValues,
    NotFinite,
    NullValues,
    RowCount,
    SchemaMatches,
    SqlMeasure,
)
from bankmesh.contracts.data_test_rules import DbtTest
from bankmesh.contracts.model import Classification, Severity
from bankmesh.contracts.parsing.relationships import products_read
from bankmesh.quality.measure_comparison import comparison_of, number, phrase

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.clause_rules import Rule
    from bankmesh.contracts.model import Clause, Contract

_LONGEST = 500
_WITHHELD = "withheld, because it could be a value of a column above internal"

_KINDS = {
    "BinderException": "the query does not fit the columns or types of the data",
    "CatalogException": "the query names a table or function that does not exist",
    "ParserException": "the query is not valid SQL",
    "ConversionException": "a value cannot be converted to the type that the rule needs",
    "OutOfRangeException": "a value is out of the range of its type",
    "InvalidInputException": "the data or a regular expression is not of the form that the rule needs",
    "IOException": "a file could not be read",
    "HTTPException": "a file could not be read",
    "OutOfMemoryException": "there is not enough memory",
}
_NAMED = re.compile(r'Referenced (?:column|table) "[^"]*" not found|Table Function with name \S+ does not exist')

_ERROR_CLASS = re.compile(r"could not be evaluated[^:]*: ([A-Z][A-Za-z0-9]*(?:Exception|Error)), ")


def sensitive(contract: Contract, clause: Clause) -> bool:
    """Whether a measure that is not a count could reveal a value of a column above `internal`.

    Queries and stock expectations may read any column, whichever columns the clause names.
    """
    if products_read(clause.rule) and isinstance(clause.rule, DbtTest):
        return True
    if isinstance(clause.rule, SqlMeasure | Expectation | DbtTest):
        return contract.classification > Classification.INTERNAL
    levels = (column.classification for column in contract.columns if column.name in clause.columns)
    return max(levels, default=contract.classification) > Classification.INTERNAL


def measured(clause: Clause, observed: float | str | None, rows: int | None) -> str:
    """Return the measure and its bound; `observed` is None if it is withheld, text for a long decimal."""
    comparison = comparison_of(clause)
    subject = _subject(clause.rule)
    exact = Decimal(observed) if isinstance(observed, str) else observed
    if observed is None:
        found = _WITHHELD
    elif comparison.unit == "percent":
        found = f"{number(exact, comparison)} %" + _out_of(rows)
    else:
        found = number(exact, comparison) + ("" if isinstance(clause.rule, RowCount | SqlMeasure) else _out_of(rows))
    return f"{subject}{scope(clause)}: {found}; {phrase(comparison)}."


def schema(clause: Clause, differences: Sequence[str]) -> str:
    """Return whether the columns are as promised, and how they differ."""
    if not differences:
        return f"columns{scope(clause)}: as promised."
    return f"columns{scope(clause)}: {'; '.join(differences)}."


def casts(losses: Sequence[CastLoss], rows: int | None) -> str:
    """Return which columns lost values in the casts to their promised types."""
    if not losses:
        return "casts to the promised types: every value survives."
    return f"casts to the promised types: {'; '.join(map(str, losses))}{_out_of(rows)}."


def expectation(clause: Clause, *, success: bool, observed: object, rows: int | None, failing: int | None) -> str:
    """Return the result of a stock expectation."""
    name = clause.rule.type if isinstance(clause.rule, Expectation) else clause.name
    verdict = "met" if success else "not met"
    if failing is not None:
        verdict += f", {number(failing)} unexpected{_out_of(rows)}"
    elif observed is not None:
        verdict += f", observed {number(observed)}"
    return f"{name}{scope(clause)}: {verdict}."


def data_test(clause: Clause, rule: DbtTest, observed: int | None) -> str:
    """Return the result of a data test and its limits; `observed` is None if it is withheld."""
    found = _WITHHELD if observed is None else number(observed)
    limits = f"warns if {rule.warn_if}"
    if clause.severity is Severity.ERROR:
        limits = f"fails if {rule.error_if}" + ("" if rule.warn_if == rule.error_if else f", {limits}")
    return f"failures{scope(clause)}: {found}; {limits}."


def unevaluated(contract: Contract, clause: Clause, error: Exception | None, columns: Collection[str] | None) -> str:
    """Return why a clause could not be evaluated, without data values, for everyone who sees check results.

    `columns` are those of the data, None if they are not known.
    """
    absent = [name for name in clause.columns if columns is not None and name not in columns]
    head = f"could not be evaluated{scope(clause)}"
    if absent:
        return f"{head}: the data has no column {', '.join(absent)}."
    if error is None:
        return f"{head}: Great Expectations gave no result."
    if getattr(error, "written_for_users", False):
        return f"{head}: {error}."
    cause = root(error)
    kind = type(cause).__name__
    meaning = _KINDS.get(kind, "see the kind of error")
    if products_read(clause.rule) or contract.classification > Classification.INTERNAL:
        named = _NAMED.search(str(cause)) if kind in {"BinderException", "CatalogException"} else None
        hint = f" ({named.group()})" if named else ""
        return f"{head}: {kind}, {meaning}{hint}. The text of the error is withheld, because it could quote a value."
    text = " ".join(str(cause).split())
    return f"{head}: {kind}, {meaning}: {text[:_LONGEST]}{'…' if len(text) > _LONGEST else ''}"


def error_class(message: str) -> str | None:
    """Return the class of the error that a message of `unevaluated` names, without its text; None if it names none."""
    found = _ERROR_CLASS.search(message)
    return found[1] if found else None


def root(error: BaseException) -> BaseException:
    """Return the error that the database raised, without the wrappers of SQLAlchemy and Great Expectations."""
    seen = error
    while True:
        below = getattr(seen, "orig", None) or seen.__cause__
        if not isinstance(below, BaseException) or below is seen:
            return seen
        seen = below


def scope(clause: Clause) -> str:
    """Return a suffix that marks a clause about the whole table."""
    return " (whole table)" if clause.whole_table else ""


def _out_of(rows: int | None) -> str:
    return "" if rows is None else f" of {number(rows)}"


def _subject(rule: Rule) -> str:  # noqa: PLR0911 - one line for each kind of rule
    match rule:
        case RowCount():
            return "rows"
        case NullValues(column=column):
            return f"rows without {column}"
        case NotFinite(column=column):
            return f"rows in which {column} is NaN or infinite"
        case MissingValues(column=column):
            return f"rows with {column} missing"
        case InvalidValues(column=column):
            return f"rows with an invalid {column}"
        case DuplicateValues(columns=columns):
            return f"rows that repeat {', '.join(columns)}"
        case MissingReferences(columns=columns, product=product):
            return f"rows whose {', '.join(columns)} is not in {product}"
        case SchemaMatches():
            return "columns"
        case _:
            return "measure"
