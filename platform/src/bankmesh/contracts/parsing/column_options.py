"""Compiles a column's own keys to clauses: required, unique, primary key, `logicalTypeOptions`."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.clause_rules import (
    ClassificationKept,
    DuplicateValues,
    InvalidValues,
    LosslessCasts,
    NotFinite,
    NullValues,
    Rule,
    SchemaMatches,
    SqlMeasure,
)
from bankmesh.contracts.column_types import fit_value
from bankmesh.contracts.exact_numbers import plain_numbers, spell_number
from bankmesh.contracts.model import NONE_AT_ALL, Clause, ColumnType, Severity
from bankmesh.contracts.parsing.regular_expressions import check_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.contracts.model import Column
    from bankmesh.contracts.parsing.section_cursor import Section
    from bankmesh.errors import Place

_BOUNDS = {
    "minimum": ("minimum", "at least"),
    "maximum": ("maximum", "at most"),
    "exclusiveMinimum": ("exclusive_minimum", "above"),
    "exclusiveMaximum": ("exclusive_maximum", "below"),
}


def schema_clause(table: Section) -> Clause:
    """Return the clause that columns and types are as promised."""
    return Clause(
        "schema",
        SchemaMatches(),
        None,
        Severity.ERROR,
        "columns and types are as promised",
        "conformity",
        (),
        whole_table=False,
        place=table.place("properties"),
    )


def classification_clause(table: Section) -> Clause:
    """Return the clause that columns keep the confidentiality of their inputs; every contract has it."""
    return Clause(
        "classification",
        ClassificationKept(),
        None,
        Severity.ERROR,
        "no column is less confidential than what it is made from, unless a rule declassifies it",
        "confidentiality",
        (),
        whole_table=False,
        place=table.place("properties"),
    )


def casts_clause(table: Section) -> Clause:
    """Return the clause that no value is changed to fit its type; every contract has it."""
    return Clause(
        "lossless_casts",
        LosslessCasts(),
        None,
        Severity.ERROR,
        "every value is delivered in its promised type, or survives the cast to it",
        "accuracy",
        (),
        whole_table=False,
        place=table.place("properties"),
    )


def key_clauses(columns: tuple[tuple[Column, Section], ...], table: Section) -> Iterator[Clause]:
    """Yield `primary_key_unique` if there is a primary key."""
    keyed = sorted((c.primary_key_position, c.name) for c, _ in columns if c.primary_key_position is not None)
    names = tuple(name for _, name in keyed)
    if names:
        places = [section.place("primaryKey") for column, section in columns if column.name == names[0]]
        yield _none(
            "primary_key_unique",
            DuplicateValues(names),
            f"{', '.join(names)} identifies a row",
            "uniqueness",
            columns=names,
            place=places[0] if places else table.place(),
            whole_table=not _has_partition(columns, names),
        )


def column_clauses(column: Column, section: Section, columns: tuple[tuple[Column, Section], ...]) -> Iterator[Clause]:
    """Yield the clauses of one column's own keys. Faults: `bad-option`, `bad-pattern`."""
    name = column.name
    if column.required or column.primary_key_position is not None:
        place = section.place("required" if column.required else "primaryKey")
        yield _none(
            f"{name}__required", NullValues(name), f"{name} is never null", "completeness", columns=(name,), place=place
        )
    key = [c.name for c, _ in columns if c.primary_key_position is not None]
    if section.get("unique") is True and key != [name]:  # otherwise primary_key_unique measures the same
        yield _none(
            f"{name}__unique",
            DuplicateValues((name,)),
            f"{name} is unique",
            "uniqueness",
            columns=(name,),
            place=section.place("unique"),
            whole_table=not _has_partition(columns, (name,)),
        )
    if column.is_floating and not column.allows_nan:
        place = section.place("physicalType")
        yield _none(f"{name}__finite", NotFinite(name), f"{name} is finite", "validity", columns=(name,), place=place)
    of_column = section.section("logicalTypeOptions")
    items = section.section("items")
    of_items = items.section("logicalTypeOptions") if items is not None else None
    if of_column is not None and not of_column.faulty:
        yield from _options(column, of_column, items=False)
    if column.type.item is not None and of_items is not None and not of_items.faulty:
        yield from _options(column, of_items, items=True)


def _has_partition(columns: tuple[tuple[Column, Section], ...], names: tuple[str, ...]) -> bool:
    """Whether the partition column is among `names`; duplicates then never span two partitions."""
    return any(column.partition_position is not None and column.name in names for column, _ in columns)


def _none(
    name: str,
    rule: Rule,
    description: str,
    dimension: str,
    *,
    columns: tuple[str, ...],
    place: Place,
    whole_table: bool = False,
) -> Clause:
    """Return a clause of severity error that allows no failing row."""
    return Clause(name, rule, NONE_AT_ALL, Severity.ERROR, description, dimension, columns, whole_table, place)


def _options(column: Column, options: Section, *, items: bool) -> Iterator[Clause]:
    """Yield the clauses of `logicalTypeOptions`; those of an array's items if `items` is set."""
    kind = column.type.item if items and column.type.item is not None else column.type
    if kind.name == "boolean":
        for key in options.data:
            options.fault(key, "bad-option", f"a boolean has no option {key}")
        return
    given = {key: value for key, value in options.data.items() if value is not None}
    whose = f"each item of {column.name}" if items else column.name
    yield from _length(column.name, whose, options, given)
    yield from _pattern(column.name, whose, options, given)
    yield from _range(column.name, whose, kind, options, given)
    yield from _multiple(column, whose, kind, options, given)
    yield from _item_count(column.name, options, given)


def _conform(name: str, option: str, rule: Rule, description: str, place: Place) -> Clause:
    """Return a clause of one kind of option of column `name`."""
    return _none(f"{name}__{option}", rule, description, "conformity", columns=(name,), place=place)


def _length(name: str, whose: str, options: Section, given: dict[str, Any]) -> Iterator[Clause]:
    least, most = given.get("minLength"), given.get("maxLength")
    if least is None and most is None:
        return
    if least is not None and most is not None and least > most:
        options.fault("maxLength", "bad-option", f"maxLength {most} is below minLength {least}")
        return
    bounds = [f"at least {least}" if least is not None else "", f"at most {most}" if most is not None else ""]
    text = f"{whose} has {' and '.join(filter(None, bounds))} characters"
    rule = InvalidValues(name, min_length=least, max_length=most)
    yield _conform(name, "length", rule, text, options.place("minLength" if least is not None else "maxLength"))


def _pattern(name: str, whose: str, options: Section, given: dict[str, Any]) -> Iterator[Clause]:
    pattern = given.get("pattern")
    if pattern is None:
        return
    problem = check_pattern(pattern)
    if problem:
        options.fault("pattern", "bad-pattern", f"pattern of {name}: {problem}")
        return
    yield _conform(
        name, "pattern", InvalidValues(name, pattern=pattern), f"{whose} matches {pattern}", options.place("pattern")
    )


def _range(name: str, whose: str, kind: ColumnType, options: Section, given: dict[str, Any]) -> Iterator[Clause]:
    bounds: dict[str, Any] = {}
    words: list[str] = []
    for key, (attribute, word) in _BOUNDS.items():
        if key not in given:
            continue
        try:
            bounds[attribute] = fit_value(kind, given[key])
        except ValueError as error:
            options.fault(key, "bad-option", f"{key} of {name}: {error}")
            return
        words.append(f"{word} {spell_number(given[key])}")
    if not bounds:
        return
    lows = [bounds[key] for key in ("minimum", "exclusive_minimum") if key in bounds]
    highs = [bounds[key] for key in ("maximum", "exclusive_maximum") if key in bounds]
    key = next(key for key in _BOUNDS if key in given)
    if lows and highs and max(lows) > min(highs):
        options.fault(key, "bad-option", f"no value of {name} can be {' and '.join(words)}")
        return
    yield _conform(
        name, "range", InvalidValues(name, **bounds), f"{whose} is {' and '.join(words)}", options.place(key)
    )


def _multiple(
    column: Column, whose: str, kind: ColumnType, options: Section, given: dict[str, Any]
) -> Iterator[Clause]:
    if "multipleOf" not in given:
        return
    step = given["multipleOf"]
    if kind.name == "double" or column.type.item is not None:
        message = (
            f"multipleOf is not supported for {column.type}; it has an exact meaning for whole and decimal numbers"
        )
        options.fault("multipleOf", "bad-option", message)
        return
    try:
        fit_value(kind, step)
    except ValueError as error:
        options.fault("multipleOf", "bad-option", f"multipleOf of {column.name}: {error}")
        return
    exact = Decimal(str(int(step) if kind.name != "decimal" else plain_numbers(step)))
    query = f"select count(*) from ${{table}} where ${{column}} % {exact:f} <> 0"
    rule = SqlMeasure(query, column.name)
    yield _conform(
        column.name, "multiple_of", rule, f"{whose} is a multiple of {spell_number(step)}", options.place("multipleOf")
    )


def _item_count(name: str, options: Section, given: dict[str, Any]) -> Iterator[Clause]:
    least, most = given.get("minItems", 0), given.get("maxItems", math.inf)
    if least > most:
        options.fault("maxItems", "bad-option", f"maxItems {most} is below minItems {least}")
        return
    broken = [f"len(${{column}}) < {least}"] if least else []
    broken += [f"len(${{column}}) > {most}"] if most != math.inf else []
    if broken:
        query = f"select count(*) from ${{table}} where {' or '.join(broken)}"
        text = f"{name} has {least} to {most if most != math.inf else 'any number of'} items"
        key = "minItems" if least else "maxItems"
        yield _conform(name, "items", SqlMeasure(query, name), text, options.place(key))
    if given.get("uniqueItems"):
        query = "select count(*) from ${table} where len(list_distinct(${column})) < list_count(${column})"
        yield _conform(
            name, "unique_items", SqlMeasure(query, name), f"{name} repeats no item", options.place("uniqueItems")
        )
