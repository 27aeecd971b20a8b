"""Proposals for fixed-width files with one type of rows, whose fields are parted by positions blank in all rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from bankmesh.scaffolding.source_proposals.column_profile import BLOCK_BYTES, ColumnProfile
from bankmesh.scaffolding.source_proposals.column_proposal import ColumnProposal, is_number_type, propose_column
from bankmesh.scaffolding.source_proposals.encoding_proposal import find_encoding
from bankmesh.scaffolding.source_proposals.record_lines import (
    LineShapes,
    RecordLines,
    count_classes,
    find_record_lines,
)
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, FileProposal, ProposalOptions
from bankmesh.sources.declarations.record_layout import DETAIL
from bankmesh.sources.parsing.line_blocks import LegacyText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bankmesh.scaffolding.source_proposals.record_lines import Counts

_OVERPUNCHED = "^[0-9]{2,}[0-9{}A-R]$"
_SIGNED = "[{}A-R]$"
_AMOUNT_DIGITS, _ZONED_DIGITS = 6, 9
"""Whole numbers of so many digits, the second with leading zeros, may have decimals behind an implied point."""


@dataclass
class _FieldRun:
    """A run of positions that are filled in some row, and what its values show. `start` is from 1."""

    start: int
    length: int
    profile: ColumnProfile
    overpunched: int = 0
    signed: int = 0

    @property
    def stop(self) -> int:
        """The position behind the field."""
        return self.start + self.length

    def update(self, lines: Sequence[str]) -> None:
        """Add the values of some lines."""
        import polars as pl

        texts = [line[self.start - 1 : self.stop - 1].strip(" ") or None for line in lines]
        values = pl.Series(values=texts, dtype=pl.String)
        self.profile.update(values)
        if self.overpunched + len(values) - values.null_count() >= self.profile.rows - self.profile.absent:
            zoned = values.filter(values.str.contains(_OVERPUNCHED))
            self.overpunched += len(zoned)
            self.signed += int(zoned.str.contains(_SIGNED).sum())


def propose_fixed_width(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for lines of one length. Raises CannotPropose, and LegacyFileError for a damaged file."""
    encoding, questions = find_encoding(files, options.encoding)
    shapes = _read_shapes(files, encoding)
    found = find_record_lines(shapes)
    filled = _count_filled(shapes, found)
    parts = find_fields([bool(n) and position >= found.selected for position, n in enumerate(filled)])
    if not parts:
        raise CannotPropose(files[0], "every position is blank", "Give a file with rows.")
    fields = [_FieldRun(*part, ColumnProfile(f"column_{number}")) for number, part in enumerate(parts, 1)]
    for file in files:
        for lines in _inner_lines(file, encoding, without_first=found.has_title, without_last=found.has_closing):
            for field in fields:
                field.update(lines)
    columns = [_with_questions(propose_column(field.profile, day_first=options.day_first), field) for field in fields]
    sides = [_open_side(column, field, filled) for column, field in zip(columns, fields, strict=True)]
    positions = extend_fields(parts, sides, found.selected, shapes.length)
    placed = [
        replace(column, keys={"start": start, "length": length, **column.keys})
        for column, (start, length) in zip(columns, positions, strict=True)
    ]
    keys: dict[str, object] = {
        "kind": "fixed_width", "encoding": encoding, "record_length": shapes.length, "padding": "both", **found.keys,
    }  # fmt: skip
    question = (
        "does a column hold several fields? Only positions that are blank in all rows part them; name the columns"
    )
    object_keys = {"record": DETAIL} if found.selected else {}
    questions = (*questions, *found.questions, question)
    return FileProposal(keys, tuple(placed), fields[0].profile.rows, object_keys, questions)


def find_fields(filled: Sequence[bool]) -> list[tuple[int, int]]:
    """Return start, from 1, and length of each run of positions that are filled in any row."""
    fields: list[tuple[int, int]] = []
    for position, is_filled in enumerate(filled, 1):
        if not is_filled:
            continue
        if fields and sum(fields[-1]) == position:
            fields[-1] = (fields[-1][0], fields[-1][1] + 1)
        else:
            fields.append((position, 1))
    return fields


def extend_fields(
    fields: Sequence[tuple[int, int]], sides: Sequence[str], selected: int, length: int
) -> list[tuple[int, int]]:
    """Return the fields with the blanks at the side, `left` or `right`, where their values may become longer.

    Blanks between two fields that both extend over them are shared: the left one has the odd blank.
    """
    starts = [start for start, _ in fields]
    stops = [start + width for start, width in fields]
    if sides[0] == "left":
        starts[0] = selected + 1
    for at, (side, other) in enumerate(pairwise(sides)):
        free = starts[at + 1] - stops[at]
        if other == "left":
            starts[at + 1] -= free // 2 if side == "right" else free
        if side == "right":
            stops[at] = starts[at + 1]
    if sides[-1] == "right":
        stops[-1] = length + 1
    return [(start, stop - start) for start, stop in zip(starts, stops, strict=True)]


def _open_side(column: ColumnProposal, field: _FieldRun, filled: Counts) -> str:
    """Return the side at which longer values of a field would begin or end, from the positions that all values fill."""
    values = field.profile.rows - field.profile.absent
    at_left, at_right = (filled[at] == values for at in (field.start - 1, field.stop - 2))
    kind = str(column.keys["type"]).partition("(")[0]
    if at_left and at_right and kind in {"date", "timestamp", "boolean"}:
        return "none"
    is_right = at_right and not at_left
    is_number = is_number_type(kind) and (at_right or not at_left)
    return "left" if is_right or is_number else "right"


def _with_questions(column: ColumnProposal, field: _FieldRun) -> ColumnProposal:
    """Return a column with what a number of digits alone leaves open: a sign in its last digit, and decimals."""
    profile, kind = field.profile, column.keys["type"]
    if profile.values and field.overpunched == profile.rows - profile.absent and field.signed * 2 >= profile.values:
        question = (
            "is its last character a digit with an overpunched sign? Declare type decimal(18,2), minus: overpunched "
            "and decimals: 2, or as many as its description says"
        )
        return replace(column, questions=(*column.questions, question))
    is_whole = kind == "long" and profile.most_digits >= _AMOUNT_DIGITS
    is_zoned = kind == "string" and profile.most_digits >= _ZONED_DIGITS and "long" in _kinds(profile)
    if is_whole or is_zoned:
        question = (
            "is it an amount whose point is implied? Then its last digits are decimals: declare type decimal(18,2) "
            "and decimals: 2, or as many as its description says"
        )
        return replace(column, questions=(*column.questions, question))
    return column


def _kinds(profile: ColumnProfile) -> set[str]:
    return {spelling.kind for spelling in profile.reading()}


def _count_filled(shapes: LineShapes, found: RecordLines) -> Counts:
    """Return for each position how many rows have a character other than a blank there."""
    rows = [*([] if found.has_title else shapes.firsts), *([] if found.has_closing else shapes.lasts)]
    classes = shapes.classes + count_classes(rows, shapes.length) if rows else shapes.classes
    filled: Counts = classes[1:].sum(axis=0)
    return filled


def _read_shapes(files: Sequence[Path], encoding: str) -> LineShapes:
    """Return the shapes of the lines of all files. Raises CannotPropose if they differ in length, or without a line."""
    import numpy as np

    shapes: LineShapes | None = None
    for file in files:
        held: list[str] = []
        for number, lines in enumerate(_line_batches(file, encoding)):
            if shapes is None:
                length = len(lines[0])
                shapes = LineShapes(length, np.zeros((3, length), np.int64))
            if any(len(line) != shapes.length for line in lines):
                advice = "Files whose titles, trailers or types of records have other lengths are declared by hand."
                raise CannotPropose(file, "its lines differ in length, so that positions cannot be compared", advice)
            if not number:
                shapes.firsts.append(lines[0])
            found = [*held, *lines[not number :]]
            held = found[-1:]
            if found[:-1]:
                shapes.add(found[:-1])
        if shapes is not None:
            shapes.lasts += held
    if shapes is None:
        raise CannotPropose(files[0], "it holds no rows", "Give a file with rows.")
    return shapes


def _inner_lines(file: Path, encoding: str, *, without_first: bool, without_last: bool) -> Iterator[list[str]]:
    """Yield the lines of a file, some at a time, without its first or last one."""
    held: list[str] = []
    for number, lines in enumerate(_line_batches(file, encoding)):
        kept = [*held, *(lines[1:] if without_first and not number else lines)]
        if without_last:
            kept, held = kept[:-1], kept[-1:]
        if kept:
            yield kept


def _line_batches(file: Path, encoding: str) -> Iterator[list[str]]:
    for block in LegacyText(file, encoding, BLOCK_BYTES).blocks():
        lines = [line for each in block.text.decode().split("\n") if (line := each.removesuffix("\r"))]
        if lines:
            yield lines
