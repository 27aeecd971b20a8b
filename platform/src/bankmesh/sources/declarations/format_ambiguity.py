"""Finds date formats in a list of which two read one text as different values, such as `%d/%m/%Y` and `%m/%d/%Y`.

Each format is tried on texts that the others can write. A text of ones, such as `11/11/1111`, is valid in every format
of its shape, and so is almost every text with a 0 or a 2 in place of one or two of them. If two formats take a part of
the date from different positions, one of these texts reads differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations, product
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bankmesh.sources.declarations.date_formats import ISO, ISO_PATTERN, directive_pattern, split_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_CHANGED = 2
_WIDTHS = {"%Y": (4,), "%-m": (1, 2), "%-d": (1, 2), "%-H": (1, 2)}
_PLACEHOLDER = "\0"


@dataclass(frozen=True)
class Ambiguity:
    """A text that two formats read differently."""

    text: str
    first: str
    second: str
    read_first: datetime
    read_second: datetime


def find_ambiguity(formats: Sequence[str], century: int | None, zone: str) -> Ambiguity | None:
    """Return the first two formats that read a text as different dates or times; None if there are none.

    Each format is one that `forms.compile_format` compiles, or `iso8601`. `zone` applies to texts without an offset.
    """
    for first, second in combinations(formats, 2):
        for text in (*_texts(first), *_texts(second)):
            one, other = _read(text, first, century, zone), _read(text, second, century, zone)
            if one is not None and other is not None and one != other:
                return Ambiguity(text, first, second, one, other)
    return None


def _texts(form: str) -> Iterator[str]:
    """Yield texts in that format; none of `iso8601`, because the other format yields those that both share."""
    if form == ISO:
        return
    tokens = split_format(form)
    for widths in product(*(_WIDTHS.get(token, (2,)) if token.startswith("%") else (0,) for token in tokens)):
        shape = "".join(_PLACEHOLDER * width or token for token, width in zip(tokens, widths, strict=True))
        places = [at for at, character in enumerate(shape) if character == _PLACEHOLDER]
        for count in range(_MOST_CHANGED + 1):
            for changed in combinations(places, count):
                for digits in product("02", repeat=count):
                    given = dict(zip(changed, digits, strict=True))
                    yield "".join(given.get(at, "1") if c == _PLACEHOLDER else c for at, c in enumerate(shape))


def _read(text: str, form: str, century: int | None, zone: str) -> datetime | None:
    """Return what the landing reads, in UTC; None if the format does not read the text."""
    try:
        if form == ISO:
            return _in_utc(datetime.fromisoformat(text), zone) if re.search(ISO_PATTERN, text) else None
        found = re.fullmatch(directive_pattern(form), text)
        if found is None:
            return None
        parts = {part: int(digits) for part, digits in found.groupdict().items()}
        year = parts["Y"] if "Y" in parts else (century or 0) + parts["y"]
        hour, minute, second = (parts.get(part, 0) for part in "HMS")
        return _in_utc(datetime(year, parts["m"], parts["d"], hour, minute, second), zone)  # noqa: DTZ001 - zone follows
    except (ValueError, OverflowError):  # there is no such day
        return None


def _in_utc(moment: datetime, zone: str) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
