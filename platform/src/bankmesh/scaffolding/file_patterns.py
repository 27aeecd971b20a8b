"""Patterns of the files of an object, which follow those of later days, months, quarters and years in their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_YEAR, _MONTH, _DAY = "(?P<century>20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = "(?P<clock>[-_.T]?(?:[01][0-9]|2[0-3])[-_.]?[0-5][0-9](?:[-_.]?[0-5][0-9])?(?![0-9]))?"


def _parts_of_years(period: str, part: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the forms of a part of a year that is written before or behind it."""
    return (
        (period, re.compile(rf"(?<![A-Za-z0-9]){part}[-_. ]?{_YEAR}(?![0-9])")),
        (period, re.compile(rf"(?<![0-9]){_YEAR}[-_. ]?{part}(?![A-Za-z0-9])")),
    )


_DATES = (
    ("day", re.compile(rf"(?<![0-9]){_YEAR}(?P<mark>[-_.]?){_MONTH}(?P=mark){_DAY}(?:{_CLOCK}|(?![0-9]))")),
    ("day", re.compile(rf"(?<![0-9]){_DAY}(?P<mark>[-_.]?){_MONTH}(?P=mark){_YEAR}(?![0-9])")),
    ("day", re.compile(rf"(?<![0-9]){_MONTH}(?P<mark>[-_.]?){_DAY}(?P=mark){_YEAR}(?![0-9])")),
    ("day", re.compile(rf"(?<![0-9])(?P<century>)[0-3][0-9]{_MONTH}{_DAY}(?![0-9])")),
    ("month", re.compile(rf"(?<![0-9]){_YEAR}[-_.]?{_MONTH}(?![0-9])")),
    ("month", re.compile(rf"(?<![0-9]){_MONTH}[-_.]{_YEAR}(?![0-9])")),
    *_parts_of_years("quarter", "(?:[Qq][1-4]|[1-4][Qq])"),
    *_parts_of_years("half-year", "(?:[Hh][12]|[12][Hh])"),
    ("year", re.compile(rf"(?<![0-9]){_YEAR}(?![0-9])")),
)
"""Periods as names of files spell them, the shorter first; a time of the day may follow a day."""

FILE_COLUMN = "source_file"
"""The column of the name of each row's file, where that holds a period."""

_SPECIAL = re.compile(r"[*?\[\]]")


@dataclass(frozen=True)
class FilePatterns:
    """The patterns of some files, whether all of them belong together, and the period that their names hold, if any.

    `question` is what the names leave open.
    """

    patterns: tuple[str, ...]
    take_all: bool = False
    period: str = ""
    question: str = ""


def find_patterns(folder: Path, names: Sequence[str]) -> FilePatterns:
    """Return the patterns that match the named files of a folder, and no other file that is there now.

    Names with a day, month, quarter, half-year or year have one pattern for those to come, too. Otherwise it is one
    with `*` for several files that have a beginning and an end in common, else their names, which all belong together.
    """
    dated = {_dated_pattern(name) for name in names}
    only = dated.pop() if len(dated) == 1 else None
    if only is None:
        return _plain_patterns(folder, names)
    pattern, period = only
    others = len(_matches(folder, pattern) - set(names))
    if not others:
        return FilePatterns((pattern,), period=period, question=_question(pattern, period))
    question = f"do all files that {pattern} matches belong to it, {others} more? Then declare that pattern"
    return FilePatterns(tuple(names), take_all=len(names) > 1, question=question)


def _question(pattern: str, period: str) -> str:
    return (
        f"does each file hold the rows of its {period} alone? {pattern} reads those of later {period}s, too, "
        f"all together. If each holds all rows as they were then, let products take those of the greatest {FILE_COLUMN}"
    )


def _plain_patterns(folder: Path, names: Sequence[str]) -> FilePatterns:
    if len(names) == 1:
        return FilePatterns(tuple(names))
    start, end = common_ends(names)
    pattern = f"{start}*{end}"
    if _matches(folder, pattern) == set(names) and not _SPECIAL.search(start + end):
        return FilePatterns((pattern,))
    return FilePatterns(tuple(names), take_all=True)


def _dated_pattern(name: str) -> tuple[str, str] | None:
    """Return a name with `?` for the digits of its period, but those of the century, and which kind of period it is."""
    found = None if _SPECIAL.search(name) else _find_period(name)
    if found is None:
        return None
    period, match = found
    start, stop = match.span()
    return name[:start] + "".join(_widened(match)) + name[stop:], period


def remove_period(name: str) -> str:
    """Return a name without its day, month, quarter, half-year or year."""
    found = _find_period(name)
    return name if found is None else name[: found[1].start()] + name[found[1].end() :]


def _find_period(name: str) -> tuple[str, re.Match[str]] | None:
    """Return the kind of period that a name holds, and where; None if there is none, or several of the shortest."""
    for period, form in _DATES:
        found = list(form.finditer(name))
        if len(found) == 1:
            return period, found[0]
    return None


def _widened(found: re.Match[str]) -> Iterator[str]:
    kept = range(*found.span("century"))
    for at, character in enumerate(found[0], found.start()):
        yield "?" if character.isdigit() and at not in kept else character


def _matches(folder: Path, pattern: str) -> set[str]:
    return {each.name for each in folder.iterdir() if each.is_file() and fnmatchcase(each.name, pattern)}


def common_ends(names: Sequence[str]) -> tuple[str, str]:
    """Return the beginning and the end that all names have, without overlap."""
    start = _common_start(names)
    return start, _common_start([name[len(start) :][::-1] for name in names])[::-1]


def _common_start(texts: Sequence[str]) -> str:
    least, most = min(texts), max(texts)
    length = next((at for at, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), len(least))
    return least[:length]
