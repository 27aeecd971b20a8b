"""The fields of a copybook's record as columns: their references, the types of their storage, and questions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import WIDEST_DECIMAL
from bankmesh.sources.copybook.storage_layout import (
    CHARACTERS,
    HEX_FLOAT,
    UNREADABLE,
    FieldReference,
    RecordStorage,
    Storage,
    UnknownFieldError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bankmesh.sources.copybook.data_items import DataItem

MOST_ELEMENTS = 50
"""The elements of a table that become columns."""
_MOST_LONG = 2**63 - 1


@dataclass(frozen=True)
class RecordFields:
    """The fields of a record that can be columns, by their reference, and what their layout leaves open.

    `redefined` has the fields of each area that is redefined, by its name.
    """

    fields: dict[str, FieldReference]
    redefined: dict[str, tuple[str, ...]]
    questions: tuple[str, ...]


def find_fields(layout: RecordStorage) -> RecordFields:
    """Return the fields of a record, each as its first definition; tables have a field for each element."""
    fields: dict[str, FieldReference] = {}
    redefined: dict[str, list[str]] = {}
    questions: list[str] = []
    paths = list(layout.record.walk())
    for path in paths:
        item = path[-1]
        if item.is_group or item.renames or not item.name or any(each.redefines for each in path):
            continue
        found, problem = _fields_of(layout, path)
        questions += filter(None, [problem])
        fields |= found
        for above in path:
            redefined.setdefault(above.name, []).extend(found)
    alternatives: dict[str, list[str]] = {}
    for item in (path[-1] for path in paths if path[-1].redefines):
        alternatives.setdefault(item.redefines or "", []).append(item.name or "FILLER")
    questions += [
        f"{name} is also {', '.join(others)}: which field says so? Declare the columns of each with when, see the "
        "reference of copybooks"
        for name, others in alternatives.items()
    ]
    if tables := ", ".join(path[-1].name or "FILLER" for path in paths if path[-1].occurs):
        questions.append(f"{tables} occurs several times: is each element a column, or a row of a product?")
    areas = {name: tuple(redefined.get(name, ())) for name in alternatives}
    return RecordFields(fields, areas, tuple(questions))


def _fields_of(layout: RecordStorage, path: Sequence[DataItem]) -> tuple[dict[str, FieldReference], str]:
    """Return the fields of an elementary item by their references, and what is left out of them."""
    name = path[-1].name
    elements = list(_elements(path))
    fields: dict[str, FieldReference] = {}
    for subscripts in elements[:MOST_ELEMENTS]:
        reference = _reference(layout, path, subscripts)
        if reference is None:
            return {}, f"{name} cannot be referred to by a name of its own, and is left out"
        fields[reference] = layout.find(reference)
        if fields[reference].storage.kind == UNREADABLE or natural_type(fields[reference].storage) is None:
            return {}, f"{name} is of a usage or size that is not read, and is left out"
    if len(elements) > MOST_ELEMENTS:
        return fields, f"{name} has {len(elements)} elements: which are needed? The first {MOST_ELEMENTS} are columns"
    return fields, ""


def _elements(path: Sequence[DataItem]) -> Iterator[tuple[int, ...]]:
    return product(*(range(1, item.occurs.most + 1) for item in path if item.occurs))


def _reference(layout: RecordStorage, path: Sequence[DataItem], subscripts: tuple[int, ...]) -> str | None:
    """Return the shortest reference to a field: its name, or its name of a group above."""
    name = path[-1].name
    behind = f"({','.join(map(str, subscripts))})" if subscripts else ""
    groups = [item.name for item in reversed(path[:-1]) if item.name]
    for reference in (f"{name}{behind}", *(f"{name} OF {group}{behind}" for group in groups)):
        try:
            layout.find(reference)
        except UnknownFieldError:
            continue
        return reference
    return None


def natural_type(storage: Storage) -> str | None:
    """Return the type that holds every value of a field, None for numbers of more digits than any type has."""
    if storage.kind == CHARACTERS:
        return "string"
    if storage.kind == HEX_FLOAT:
        return "double"
    places = max(storage.scale, 0)
    whole = max(storage.most_digits - storage.scale, 0)
    if not places and storage.greatest * 10**-storage.scale <= _MOST_LONG:
        return "long"
    return f"decimal({whole + places},{places})" if whole + places <= WIDEST_DECIMAL else None
