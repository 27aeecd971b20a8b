"""Spellings of numbers: the separators and signs that a declaration may name, and their patterns.

Patterns must match the whole value (RE2 and Rust syntax). `text_conversion` brings a match into the plain spelling, and
only its value decides whether it fits: leading zeros never count as digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.yaml.nodes import Mapping

DECIMALS = (".", ",")
THOUSANDS = (".", ",", "'", "\u2019", " ", "\u00a0", "\u202f")
"""Point, comma, apostrophe (also the typographic one), blank, no-break space and narrow no-break space."""

TRAILING, OVERPUNCHED = "trailing", "overpunched"
MINUS = ("leading", TRAILING, OVERPUNCHED)
"""The position of a sign; an overpunched one is part of the last digit, as COBOL writes zoned decimals in ASCII."""

OVERPUNCHES = {
    mark: (sign, str(digit))
    for sign, marks in (("+", "{ABCDEFGHI"), ("-", "}JKLMNOPQR"))
    for digit, mark in enumerate(marks)
}
"""The last characters of overpunched numbers, each with its sign and digit; a plain digit is positive."""

_MINUS_MARKS = {digit: mark for mark, (sign, digit) in OVERPUNCHES.items() if sign == "-"}

_OVERPUNCHED_PATTERN = "^[0-9]*[0-9{}A-R]$"

WHOLE_READERS: dict[str, str | None] = {
    "plain": None,
    "prefixed_id": r"^[A-Z]([0-9]+)$",
    "number_with_dot_zero": r"^([+-]?[0-9]+)\.0$",
    "any_id_spelling": r"^[A-Z]?([0-9]+)$|^([0-9]+)\.0$",
}
"""Named spellings of a whole number; the first group that matches is the number.

| name | reads | as |
| --- | --- | --- |
| `plain` | `1`, `-17`, `007` | 1, -17, 7 |
| `prefixed_id` | one capital letter and digits: `C00000001` | 1 |
| `number_with_dot_zero` | `4587.0`, `-1.0` | 4587, -1 |
| `any_id_spelling` | any of `C00000001`, `1`, `4587.0`, never negative | 1, 1, 4587 |
"""

ZERO_OMITTED = "zero_omitted"
SCIENTIFIC = "scientific"
DECIMAL_READERS = ("plain", ZERO_OMITTED, SCIENTIFIC)
"""Named spellings of a decimal: `plain` requires a digit before the point, `zero_omitted` also reads `.50`, and
`scientific` also reads `1.5E+03`, which is 1500 exactly."""

EXPONENT = "[eE]([+-]?[0-9]+)"

NUMBER_KEYS = ("decimal", "thousands", "minus")


@dataclass(frozen=True)
class NumberSpelling:
    """Separators and the position of the sign; `thousands` is None if digits are not grouped."""

    decimal: str = "."
    thousands: str | None = None
    minus: str = "leading"

    def __str__(self) -> str:
        """The differences from the plain spelling, for messages; empty if there are none."""
        parts = [
            f'decimal "{self.decimal}"' if self.decimal != "." else "",
            f'thousands "{self.thousands}"' if self.thousands else "",
            "a trailing minus" if self.minus == TRAILING else "",
            "an overpunched sign" if self.minus == OVERPUNCHED else "",
        ]
        return " and ".join(part for part in parts if part)


PLAIN_NUMBERS = NumberSpelling()


def whole_pattern(numbers: NumberSpelling = PLAIN_NUMBERS) -> str:
    """Return the pattern of whole numbers with an optional sign."""
    return _signed(_whole(numbers), numbers)


def decimal_pattern(scale: int, numbers: NumberSpelling = PLAIN_NUMBERS, read: str = "plain") -> str:
    """Return the pattern of decimal numbers with at most `scale` places: no exponent, nothing to round."""
    if not scale:
        return whole_pattern(numbers)
    places = rf"{re.escape(numbers.decimal)}[0-9]{{1,{scale}}}"
    body = rf"{_whole(numbers)}(?:{places})?"
    return _signed(f"(?:{body}|{places})" if read == ZERO_OMITTED else body, numbers)


def scientific_pattern(numbers: NumberSpelling = PLAIN_NUMBERS) -> str:
    """Return the pattern of decimal notation with an optional exponent of at most two digits and any zeros."""
    point = re.escape(numbers.decimal)
    return _signed(rf"{_whole(numbers)}(?:{point}[0-9]+)?(?:[eE][+-]?0*[0-9]{{1,2}})?", numbers)


def double_pattern(numbers: NumberSpelling = PLAIN_NUMBERS) -> str:
    """Return the pattern of decimal or scientific notation."""
    point = re.escape(numbers.decimal)
    return _signed(rf"(?:{_whole(numbers)}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?", numbers)


def _whole(numbers: NumberSpelling) -> str:
    """Return the pattern of digits, either without grouping or all in groups of three."""
    if numbers.thousands is None:
        return "[0-9]+"
    return rf"(?:[0-9]+|[0-9]{{1,3}}(?:{re.escape(numbers.thousands)}[0-9]{{3}})+)"


def _signed(body: str, numbers: NumberSpelling) -> str:
    if numbers.minus == OVERPUNCHED:  # digits alone
        return _OVERPUNCHED_PATTERN
    return f"^{body}[+-]?$" if numbers.minus == TRAILING else f"^[+-]?{body}$"


def plain_sign(text: str, numbers: NumberSpelling) -> str:
    """Return a number that matches its pattern with its sign in front."""
    if numbers.minus == OVERPUNCHED and text[-1] in OVERPUNCHES:
        sign, digit = OVERPUNCHES[text[-1]]
        return f"{sign}{text[:-1]}{digit}"
    return text[-1] + text[:-1] if text[-1] in "+-" else text


def read_numbers(
    given: Mapping, base: NumberSpelling, delimiter: str | None, quote: str | None, *, places: bool = True
) -> NumberSpelling:
    """Read `decimal`, `thousands` and `minus`; those that are not given come from `base`.

    `delimiter` is None for files without one. A separator may be the delimiter only if values can be quoted. Numbers
    without `places` have no decimal separator.
    """
    decimal = given.word("decimal", DECIMALS, base.decimal) if places else PLAIN_NUMBERS.decimal
    made = NumberSpelling(decimal, _thousands(given, base), given.word("minus", MINUS, base.minus))
    at = given.value("thousands") or given.value("decimal")
    if at is None:
        return made
    if made.minus == OVERPUNCHED:
        message = f"{given.what}: numbers with an overpunched sign are digits alone, without separators"
        given.faults.add(at, "read-and-separators", message)
    if places and made.thousands == made.decimal:
        message = f'thousands and decimal of {given.what} are both "{made.decimal}"; they must differ'
        given.faults.add(at, "same-separator", message)
    for key, mark in (("decimal", made.decimal if places else None), ("thousands", made.thousands)):
        if mark is not None and (mark == quote or (mark == delimiter and quote is None)):
            problem = "the quote" if mark == quote else "the delimiter, and values are not quoted"
            given.faults.add(given.value(key) or at, "same-separator", f'{key} of {given.what} is "{mark}", {problem}')
    return made


def _thousands(given: Mapping, base: NumberSpelling) -> str | None:
    if "thousands" not in given.entries:
        return base.thousands
    mark = given.optional_text("thousands")
    if mark is None or mark in THOUSANDS:
        return mark
    allowed = ", ".join(f'"{allowed}"' for allowed in THOUSANDS)
    message = f"thousands of {given.what} is {mark!r}; allowed: {allowed}, or null"
    given.faults.add(given.value("thousands"), "unknown-word", message)
    return base.thousands


def spell_number(plain: str, numbers: NumberSpelling) -> str:
    """Return a typed number as the column spells those in texts, so that no separator is misread."""
    sign, digits = (plain[0], plain[1:]) if plain[0] in "+-" else ("", plain)
    # Columns of whole numbers have no decimal mark of their own: a point would group digits there.
    digits = digits.replace(".", "," if numbers.thousands == "." else numbers.decimal)
    if numbers.minus == TRAILING:
        return digits + sign
    if numbers.minus == OVERPUNCHED:
        return digits[:-1] + _MINUS_MARKS.get(digits[-1], digits[-1]) if sign == "-" else digits
    return sign + digits
