"""Comparison rules for columns: their names, order, types, nullability, key and classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.comparison.contract_change import Change, breaking, compatible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bankmesh.contracts.model import Column, ColumnType, Contract


def _columns_removed_or_added(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = {c.name: c for c in old.columns}, {c.name: c for c in new.columns}
    for name in (name for name in before if name not in after):
        yield breaking("column-removed", name, f"column {name} was removed", before[name].place)
    for name in (name for name in after if name not in before):
        yield compatible("column-added", name, f"column {name} is new", after[name].place)
    kept_before = [name for name in before if name in after]
    kept_after = [name for name in after if name in before]
    if kept_before != kept_after:
        message = f"columns are in another order: {', '.join(kept_after)}"
        yield breaking("column-order-changed", "columns", message, new.columns[0].place)


def _pairs(old: Contract, new: Contract) -> Iterator[tuple[Column, Column]]:
    """Return the pairs of columns that both contracts have."""
    after = {column.name: column for column in new.columns}
    return ((column, after[column.name]) for column in old.columns if column.name in after)


def _types(old: Contract, new: Contract) -> Iterator[Change]:
    for was, now in _pairs(old, new):
        if was.type != now.type:
            wider = _holds_all(now.type, was.type)
            rule = "column-type-widened" if wider else "column-type-changed"
            message = f"column {now.name} was {was.type} and is {now.type}"
            yield breaking(rule, now.name, message, now.place)


def _holds_all(wide: ColumnType, narrow: ColumnType) -> bool:
    """Whether `wide` holds every value of `narrow`. A widening still breaks: readers fix their own types."""
    if wide.item is not None and narrow.item is not None:
        return wide.item == narrow.item or _holds_all(wide.item, narrow.item)
    if wide.name == narrow.name == "decimal":
        return wide.scale >= narrow.scale and wide.precision - wide.scale >= narrow.precision - narrow.scale
    return (narrow.name, wide.name) in (("integer", "long"), ("integer", "double"))


def _nullability(old: Contract, new: Contract) -> Iterator[Change]:
    for was, now in _pairs(old, new):
        before, after = _never_null(was), _never_null(now)
        if before and not after:
            yield breaking("column-made-nullable", now.name, f"column {now.name} may now be null", now.place)
        elif after and not before:
            message = f"column {now.name} is now never null"
            yield compatible("column-made-required", now.name, message, now.place)


def _never_null(column: Column) -> bool:
    return column.required or column.primary_key_position is not None


def _primary_key(old: Contract, new: Contract) -> Iterator[Change]:
    if old.primary_key != new.primary_key:
        keys = [", ".join(key) or "none" for key in (old.primary_key, new.primary_key)]
        message = f"the primary key was {keys[0]} and is {keys[1]}"
        yield breaking("primary-key-changed", "primary key", message, new.columns[0].place)


def _classification(old: Contract, new: Contract) -> Iterator[Change]:
    for was, now in _pairs(old, new):
        if was.classification == now.classification:
            continue
        raised = now.classification > was.classification
        rule = "classification-raised" if raised else "classification-lowered"
        message = f"column {now.name} was {was.classification.label} and is {now.classification.label}"
        yield Change(rule, raised, now.name, message, now.place)


def _declassification(old: Contract, new: Contract) -> Iterator[Change]:
    for was, now in _pairs(old, new):
        if was.declassification is None and now.declassification is not None:
            message = f"column {now.name} is declassified by {now.declassification.method}, as {_rule(now)} proves"
            yield compatible("declassification-added", now.name, message, now.place)
        elif was.declassification is not None and now.declassification is None:
            message = f"column {now.name} is no longer declassified"
            yield compatible("declassification-removed", now.name, message, now.place)
        elif _terms(was) != _terms(now):
            message = f"column {now.name} is declassified in another way, or for another reason"
            yield compatible("declassification-changed", now.name, message, now.place)


def _rule(column: Column) -> str:
    return column.declassification.rule if column.declassification else ""


def _terms(column: Column) -> tuple[str | None, ...]:
    given = column.declassification
    return (given.method, given.rule, given.why, given.subjects) if given else ()


def _column_words(old: Contract, new: Contract) -> Iterator[Change]:
    for was, now in _pairs(old, new):
        if (was.description, was.tags, was.examples) != (now.description, now.tags, now.examples):
            message = f"description, tags or examples of column {now.name} changed"
            yield compatible("description-changed", now.name, message, now.place)


COLUMN_RULES: tuple[Callable[[Contract, Contract], Iterator[Change]], ...] = (
    _columns_removed_or_added,
    _types,
    _nullability,
    _primary_key,
    _classification,
    _declassification,
    _column_words,
)
