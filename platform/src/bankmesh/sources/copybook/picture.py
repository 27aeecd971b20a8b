"""PICTURE character-strings: what a field holds, and how many characters, digits and decimals."""

from __future__ import annotations

import re
from dataclasses import dataclass

TEXT, NUMBER, EDITED, NATIONAL = "text", "number", "edited", "national"
"""Categories: characters, plain digits, a number edited for print, characters of two bytes."""

MOST_DIGITS = 31
_REPEAT = re.compile(r"(.)\((\d+)\)")
_LONGEST = 1 << 20


class BadPictureError(ValueError):
    """A PICTURE that the rules of COBOL do not allow, or that is not supported."""


@dataclass(frozen=True)
class Picture:
    """A PICTURE: `size` is its digits or characters as stored, `scale` its decimals (negative for `P` at the right)."""

    category: str
    size: int
    scale: int = 0
    signed: bool = False


def parse_picture(text: str) -> Picture:
    """Return what a PICTURE describes. Raises BadPictureError."""
    symbols = _expand(text.upper())
    if not symbols:
        raise BadPictureError("is empty")
    kinds = set(symbols)
    if kinds <= set("XA9") and kinds & set("XA"):
        return Picture(TEXT, len(symbols))
    if kinds <= set("NG"):
        return Picture(NATIONAL, len(symbols))
    if kinds <= set("S9VP"):
        return _number(symbols)
    # The size of an edited field is that of its characters; V and P have none, CR and DB have two.
    if kinds <= set("9VPZ*+-.,$0/BCRDXA") and kinds & set("9Z*+-$XA"):
        return Picture(EDITED, len(symbols.replace("V", "").replace("P", "")))
    raise BadPictureError("has symbols that are not supported")


def _expand(text: str) -> str:
    for count in _REPEAT.findall(text):
        if not 0 < int(count[1]) < _LONGEST:
            raise BadPictureError("repeats a symbol too often, or never")
    expanded = _REPEAT.sub(lambda found: found[1] * int(found[2]), text)
    if "(" in expanded or ")" in expanded:
        raise BadPictureError("has a parenthesis without a count")
    return expanded


def _number(symbols: str) -> Picture:
    signed = symbols.startswith("S")
    found = re.fullmatch(r"(P*)(9*)(V?)(9*)(P*)", symbols.removeprefix("S"))
    leading_point = re.fullmatch(r"V?(P+)(9+)", symbols.removeprefix("S"))
    if leading_point:  # an assumed point in front of P
        return _sized(len(leading_point[2]), len(leading_point[1]) + len(leading_point[2]), signed)
    trailing = re.fullmatch(r"(9+)(P+)V?", symbols.removeprefix("S"))
    if trailing:
        return _sized(len(trailing[1]), -len(trailing[2]), signed)
    if found is None or found[1] or found[5]:
        raise BadPictureError("has S, V or P where they cannot be")
    return _sized(len(found[2]) + len(found[4]), len(found[4]), signed)


def _sized(digits: int, scale: int, signed: bool) -> Picture:  # noqa: FBT001 - in the order of Picture
    if not 0 < digits <= MOST_DIGITS:
        raise BadPictureError(f"has {digits} digits; a number has 1 to {MOST_DIGITS}")
    return Picture(NUMBER, digits, scale, signed)
