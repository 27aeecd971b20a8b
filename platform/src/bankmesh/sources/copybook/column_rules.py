"""Rules for columns of a copybook: their types must hold every value of the PICTURE, and their options must apply."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING

from bankmesh.sources.copybook.code_pages import encode_text
from bankmesh.sources.copybook.storage_layout import (
    CHARACTERS,
    HEX_FLOAT,
    UNREADABLE,
    Storage,
    UnknownFieldError,
)
from bankmesh.sources.declarations.number_formats import PLAIN_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bankmesh.sources.copybook.storage_layout import RecordStorage
    from bankmesh.sources.declarations.source_declaration import SourceColumn

ZEROS = ("ZERO", "ZEROS", "ZEROES")
FILLED_WITH = {
    **dict.fromkeys(("LOW-VALUE", "LOW-VALUES"), 0x00),
    **dict.fromkeys(("HIGH-VALUE", "HIGH-VALUES"), 0xFF),
    **dict.fromkeys(("SPACE", "SPACES"), 0x40),
}
FIGURATIVES = (*FILLED_WITH, *ZEROS)
"""What `missing` may name beside values: fields whose bytes are all 00, FF or blanks, or that are zero."""

_MOST_DIGITS = 100
"""More digits, or zeros behind them, than any field has."""

_WHOLE_LIMITS = {"integer": 2**31 - 1, "long": 2**63 - 1}


def is_text_type(column: SourceColumn) -> bool:
    """Whether values of the column are converted from text, by the options of its declaration."""
    return column.type.name in {"string", "date", "timestamp", "boolean"}


def as_unscaled(text: str, scale: int) -> int | None:
    """Return a number of `missing` as the digits of a field with that scale; None if it cannot be one."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):  # infinite, or no number
        return None
    if not number:
        return 0
    if max(len(digits), abs(exponent)) > _MOST_DIGITS:
        return None
    unscaled = int("".join(map(str, digits))) * Fraction(10) ** (exponent + scale)
    whole = int(unscaled) if unscaled.denominator == 1 else None
    return -whole if whole and sign else whole


def check_column(column: SourceColumn, storage: Storage) -> Iterator[str]:
    """Yield the faults of a column whose field has that storage."""
    label = f"column {column.label}"
    if storage.kind == UNREADABLE:
        yield f"{label} is a field of a usage that is not read (national, DBCS, pointer, or a group of numbers)"
        return
    if column.header_pattern:
        yield f"{label}: header_pattern is for files with headings"
    if storage.kind == CHARACTERS:
        return
    if storage.kind == HEX_FLOAT:
        if column.type.name != "double":
            yield f"{label} is {column.type}, but its field is floating point (COMP-1, COMP-2): declare double"
    elif not is_text_type(column):
        yield from _check_number(label, column, storage)
    elif storage.scale:
        yield f"{label} is {column.type}, but its field is a number with a scale of {storage.scale}: declare a decimal"
    if not is_text_type(column):
        yield from _check_options(label, column, storage)


def check_condition(column: SourceColumn, layout: RecordStorage, page: str) -> Iterator[str]:
    """Yield the faults of a column's `when`: its field must be text or unsigned digits that can hold the values."""
    if column.when is None:
        return
    name, values = column.when
    try:
        field = layout.find(name)
    except UnknownFieldError as error:
        yield f"when of column {column.label}: {error}"
        return
    size = layout.position(field)[1]
    if column.fixed is not None and column.fixed.record and not layout.is_steady(field):
        yield f"when of column {column.label}: {name} must be in front of tables of varying length"
    if not field.storage.is_selector:
        yield f"when of column {column.label}: {name} must be text or unsigned digits"
    for value in values:
        if not field.storage.can_equal(encode_text(value, page)):
            yield f"when of column {column.label}: {value!r} does not fit {name}, which has {size} characters"


def check_class(column: SourceColumn, columns: Iterable[SourceColumn]) -> Iterator[str]:
    """Yield a fault if the column's bytes are also those of a more confidential one, unless `when` separates them."""
    own = column.fixed
    for other in columns:
        field = other.fixed
        if own is None or field is None or own.record != field.record or not own.position.overlaps(field.position):
            continue
        if other.classification > column.classification and not _are_separate(column, other):
            yield (
                f"column {column.label} is {column.classification.label}, but its bytes are column {other.label}, "
                f"which is {other.classification.label}"
            )


def _are_separate(column: SourceColumn, other: SourceColumn) -> bool:
    if column.when is None or other.when is None:
        return False
    return column.when[0].upper() == other.when[0].upper() and not set(column.when[1]) & set(other.when[1])


def _check_number(label: str, column: SourceColumn, storage: Storage) -> Iterator[str]:
    kind, scale = column.type, storage.scale
    whole, decimals = max(storage.most_digits - scale, 0), max(scale, 0)
    needed = f"its field has {storage.most_digits} digits, {decimals} of them decimals"
    if scale < 0:
        needed = f"its field has {storage.most_digits} digits and {-scale} assumed zeros"
    if kind.name == "decimal":
        if kind.scale < decimals or kind.precision - kind.scale < whole:
            yield f"{label} is {kind}, but {needed}: declare at least decimal({whole + decimals},{decimals})"
    elif kind.name in _WHOLE_LIMITS:
        if scale > 0 or storage.greatest * 10**-scale > _WHOLE_LIMITS[kind.name]:
            wanted = f"decimal({whole + decimals},{decimals})"
            if scale <= 0 and storage.greatest * 10**-scale <= _WHOLE_LIMITS["long"]:
                wanted = "long"
            yield f"{label} is {kind}, but {needed}: declare {wanted}"
    else:
        yield f"{label} is {kind}, but {needed}: declare a whole or decimal number"


def _check_options(label: str, column: SourceColumn, storage: Storage) -> Iterator[str]:
    options = {
        "read": column.read != "plain",
        "decimal, thousands or minus": column.numbers != PLAIN_NUMBERS,
    }
    for option in (name for name, is_set in options.items() if is_set):
        yield f"{label}: {option} is for text, and its field is a number"
    plain = [text for text in column.missing if text not in FIGURATIVES]
    if not plain:
        return
    if storage.kind == HEX_FLOAT:
        yield f"{label}: missing may only list {', '.join(FIGURATIVES)} for its field"
    elif any(as_unscaled(text, storage.scale) is None for text in plain):
        yield f"{label}: missing lists a text that is no number of its field"
