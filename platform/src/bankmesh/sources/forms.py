"""The closed sets that a declaration chooses from: how dates are written, how identifiers are spelt.

Both are plain text work: a regular expression that the whole value must match (RE2 and Rust syntax), and
what is then read from it. Polars alone would be too kind: it reads `1993-1-1` where `%m` was asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ISO = "iso8601"
"""Named format of timestamps: `2024-05-31T23:59:59`, a blank for the T, up to six decimals, Z or an offset."""

READERS: dict[str, str | None] = {
    "plain": None,
    "prefixed_id": r"^[A-Z]([0-9]+)$",
    "number_with_dot_zero": r"^([+-]?[0-9]+)\.0$",
    "any_id_spelling": r"^[A-Z]?([0-9]+)$|^([0-9]+)\.0$",
}
"""Named ways to spell a whole number; the first group that matches is the number.

| name | reads | as |
| --- | --- | --- |
| `plain` | `1`, `-17`, `007` | 1, -17, 7 |
| `prefixed_id` | one capital letter and digits: `C00000001` | 1 |
| `number_with_dot_zero` | `4587.0`, `-1.0` | 4587, -1 |
| `any_id_spelling` | any of `C00000001`, `1`, `4587.0`, never negative | 1, 1, 4587 |
"""

INTEGER = r"^[+-]?[0-9]+$"
DOUBLE = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
ISO_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
ISO_WITH_OFFSET = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$"

_DIRECTIVES = {
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
    "%m": "[0-9]{2}",
    "%d": "[0-9]{2}",
    "%H": "[0-9]{2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
    "%-m": "[0-9]{1,2}",
    "%-d": "[0-9]{1,2}",
    "%-H": "[0-9]{1,2}",
}
_TOKEN = re.compile(r"%-?[A-Za-z]|%|[^%]+")
_DATE, _TIME = {"Y", "m", "d"}, {"H", "M", "S"}


class BadFormat(ValueError):
    """A date or timestamp format that is not made of the known directives, once each."""


@dataclass(frozen=True)
class TemporalForm:
    """A date or timestamp format, compiled.

    `pattern` must match the whole text. For two-digit years `century` ("19") goes in front of what `year`, a
    pattern with two groups, matches second; `year` is None where the text begins with the year. `parse` is the
    format of what comes out, with four-digit years.
    """

    pattern: str
    century: str | None
    year: str | None
    parse: str


def decimal_pattern(precision: int, scale: int) -> str:
    """Plain decimal numbers with at most `scale` places: no exponent, no grouping, no rounding."""
    places = rf"(?:\.[0-9]{{1,{scale}}})?" if scale else ""
    return rf"^[+-]?[0-9]{{1,{precision}}}{places}$"


def compile_format(text: str, century: int | None, *, with_time: bool) -> TemporalForm:
    """Compile a format such as `%y%m%d` (with century 1900) or `%-m/%-d/%Y`; raises BadFormat."""
    tokens = _TOKEN.findall(text)
    used = [token[-1] for token in tokens if token.startswith("%")]
    unknown = [t for t in tokens if t.startswith("%") and t not in _DIRECTIVES]
    if unknown:
        raise BadFormat(f"{unknown[0]} is none of {' '.join(_DIRECTIVES)}")
    if len(set(used)) != len(used) or {"Y", "y"} <= set(used):
        raise BadFormat("a part of the date is named twice")
    parts = {"Y" if part == "y" else part for part in used}
    if not (_DATE <= parts <= (_DATE | _TIME if with_time else _DATE)):
        allowed = "year, month and day, and hour, minute, second" if with_time else "year, month and day only"
        raise BadFormat(f"it must name {allowed}")
    if ("y" in used) != (century is not None):
        raise BadFormat("a two-digit year (%y) and `century` need each other")
    pieces = [_DIRECTIVES.get(token, re.escape(token)) for token in tokens]
    at = tokens.index("%y") if "%y" in tokens else 0
    return TemporalForm(
        pattern=f"^{''.join(pieces)}$",
        century=None if century is None else f"{century // 100:02d}",
        year=f"^({''.join(pieces[:at])})({''.join(pieces[at:])})$" if at else None,
        parse=text.replace("%y", "%Y"),
    )
