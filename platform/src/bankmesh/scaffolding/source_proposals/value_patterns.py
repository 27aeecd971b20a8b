"""The spellings of values that a declaration can name, each with the pattern by which a landing reads it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from bankmesh.sources.declarations.date_formats import ISO, ISO_PATTERN, compile_format
from bankmesh.sources.declarations.number_formats import (
    PLAIN_NUMBERS,
    ZERO_OMITTED,
    NumberSpelling,
    decimal_pattern,
    double_pattern,
    whole_pattern,
)

MOST_PLACES = 18

MISSING_MARKERS = (
    "", " ", "NULL", "null", "\\N", "N/A", "n/a", "#N/A", "NA", "None", "-", "--", "?", "00000000", "0000-00-00",
)  # fmt: skip
"""Values that stand for none in exports."""

TEXT_MARKERS = ("NULL", "null", "\\N", "N/A", "n/a", "#N/A")
"""Those that a column of text may have, where the others can be values."""

DATE_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d%m%Y", "%m%d%Y", "%-d.%-m.%Y", "%-d/%-m/%Y", "%-m/%-d/%Y",
)  # fmt: skip
"""Formats of dates, the stricter before those that read the same texts and more."""

SHORT_YEARS = ("%y%m%d", "%d%m%y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%y-%m-%d")
"""Formats of dates whose century the file does not tell."""

TIMES = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%Y%m%d%H%M%S",
)  # fmt: skip

_SPELLINGS = (
    PLAIN_NUMBERS,
    NumberSpelling(","),
    *(NumberSpelling(".", mark) for mark in (",", " ", "'", "\u00a0", "\u202f", "\u2019")),
    *(NumberSpelling(",", mark) for mark in (".", " ", "'", "\u00a0", "\u202f")),
    NumberSpelling(minus="trailing"),
    NumberSpelling(",", minus="trailing"),
    NumberSpelling(".", ",", "trailing"),
    NumberSpelling(",", ".", "trailing"),
)


@dataclass(frozen=True)
class Spelling:
    """One way to write a value: the kind of type that it has, its pattern, and what a declaration says."""

    kind: str
    pattern: str
    format: str = ""
    numbers: NumberSpelling = PLAIN_NUMBERS
    read: str = "plain"


@cache
def all_spellings() -> tuple[Spelling, ...]:
    """Return every spelling, those before others that are to be preferred if both read all values of a column."""
    return (
        Spelling("boolean", "^(?:true|false)$"),
        *(Spelling("date", _year_pattern(text), text) for text in DATE_FORMATS),
        *(Spelling("short_date", compile_format(text, 1900, with_time=False).pattern, text) for text in SHORT_YEARS),
        Spelling("timestamp", ISO_PATTERN, ISO),
        *(Spelling("timestamp", compile_format(text, None, with_time=True).pattern, text) for text in TIMES),
        Spelling("long", whole_pattern()),
        *(Spelling("decimal", decimal_pattern(MOST_PLACES, numbers), numbers=numbers) for numbers in _SPELLINGS),
        *(
            Spelling("decimal", decimal_pattern(MOST_PLACES, numbers, ZERO_OMITTED), numbers=numbers, read=ZERO_OMITTED)
            for numbers in _SPELLINGS[:2]
        ),
        *(Spelling("double", double_pattern(numbers), numbers=numbers) for numbers in _SPELLINGS[:2]),
    )  # fmt: skip


def _year_pattern(text: str) -> str:
    """Return the pattern of a date format in years from 1800 to 2199, so that other digits are no dates."""
    pattern = compile_format(text, None, with_time=False).pattern
    return pattern.replace("[0-9]{4}", "(?:1[89]|2[01])[0-9]{2}")
