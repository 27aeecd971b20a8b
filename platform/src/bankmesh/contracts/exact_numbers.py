"""Numbers of contracts: exact decimals as written, and their conversion where only a double fits.

A plain `0.1` in YAML is one tenth, not the nearest double, so `documents` reads it as a Decimal. JSON, Dagster's
metadata and most readers of YAML have only doubles. A double replaces a Decimal only if its shortest text, which every
JSON writer prints, is the same number. Otherwise all digits are kept.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from bankmesh.yaml.documents import Value

Number = int | float | Decimal

_MOST_PLACES = 20  # numbers beyond this are written with an exponent


def is_number(value: Value) -> TypeGuard[Number]:
    """Whether a value of a contract is a number; a boolean is not."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def plain_number(value: Decimal) -> float | Decimal:
    """Return the double that spells the same number, or the Decimal itself if there is none."""
    double = float(value)
    return double if Decimal(repr(double)) == value else value


def plain_numbers(value: Value) -> Value:
    """Return the value with `plain_number` applied to every Decimal in it, at any depth."""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, dict):
        return {key: plain_numbers(part) for key, part in value.items()}
    return [plain_numbers(part) for part in value] if isinstance(value, list) else value


def spell_number(value: Value) -> str:
    """Return a value as text for people: a Decimal as short as a double of the same number, or with all its digits."""
    if not isinstance(value, Decimal):
        return str(value)
    plain = plain_number(value)
    return str(plain) if isinstance(plain, float) else spell_exactly(value)


def spell_exactly(value: Decimal, grouping: str = "") -> str:
    """Return all digits of a Decimal, without trailing zeros; `grouping` is `,` for a thousands separator."""
    short = without_trailing_zeros(value)
    if abs(short.adjusted()) > _MOST_PLACES:
        return str(short)
    return format(short, f"{grouping}f")


def without_trailing_zeros(value: Decimal) -> Decimal:
    """Return the same number without trailing zeros. `Decimal.normalize` would first round it to 28 digits."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or not any(digits):
        return value if not isinstance(exponent, int) else Decimal(0)
    kept = len(digits)
    while digits[kept - 1] == 0:
        kept -= 1
    return Decimal((sign, digits[:kept], exponent + len(digits) - kept))


def stored_number(value: float | Decimal | Fraction) -> float | int | str:
    """Return a measure for JSON and Dagster's metadata: text for a Decimal that a double would change.

    A Fraction is a percentage for display; no decision depends on its nearest double.
    """
    if isinstance(value, Decimal):
        plain = plain_number(value)
        return plain if isinstance(plain, float) else spell_exactly(value)
    return float(value) if isinstance(value, Fraction) else value


def as_double(value: Any) -> float:  # noqa: ANN401 - any number
    """Return the double nearest to a number; an infinity if it is beyond the range of doubles."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
