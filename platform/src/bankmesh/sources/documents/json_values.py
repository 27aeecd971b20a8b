"""Parses JSON texts without loss, and notices what the standard forbids or leaves open.

Numbers keep their text. A key that is twice in an object, NaN, an infinity and a lone surrogate are faults.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TWICE = "a key is twice in an object"
NO_NUMBER = "NaN or an infinity, which are no JSON"
NOT_JSON = "is no JSON value"
TOO_DEEP = "is nested too deeply"
SURROGATE = "an escape that is no character (half of a surrogate pair)"
_MOST_ZEROS = 400
"""Exponents beyond it fit no declared type."""

_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""Pairs of surrogates, single ones (the group), and other escapes."""

_KINDS: Sequence[tuple[type, str]] = (
    (str, "a text"), (bool, "true or false"), (dict, "an object"), (list, "a list"),
)  # fmt: skip


class JsonNumber(str):
    """The text of a JSON number."""

    __slots__ = ()


class JsonDecoder:
    """Decodes JSON values one after another; not to be shared between threads."""

    def __init__(self) -> None:
        """Prepare to decode."""
        self._flaws: list[str] = []
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=JsonNumber,
            parse_int=JsonNumber,
            parse_constant=self._constant,
        )

    def decode(self, text: str) -> tuple[object, str | None]:
        """Return the value of a whole text, and its flaw, which is None if there is none."""
        try:
            value, end = self.decode_at(text, _skip_blanks(text, 0))
        except ValueError:
            return None, NOT_JSON
        except RecursionError:
            return None, TOO_DEEP
        if _skip_blanks(text, end) != len(text):
            return None, NOT_JSON
        return value, self.take_flaw(text)

    def decode_at(self, text: str, at: int) -> tuple[object, int]:
        """Return the value that starts at a position, and where it ends; `take_flaw` has its flaw.

        Raises ValueError if there is no whole value.
        """
        self._flaws.clear()
        return self._decoder.raw_decode(text, at)

    def take_flaw(self, text: str) -> str | None:
        """Return the flaw of the value that was decoded last, from `text`."""
        if self._flaws:
            return self._flaws[0]
        if ("\\ud" in text or "\\uD" in text) and _has_lone_surrogate(text):
            return SURROGATE
        return None

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            self._flaws.append(TWICE)
        return found

    def _constant(self, _text: str) -> None:
        self._flaws.append(NO_NUMBER)


def plain_number(text: str) -> str:
    """Return a JSON number in positional notation, without zeros at its end: `1e2` is 100, `1.50` is 1.5."""
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond those of Decimal
        return text
    if abs(number.adjusted()) > _MOST_ZEROS:
        return text
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def kind_of(value: object) -> str:
    """Return what a value is, in words."""
    if isinstance(value, JsonNumber):
        return "a number"
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "null")


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _has_lone_surrogate(text: str) -> bool:
    return any(escape[1] for escape in _ESCAPES.finditer(text))
