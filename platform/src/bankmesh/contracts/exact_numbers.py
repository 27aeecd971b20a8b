"""Numbers of contracts: exact decimals as written, and what is made of them where only a double fits.

A plain `0.1` in YAML is one tenth, not the double next to it, so `documents` reads it as a Decimal. JSON, Dagster's
metadata and most readers of YAML know doubles alone. A double takes the place of a Decimal only where it spells the
same number: where its shortest text, which is what every JSON writer prints, is that number. Otherwise all digits are
kept.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from bankmesh.yaml.documents import Value

Number = int | float | Decimal

_MOST_PLACES = 20  # longer numbers are written with an exponent


def is_number(value: Value) -> TypeGuard[Number]:
    """Whether a value of a contract is a number; a truth value is none."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def plain_number(value: Decimal) -> float | Decimal:
    """The double that spells the same number; the Decimal itself where there is none."""
    double = float(value)
    return double if Decimal(repr(double)) == value else value


def plain_numbers(value: Value) -> Value:
    """The same value with every Decimal in it, at any depth, as `plain_number` gives it."""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, dict):
        return {key: plain_numbers(part) for key, part in value.items()}
    return [plain_numbers(part) for part in value] if isinstance(value, list) else value


def spell_number(value: Value) -> str:
    """A value as text for people: a Decimal as short as a double of the same number, or with all its digits."""
    if not isinstance(value, Decimal):
        return str(value)
    plain = plain_number(value)
    return str(plain) if isinstance(plain, float) else spell_exactly(value)


def spell_exactly(value: Decimal, grouping: str = "") -> str:
    """All digits of a Decimal, without zeros at the end of its places; `grouping` is `,` for thousands apart."""
    short = without_trailing_zeros(value)
    if abs(short.adjusted()) > _MOST_PLACES:
        return str(short)
    return format(short, f"{grouping}f")


def without_trailing_zeros(value: Decimal) -> Decimal:
    """The same number without zeros at its end. `Decimal.normalize` would round it to 28 digits first."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or not any(digits):
        return value if not isinstance(exponent, int) else Decimal(0)
    kept = len(digits)
    while digits[kept - 1] == 0:
        kept -= 1
    return Decimal((sign, digits[:kept], exponent + len(digits) - kept))


def stored_number(value: float | Decimal | Fraction) -> float | int | str:
    """A measure as JSON and Dagster's metadata hold it: text for a Decimal that a double would change.

    A Fraction is a percentage; its nearest double is a figure for people, no verdict depends on it.
    """
    if isinstance(value, Decimal):
        plain = plain_number(value)
        return plain if isinstance(plain, float) else spell_exactly(value)
    return float(value) if isinstance(value, Fraction) else value


def as_double(value: Any) -> float:  # noqa: ANN401 - any number; OverflowError is the caller's to know
    """The double nearest to a number; an infinity where it lies beyond all doubles."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
