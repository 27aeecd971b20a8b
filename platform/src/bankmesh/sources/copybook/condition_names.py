"""Code tables of columns from the levels 88 of their fields: each value lands as the name of its condition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bankmesh.sources.copybook.column_rules import ZEROS
from bankmesh.sources.copybook.storage_layout import CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.sources.copybook.storage_layout import FieldReference, Storage
    from bankmesh.sources.declarations.code_tables import Codes

MOST_VALUES = 1000
"""The values that a range may have."""

_LITERAL = re.compile(r"""'((?:[^']|'')*)'|"((?:[^"]|"")*)\"""")


class BadConditionError(ValueError):
    """A level 88 that is no code table; the text says why."""


def codes_of_conditions(field: FieldReference) -> Codes:
    """Return the values of a field's levels 88 as its texts read, each with the name of its condition.

    Raises BadConditionError if there are none, if a value has two names, or if one is none that the field can hold.
    """
    if not field.storage.is_selector or field.storage.scale:
        raise BadConditionError("its field is neither text nor unsigned digits")
    found: dict[str, str] = {}
    for condition in field.item.conditions:
        for value in _values(condition.name, condition.values, field.storage):
            if found.setdefault(value, condition.name) != condition.name:
                raise BadConditionError(f"{value!r} has the names {found[value]} and {condition.name}")
    if not found:
        raise BadConditionError("its field has no level 88 with a value")
    return tuple(found.items())


def _values(name: str, pairs: tuple[tuple[str, str | None], ...], storage: Storage) -> Iterator[str]:
    for first, last in pairs:
        if last is None:
            yield _value(name, first, storage)
            continue
        one, other = _value(name, first, storage), _value(name, last, storage)
        if storage.kind == CHARACTERS:
            raise BadConditionError(f"{name} has a range of texts")
        if not 0 <= int(other) - int(one) < MOST_VALUES:
            raise BadConditionError(f"{name} has a range of more than {MOST_VALUES:,} values, or of none")
        yield from (str(number).zfill(storage.size) for number in range(int(one), int(other) + 1))


def _value(name: str, word: str, storage: Storage) -> str:
    """Return the text that a column reads for a literal: without its padding, or with all of its digits."""
    literal = _LITERAL.fullmatch(word)
    text = word
    if word in ZEROS:
        text = "0" * storage.size
    elif literal is not None:
        text = literal[1].replace("''", "'") if literal[1] is not None else literal[2].replace('""', '"')
    if storage.kind == CHARACTERS:
        padded = text.strip(" ") if storage.edited else text.lstrip(" ") if storage.justified else text.rstrip(" ")
        if (literal is not None or word in ZEROS) and padded and len(text) <= storage.size:
            return padded
    elif re.fullmatch("[0-9]+", text) and len(text.lstrip("0")) <= storage.size:
        return text.lstrip("0").zfill(storage.size)
    raise BadConditionError(f"{name} has a value that its field cannot hold as text: {word}")
