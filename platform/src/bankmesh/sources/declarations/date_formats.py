"""Formats of dates and timestamps that a declaration may name, compiled to patterns.

A pattern must match the whole value (RE2 and Rust syntax); only then is the value parsed. Polars alone is too lenient:
it reads `1993-1-1` for `%m`, second 60 as the next minute, and the digits of `%-d%m%Y` greedily.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ISO = "iso8601"
"""Named format of timestamps: `2024-05-31T23:59:59`, a blank for the T, up to six decimals, Z or an offset.

By ISO 8601 and XML Schema, `24:00:00` is the end of a day, so the first moment of the next one.
"""

YEAR_AND_CENTURY = (
    "a two-digit year (%y) and `century` need each other: 1900 reads 93 as 1993, 2000 reads it as 2093; "
    "%Y needs no century"
)

STORED = "stored"
"""Named format of dates and timestamps that a file stores as such; their text is in ISO 8601, behind `STORED_MARK`."""

STORED_MARK = "\0"
"""A character that no text of a file has."""

DEFAULT_ZONE = "UTC"
"""The zone of times in text without a zone, in a column that declares none."""

_HOUR, _SIXTIETH = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
_OFFSET = f"(?:Z|[+-]{_HOUR}:?{_SIXTIETH})"
ISO_PATTERN = (
    f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_HOUR}:{_SIXTIETH}:{_SIXTIETH}" + rf"(?:\.[0-9]{{1,6}})?{_OFFSET}?$"
)
END_OF_DAY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]24(:00:00(?:\.0{1,6})?" + f"{_OFFSET}?)$"
"""The end of a day in the named format, which is the beginning of the next one."""

ISO_WITH_OFFSET = f"{_OFFSET}$"

_DIRECTIVES = {
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
    "%m": "(?:0[1-9]|1[0-2])",
    "%d": "(?:0[1-9]|[12][0-9]|3[01])",
    "%H": _HOUR,
    "%M": _SIXTIETH,
    "%S": _SIXTIETH,
    "%-m": "(?:0?[1-9]|1[0-2])",
    "%-d": "(?:0?[1-9]|[12][0-9]|3[01])",
    "%-H": "(?:[01]?[0-9]|2[0-3])",
}
_TOKEN = re.compile(r"%-?[A-Za-z]|%|[^%]+")
_DATE, _TIME = {"Y", "m", "d"}, {"H", "M", "S"}


class BadFormat(ValueError):
    """A date or timestamp format that does not consist of the known directives, once each."""


@dataclass(frozen=True)
class TemporalForm:
    """A date or timestamp format, compiled.

    `pattern` must match the whole text. The match is parsed by `parse`, with `prefix` in front of it or, if `rewrite`
    is given, as that replacement of the pattern's groups (`19${y}-${m}-${d}`).
    """

    pattern: str
    parse: str
    prefix: str = ""
    rewrite: str | None = None


def compile_format(text: str, century: int | None, *, with_time: bool) -> TemporalForm:
    """Compile a format such as `%y%m%d` (with century 1900) or `%-m/%-d/%Y`. Raises BadFormat.

    A two-digit year needs a `century`.
    """
    tokens = split_format(text)
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
    if "y" in used and century is None:
        raise BadFormat(YEAR_AND_CENTURY)
    in_digits = _shortened_parts(tokens)
    if max(in_digits, default=0) > 1:
        raise BadFormat("two parts of one or two digits need a character between them that is not a digit")
    first_two = f"{century // 100:02d}" if century is not None and "y" in used else ""
    if any(in_digits) or (first_two and tokens[0] != "%y"):
        return _rewritten(tokens, used, first_two)
    pattern = "".join(_DIRECTIVES.get(token, re.escape(token)) for token in tokens)
    return TemporalForm(f"^{pattern}$", text.replace("%y", "%Y"), first_two)


def split_format(text: str) -> list[str]:
    """Return the directives of a format and the texts between them, in order."""
    return _TOKEN.findall(text)


def directive_pattern(text: str) -> str:
    """Return the pattern of a format with a group for each part, named by its letter: `(?P<Y>[0-9]{4})`."""
    groups = [f"(?P<{t[-1]}>{_DIRECTIVES[t]})" if t in _DIRECTIVES else re.escape(t) for t in split_format(text)]
    return "".join(groups)


def _shortened_parts(tokens: list[str]) -> list[int]:
    """Return for each run of digits with several parts how many of them may have one or two digits (`%-d`)."""
    shape = "".join(("v" if t.startswith("%-") else "f") if t.startswith("%") else _digits_of(t) for t in tokens)
    return [run.count("v") for run in re.findall("[vf]{2,}", shape)]


def _digits_of(literal: str) -> str:
    return "".join("f" if character.isdigit() else " " for character in literal)


def _rewritten(tokens: list[str], used: list[str], first_two: str) -> TemporalForm:
    """Return a form that takes its parts from the pattern's groups; the parser never decides where one begins."""
    year = f"{first_two}${{y}}" if first_two else "${Y}"
    times = [part for part in "HMS" if part in used]
    rewrite = f"{year}-${{m}}-${{d}}" + "".join(f" ${{{part}}}" for part in times)
    return TemporalForm(
        f"^{directive_pattern(''.join(tokens))}$", "%Y-%m-%d" + "".join(f" %{part}" for part in times), "", rewrite
    )
