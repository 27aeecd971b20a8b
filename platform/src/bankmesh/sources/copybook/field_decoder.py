"""Decodes one field of many records to the values of its column, as text or typed, and finds their faults."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.sources.copybook import stored_numbers
from bankmesh.sources.copybook.code_pages import UNASSIGNED, decoding_table
from bankmesh.sources.copybook.column_rules import FIGURATIVES, FILLED_WITH, ZEROS, as_unscaled, is_text_type
from bankmesh.sources.copybook.storage_layout import (
    BINARY_NUMBER,
    CHARACTERS,
    HEX_FLOAT,
    MOST_NARROW,
    ZONED,
    Storage,
)
from bankmesh.sources.copybook.stored_numbers import decode_digits
from bankmesh.sources.declarations.record_layout import FieldPosition, FixedField, Padding
from bankmesh.sources.fixed_width.field_texts import field_texts

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl
    import pyarrow as pa

    from bankmesh.sources.copybook.code_page_evidence import CodePageEvidence
    from bankmesh.sources.copybook.stored_numbers import Bytes, DecodedDigits, Flags, Whole
    from bankmesh.sources.declarations.source_declaration import SourceColumn

_LIMIT = 1 << 63  # of the numbers that 64 bits hold
NO_TEXT = 0xFFFF
"""In place of the character of a byte that is unassigned or a control character."""

ASCII_END = 0x80
_BLANK, _ZERO_DIGIT, _BLANKS = 0x40, 0xF0, ord(" ")
_SIGN_AND_POINT = 2


@dataclass
class DecodedField:
    """The values of a field, null where absent or faulty; the first bad byte (from 0) and reason of faulty records."""

    values: pa.Array
    faults: dict[int, tuple[int, str]] = field(default_factory=dict)


class FieldDecoder:
    """Decodes one column's field; safe to use from several threads."""

    def __init__(self, column: SourceColumn, storage: Storage, page: str, evidence: CodePageEvidence) -> None:
        """Prepare tables of the code page, and the values that are missing; texts are added to the evidence."""
        self.column, self.storage, self._page, self._evidence = column, storage, page, evidence
        self._blank_bytes = sorted({FILLED_WITH[name] for name in column.missing if name in FILLED_WITH})
        plain = [text for text in column.missing if text not in FIGURATIVES]
        if any(name in column.missing for name in ZEROS):
            plain.append("0" * (storage.size if storage.kind == CHARACTERS else storage.most_digits))
        self._missing = tuple(plain)
        self._is_text = storage.kind == CHARACTERS or is_text_type(column)
        self._is_wide = storage.is_exact and storage.most_digits + self._shift > MOST_NARROW

    @property
    def _shift(self) -> int:
        """Decimal places between the field's last digit and the column's."""
        return (self.column.type.scale if self.column.type.name == "decimal" else 0) - self.storage.scale

    @property
    def converted_column(self) -> SourceColumn:
        """The column as its text is converted: figurative constants are already applied."""
        return replace(self.column, missing=self._missing)

    def typed(self, name: str) -> pl.Expr | None:
        """Return the column's values from those of `decode`, named so; None if they are text."""
        import polars as pl

        if self._is_text:
            return None
        kind, value = self.column.type, pl.col(name)
        if kind.name == "integer":
            return value.cast(pl.Int32, strict=False)
        wide = self._is_wide and kind.name == "decimal"
        return value.cast(pl.Decimal(kind.precision, kind.scale), strict=False) if wide else value

    def decode(self, cells: Bytes) -> DecodedField:
        """Return the values of a field; `cells` has a row for each record and a column for each byte."""
        absent = self._absent(cells)
        if absent is not None:
            cells = cells.copy()
            cells[absent] = _neutral(self.storage, cells.shape[1])
        found = self._decoded(cells)
        if absent is not None:
            found.values = _nulled(found.values, absent)
            found.faults = {row: fault for row, fault in found.faults.items() if not absent[row]}
        return found

    def _absent(self, cells: Bytes) -> Flags | None:
        absent: Flags | None = None
        for byte in self._blank_bytes:
            alike: Flags = (cells == byte).all(axis=1)
            absent = alike if absent is None else absent | alike
        return absent if absent is not None and absent.any() else None

    def _decoded(self, cells: Bytes) -> DecodedField:
        import pyarrow as pa

        storage = self.storage
        if storage.kind == CHARACTERS:
            return self._characters(cells)
        if storage.kind == HEX_FLOAT:
            reals = stored_numbers.float_values(cells)
            return DecodedField(pa.array(reals, mask=(reals == 0) if self._missing else None))
        if storage.kind == ZONED and storage.blank_is_zero:
            cells = np.where((cells == _BLANK).all(axis=1)[:, None], np.uint8(_ZERO_DIGIT), cells)
        if storage.kind == BINARY_NUMBER and not self._is_text and not self._is_wide:
            return self._numbers(*stored_numbers.binary_values(cells, storage))
        digits = decode_digits(cells, storage)
        if self._is_text:
            return self._digit_texts(digits)
        if self._is_wide and self.column.type.name == "decimal":
            texts, absent = _wide_texts(digits, storage.scale), self._absent_numbers(digits)
            return DecodedField(texts if absent is None else _nulled(texts, absent), digits.faults)
        return self._numbers(digits.values(), digits.faults)

    def _characters(self, cells: Bytes) -> DecodedField:
        side = "both" if self.storage.edited else "left" if self.storage.justified else "right"
        whole = FixedField(FieldPosition(1, cells.shape[1]), Padding(side))
        self._evidence.add(cells)
        plain = cells.tobytes().translate(ascii_table(self._page))
        if plain.isascii():
            return DecodedField(field_texts(np.frombuffer(plain, np.uint8).reshape(cells.shape), whole))
        codes = text_table(self._page)[cells]
        bad = codes == NO_TEXT
        faults: dict[int, tuple[int, str]] = {}
        if bad.any():
            reason = f"is a control character or unassigned in {self._page}"
            for row in np.flatnonzero(bad.any(axis=1)).tolist():
                faults[row] = int(bad[row].argmax()), reason
            codes[bad] = _BLANKS
        return DecodedField(field_texts(codes, whole), faults)

    def _digit_texts(self, found: DecodedDigits) -> DecodedField:
        if found.negative is not None:
            last = np.full(len(found.negative), self.storage.size - 1)
            found.refuse(found.negative & (found.digits != 0).any(axis=0), last, "is a sign of a negative number")
        cells = np.ascontiguousarray((found.digits + np.uint8(ord("0"))).T)
        return DecodedField(field_texts(cells, FixedField(FieldPosition(1, cells.shape[1]))), found.faults)

    def _absent_numbers(self, found: DecodedDigits) -> Flags | None:
        """Return the records whose number is one of `missing`; None if there are no such values."""
        absent: Flags | None = None
        for text in self._missing:
            number = as_unscaled(text, self.storage.scale)
            spelt = str(abs(number or 0)).zfill(len(found.digits))
            if number is None or len(spelt) > len(found.digits):
                continue
            wanted = np.array([int(digit) for digit in spelt], np.uint8)
            alike: Flags = (found.digits == wanted[:, None]).all(axis=0)
            if number:
                negative = np.zeros(len(alike), np.bool_) if found.negative is None else found.negative
                alike &= negative == (number < 0)
            absent = alike if absent is None else absent | alike
        return absent

    def _numbers(self, values: Whole, faults: dict[int, tuple[int, str]]) -> DecodedField:
        import pyarrow as pa

        numbers = (as_unscaled(text, self.storage.scale) for text in self._missing)
        missing = [number for number in numbers if number is not None and -_LIMIT <= number < _LIMIT]
        absent = np.isin(values, missing) if missing else None
        if self._shift:
            values = values * 10**self._shift
        kind = self.column.type
        if kind.name != "decimal":
            return DecodedField(pa.array(values, mask=absent), faults)
        parts = np.empty((len(values), 2), np.int64)
        parts[:, 0], parts[:, 1] = values, values >> 63
        valid = None if absent is None else pa.py_buffer(np.packbits(~absent, bitorder="little"))
        made = pa.Array.from_buffers(
            pa.decimal128(kind.precision, kind.scale), len(values), [valid, pa.py_buffer(parts)]
        )
        return DecodedField(made, faults)


def _neutral(storage: Storage, size: int) -> Bytes:
    """Return bytes that every field of that storage can hold."""
    filler = np.full(size, _BLANK if storage.kind == CHARACTERS else 0, np.uint8)
    if storage.kind == ZONED:
        filler[:] = _ZERO_DIGIT
        if storage.signed and storage.sign.separate:
            filler[0 if storage.sign.leading else -1] = 0x4E
    elif storage.kind not in {CHARACTERS, BINARY_NUMBER, HEX_FLOAT}:
        filler[-1] = 0x0F
    return filler


def _nulled(values: pa.Array, absent: Flags) -> pa.Array:
    import pyarrow as pa

    return values.take(pa.array(np.arange(len(values)), mask=absent))


def _wide_texts(found: DecodedDigits, scale: int) -> pa.Array:
    """Return numbers of any length as text: a sign or zero, digits, and a point in front of the decimals."""
    digits = found.digits
    if scale < 0 or scale > len(digits):
        extra = np.zeros((-scale if scale < 0 else scale - len(digits), digits.shape[1]), np.uint8)
        digits = np.vstack([digits, extra] if scale < 0 else [extra, digits])
    places, count = max(scale, 0), digits.shape[1]
    cells = np.full((count, len(digits) + _SIGN_AND_POINT), ord("0"), np.uint8)
    whole = len(digits) - places
    if found.negative is not None:
        cells[found.negative, 0] = ord("-")
    cells[:, 1 : whole + 1] += digits[:whole].T
    cells[:, whole + 1] = ord(".")
    cells[:, whole + 2 :] += digits[whole:].T
    if not places:
        cells = np.ascontiguousarray(cells[:, :-1])
    return field_texts(cells, FixedField(FieldPosition(1, cells.shape[1])))


@lru_cache(maxsize=32)
def text_table(page: str) -> npt.NDArray[np.uint16]:
    """Return the code points of a code page by byte; NO_TEXT for what cannot be in a text."""
    codes = [
        NO_TEXT if character == UNASSIGNED or unicodedata.category(character) == "Cc" else ord(character)
        for character in decoding_table(page)
    ]
    return np.array(codes, np.uint16)


@lru_cache(maxsize=32)
def ascii_table(page: str) -> bytes:
    """Return the ASCII characters of a code page by byte; at least ASCII_END for every other byte."""
    codes = text_table(page)
    return np.where(codes < ASCII_END, codes, 0xFF).astype(np.uint8).tobytes()
