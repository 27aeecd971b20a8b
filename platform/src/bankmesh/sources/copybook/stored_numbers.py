"""Decodes numbers of mainframes, of many records at once.

Digits are arrays with a row for each digit and a column for each record, so that each step works on contiguous memory.
Signs follow the Principles of Operation of z/Architecture: the codes A, C, E and F are positive, B and D are negative.
Without an S in the PICTURE the only code of a zoned digit is F, and the sign of a packed number is C or F.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bankmesh.sources.copybook.storage_layout import BINARY_NUMBER, PACKED_DIGITS, Storage

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Flags = npt.NDArray[np.bool_]
    Whole = npt.NDArray[np.int64]
    Reals = npt.NDArray[np.float64]

NO_DIGIT = "is no decimal digit"
NO_SIGN = "is no valid sign"
NEGATIVE = "is a negative sign, but the PICTURE has no S"
TOO_MANY = "has more digits than its PICTURE"
TOO_LARGE = "holds a number beyond its PICTURE (`trunc: bin` reads all its bits)"

_BLANK, _PLUS, _MINUS, _ZONE = 0x40, 0x4E, 0x60, 0xF0
_MINUS_CODES, _PLUS_CODES = (0xB, 0xD), (0xA, 0xC, 0xE, 0xF)
_UNSIGNED_PACKED = (0xC, 0xF)
_ODD_DIGIT = 10
_EXPONENT_BIAS, _FRACTION_BITS = 64, {4: 24, 8: 56}


@dataclass
class DecodedDigits:
    """Digits of a field in many records, which are negative, and the first bad byte (from 0) of the faulty records."""

    digits: Bytes
    negative: Flags | None = None
    faults: dict[int, tuple[int, str]] = field(default_factory=dict)

    def refuse(self, bad: Flags, places: npt.NDArray[Any], reason: str) -> None:
        """Note a fault of each record that has none yet; `places` are bytes of the field, by record."""
        for row in np.flatnonzero(bad).tolist():
            self.faults.setdefault(row, (int(places[row]), reason))

    def values(self) -> Whole:
        """Return the numbers, without a decimal point; for at most 18 digits."""
        total = np.zeros(self.digits.shape[1], np.int64)
        for first in range(0, len(self.digits), 9):
            part = self.digits[first : first + 9]
            number = part[0].astype(np.uint32)
            for row in part[1:]:
                np.multiply(number, 10, out=number)
                np.add(number, row, out=number)
            if first:
                total *= 10 ** len(part)
            total += number
        if self.negative is not None:
            np.negative(total, out=total, where=self.negative)
        return total


def decode_digits(cells: Bytes, storage: Storage) -> DecodedDigits:
    """Return the digits of a zoned, packed or binary field; `cells` has a row for each record."""
    if storage.kind == BINARY_NUMBER:
        return _binary_digits(cells, storage)
    columns = np.ascontiguousarray(cells.T)
    return _packed(columns, storage) if storage.kind == PACKED_DIGITS else _zoned(columns, storage)


def binary_values(cells: Bytes, storage: Storage) -> tuple[Whole, dict[int, tuple[int, str]]]:
    """Return the numbers of a binary field, and the faulty records; unsigned ones of 8 bytes must be below 2^63."""
    code = f">{'i' if storage.signed else 'u'}{storage.size}"
    found = np.ascontiguousarray(cells).view(np.dtype(code))[:, 0]
    if storage.full_range:
        return found.astype(np.int64), {}
    bad = found > storage.greatest
    if storage.signed:
        bad |= found < -storage.greatest
    values = np.where(bad, 0, found).astype(np.int64)
    return values, dict.fromkeys(np.flatnonzero(bad).tolist(), (0, TOO_LARGE))


def float_values(cells: Bytes) -> Reals:
    """Return hexadecimal floating-point numbers as the nearest doubles: a sign, an exponent of 16, a fraction."""
    size = cells.shape[1]
    bits = np.ascontiguousarray(cells).view(np.dtype(f">u{size}"))[:, 0].astype(np.uint64)
    width = _FRACTION_BITS[size]
    fraction = (bits & np.uint64((1 << width) - 1)).astype(np.float64)
    exponent = ((bits >> np.uint64(width)) & np.uint64(0x7F)).astype(np.int64) - _EXPONENT_BIAS
    magnitude = np.ldexp(fraction, 4 * exponent - width)
    negative = (bits >> np.uint64(width + 7)).astype(np.bool_)
    found: Reals = np.where(negative & (magnitude != 0), -magnitude, magnitude)
    return found


def _zoned(columns: Bytes, storage: Storage) -> DecodedDigits:
    sign, size = storage.sign, storage.size
    at = 0 if sign.leading else size - 1
    if storage.signed and sign.separate:
        signs = columns[at]
        body = columns[1:] if sign.leading else columns[:-1]
        found = _plain_zoned(body, first=int(sign.leading))
        negative = signs == _MINUS
        found.refuse(~(negative | (signs == _PLUS)), np.full(len(signs), at), NO_SIGN)
        found.negative = negative if negative.any() else None
        return found
    if not storage.signed:
        return _plain_zoned(columns, first=0)
    # The zone of the first or last digit is the sign; with the usual zone in its place, all digits are alike.
    zone = columns[at] >> 4
    columns = columns.copy()
    columns[at] |= _ZONE
    found = _plain_zoned(columns, first=0)
    if (zone == 0xC).all():  # noqa: PLR2004 - the sign of most positive numbers
        return found
    _set_signs(found, zone, at, _PLUS_CODES)
    return found


def _plain_zoned(columns: Bytes, first: int) -> DecodedDigits:
    found = DecodedDigits(columns - _ZONE)  # a byte that is no digit becomes 10 or more
    if len(columns) and found.digits.max(initial=0) >= _ODD_DIGIT:
        _refuse_digits(found, np.arange(len(columns)) + first)
    return found


def _packed(columns: Bytes, storage: Storage) -> DecodedDigits:
    size, count = len(columns), columns.shape[1]
    digits = np.empty((2 * size - 1, count), np.uint8)
    np.right_shift(columns, 4, out=digits[0::2])
    np.bitwise_and(columns[:-1], 0x0F, out=digits[1::2])
    found = DecodedDigits(digits)
    if digits.max(initial=0) >= _ODD_DIGIT:
        _refuse_digits(found, np.arange(2 * size - 1) // 2)
    if storage.digits % 2 == 0:  # one more digit than its PICTURE
        if digits[0].any():
            found.refuse(digits[0] != 0, np.zeros(count, np.int64), TOO_MANY)
        found.digits = digits[1:]
    sign = columns[-1] & 0x0F
    if storage.signed:
        if not (sign == 0xC).all():  # noqa: PLR2004 - the preferred sign
            _set_signs(found, sign, size - 1, _PLUS_CODES)
    elif not np.isin(sign, _UNSIGNED_PACKED).all():
        last = np.full(count, size - 1)
        found.refuse(np.isin(sign, _MINUS_CODES), last, NEGATIVE)
        found.refuse(~np.isin(sign, _UNSIGNED_PACKED), last, NO_SIGN)
    return found


def _set_signs(found: DecodedDigits, codes: Bytes, at: int, plus: tuple[int, ...]) -> None:
    negative = (codes == _MINUS_CODES[0]) | (codes == _MINUS_CODES[1])
    found.negative = negative if negative.any() else None
    bad = ~(negative | np.isin(codes, plus))
    if bad.any():
        found.refuse(bad, np.full(len(codes), at), NO_SIGN)


def _refuse_digits(found: DecodedDigits, places: npt.NDArray[np.int64]) -> None:
    """Note the records with a digit above 9, at the byte of that digit, and make their digits readable."""
    bad = found.digits >= _ODD_DIGIT
    faulty: Flags = np.logical_or.reduce(bad, axis=0)
    found.refuse(faulty, places[bad.argmax(axis=0)], NO_DIGIT)
    found.digits[bad] = 0


def _binary_digits(cells: Bytes, storage: Storage) -> DecodedDigits:
    code = f">{'i' if storage.signed else 'u'}{storage.size}"
    stored = np.ascontiguousarray(cells).view(np.dtype(code))[:, 0]
    negative = stored < 0
    rest = stored.astype(np.uint64)  # two's complement, so that the least number has a magnitude, too
    rest = np.where(negative, np.uint64(0) - rest, rest)
    bad: Flags = np.greater(rest, np.uint64(storage.greatest + (storage.full_range and storage.signed)))
    places = storage.most_digits
    digits = np.zeros((places, len(rest)), np.uint8)
    for row in reversed(range(places)):
        rest, digits[row] = np.divmod(rest, np.uint64(10))
    found = DecodedDigits(digits, negative if negative.any() else None)
    found.refuse(bad, np.zeros(len(rest), np.int64), TOO_LARGE)
    return found
