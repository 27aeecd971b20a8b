"""Title and closing lines of fixed-width files: the first and last line of each file, compared with all others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.sources.declarations.record_layout import DETAIL, HEADER, TRAILER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]

MOST_SELECTED = 3
"""The most characters of a type of record that are looked for."""
_LEAST_LINES = 10
"""With fewer lines between, that the first or last one differs may be chance."""
_DIFFERENT = 0.25
"""A line is no record of data if so many of the positions differ that hold one class of characters in all others."""
_BLANK, _DIGIT, _OTHER = range(3)
_CHARACTER_BLANK, _CHARACTER_ZERO, _CHARACTER_NINE = 32, 48, 57


@dataclass
class LineShapes:
    """First and last lines of each file, and what the lines between hold.

    `classes` counts for blanks, digits and other characters, and for each position, the lines that hold one there.
    `beginnings` are the characters that they begin with.
    """

    length: int
    classes: Counts
    firsts: list[str] = field(default_factory=list)
    lasts: list[str] = field(default_factory=list)
    beginnings: set[str] = field(default_factory=set)

    def add(self, lines: Sequence[str]) -> None:
        """Add lines between the first and the last."""
        self.classes += count_classes(lines, self.length)
        self.beginnings.update(line[:MOST_SELECTED] for line in lines)

    @property
    def between(self) -> int:
        """The number of lines between."""
        return int(self.classes[:, 0].sum())

    def begins(self, width: int) -> set[str]:
        """Return the characters, so many, that lines between begin with."""
        return {each[:width] for each in self.beginnings}

    def is_different(self, line: str) -> bool:
        """Return whether a line has other classes of characters than the lines between, where these all agree."""
        agreed = self.classes == self.between
        agreed[_BLANK] = False
        places = agreed.any(axis=0)
        own = count_classes([line], self.length) > 0
        differing = int((places & ~(agreed & own).any(axis=0)).sum())
        return differing > 1 and differing >= _DIFFERENT * int(places.sum())


@dataclass(frozen=True)
class RecordLines:
    """What is declared about first and last lines: keys of the format, whether either is a record, and questions.

    `selected` characters at the beginning of each line are the type of the record.
    """

    keys: Mapping[str, object] = field(default_factory=dict)
    has_title: bool = False
    has_closing: bool = False
    selected: int = 0
    questions: tuple[str, ...] = ()


def count_classes(lines: Sequence[str], length: int) -> Counts:
    """Return for each class of characters and each position how many of the lines hold one there."""
    import numpy as np

    characters = np.frombuffer("".join(lines).encode("utf-32-le"), np.uint32).reshape(len(lines), length)
    blank = characters == _CHARACTER_BLANK
    digit = (characters >= _CHARACTER_ZERO) & (characters <= _CHARACTER_NINE)
    return np.stack([each.sum(axis=0, dtype=np.int64) for each in (blank, digit, ~(blank | digit))])


def find_record_lines(shapes: LineShapes) -> RecordLines:
    """Return whether the first or last line of each file is a title or a closing line.

    Types of records are proposed if all lines between begin with the same one. Other lines of another shape are
    `title_lines` or `end_lines`. What remains doubtful is a row, and a question.
    """
    if not shapes.between:
        return RecordLines()
    title, closing = (_find_beginning(shapes, lines) for lines in (shapes.firsts, shapes.lasts))
    if title is not None and title == closing:
        closing = None
    found = _find_types(shapes, title, closing) or _find_patterns(shapes, title, closing)
    doubtful = [
        f"is the {which} line of each file a record of data? {_DOUBT}"
        for which, lines, is_found in (
            ("first", shapes.firsts, found.has_title),
            ("last", shapes.lasts, found.has_closing),
        )
        if not is_found and _is_doubtful(shapes, lines)
    ]
    return RecordLines(found.keys, found.has_title, found.has_closing, found.selected, (*found.questions, *doubtful))


_DOUBT = (
    "It differs from the lines between, and is a row here. If it is a title or total, declare selector and records, "
    "or title_lines and end_lines"
)
_TOTALS = "does the last record state a count or a sum of the others? Declare it as totals of this record"


def _find_beginning(shapes: LineShapes, lines: Sequence[str]) -> str | None:
    """Return the characters that some lines begin with, if no line between does and all have another shape."""
    beginnings = {line[:MOST_SELECTED] for line in lines}
    widths = [
        width
        for width in range(1, MOST_SELECTED + 1)
        if len(found := {each[:width] for each in beginnings}) == 1 and not found & shapes.begins(width)
    ]
    is_sure = shapes.between >= _LEAST_LINES and all(shapes.is_different(line) for line in lines)
    if not widths or not is_sure:
        return None
    beginning = lines[0][: widths[-1]]
    return beginning if beginning[0].isalnum() else None


def _find_types(shapes: LineShapes, title: str | None, closing: str | None) -> RecordLines | None:
    """Return the types of records, if their values are all words or all numbers, and differ."""
    given = {role: value for role, value in ((HEADER, title), (TRAILER, closing)) if value is not None}
    if not given:
        return None
    # Words are as long as they agree; of digits only the first is the type, because others may belong to a value.
    for width in range(MOST_SELECTED, 0, -1):
        inner = shapes.begins(width)
        values = {role: value[:width] for role, value in given.items()} | {DETAIL: next(iter(inner))}
        is_word = all(value.isascii() and value.isalpha() for value in values.values())
        is_digit = width == 1 and all(value.isascii() and value.isdigit() for value in values.values())
        is_whole = all(len(value) == width for value in values.values())
        if len(inner) == 1 and is_whole and len(set(values.values())) == len(values) and (is_word or is_digit):
            return _with_types(values, width)
    return None


def _with_types(values: Mapping[str, str], width: int) -> RecordLines:
    records: dict[str, object] = {
        role: {"value": values[role]} | ({} if role == DETAIL else {"role": role})
        for role in (HEADER, DETAIL, TRAILER)
        if role in values
    }
    lines = " and ".join(name for name, role in (("first", HEADER), ("last", TRAILER)) if role in values)
    question = (
        f"are the first {width} characters of a line the type of its record? They alone differ in the {lines} line of "
        "each file, which is no row here. If a value begins with them, let its column begin there, too"
    )
    if width == 1:
        question = question.replace("are the first 1 characters", "is the first character").replace(
            "They alone differ", "It differs"
        )
    questions = (question, _TOTALS) if TRAILER in values else (question,)
    keys = {"selector": {"start": 1, "length": width}, "records": records}
    return RecordLines(keys, HEADER in values, TRAILER in values, width, questions)


def _find_patterns(shapes: LineShapes, title: str | None, closing: str | None) -> RecordLines:
    """Return patterns for lines that begin otherwise than all others, of few characters, so that they hold no day."""
    keys: dict[str, object] = {}
    questions: list[str] = []
    for which, key, value in (("first", "title_lines", title), ("last", "end_lines", closing)):
        if value is not None:
            width = next(width for width in range(1, len(value) + 1) if value[:width] not in shapes.begins(width))
            keys[key] = [f"{re.escape(value[:width])}.*"]
            questions.append(
                f"is the {which} line of each file no record of data? {key} leaves it out, with any total in it"
            )
    return RecordLines(keys, title is not None, closing is not None, 0, tuple(questions))


def _is_doubtful(shapes: LineShapes, lines: Sequence[str]) -> bool:
    """Return whether some lines may be no records: by their shape, or by a type that all lines between share."""
    if any(shapes.is_different(line) for line in lines):
        return True
    inner = shapes.begins(1)
    return len(inner) == 1 and any(line[:1] not in inner for line in lines)
