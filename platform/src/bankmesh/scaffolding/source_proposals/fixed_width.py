"""Proposals for fixed-width files of one type of record: fields are parted by positions that are blank in all rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.scaffolding.source_proposals.column_profile import ColumnProfile
from bankmesh.scaffolding.source_proposals.column_proposal import propose_column
from bankmesh.scaffolding.source_proposals.delimited_text import BLOCK_BYTES, find_encoding
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, FileProposal, ProposalOptions
from bankmesh.sources.parsing.line_blocks import LegacyText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]

_BLANK = 32


def propose_fixed_width(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for lines of one length. Raises CannotPropose, and LegacyFileError for a damaged file."""
    encoding, questions = find_encoding(files, options.encoding)
    filled = _filled_positions(files, encoding)
    fields = find_fields([bool(each) for each in filled])
    if not fields:
        raise CannotPropose(files[0], "every position is blank", "Give a file with rows.")
    profiles = [ColumnProfile(f"column_{number}") for number in range(1, len(fields) + 1)]
    for lines in _line_batches(files, encoding):
        _update(profiles, fields, lines)
    columns = []
    for profile, (start, length) in zip(profiles, fields, strict=True):
        column = propose_column(profile, day_first=options.day_first)
        columns.append(replace(column, keys={"start": start, "length": length, **column.keys}))
    keys: dict[str, object] = {
        "kind": "fixed_width", "encoding": encoding, "record_length": len(filled), "padding": "both",
    }  # fmt: skip
    question = (
        "does a column hold several fields? Only positions that are blank in all rows part them; name the columns"
    )
    return FileProposal(keys, tuple(columns), profiles[0].rows, {}, (*questions, question))


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


def _filled_positions(files: Sequence[Path], encoding: str) -> Flags:
    """Return for each position whether any row has a character other than a blank there."""
    import numpy as np

    filled: Flags | None = None
    for lines in _line_batches(files, encoding):
        length = len(lines[0]) if filled is None else len(filled)
        if any(len(line) != length for line in lines):
            advice = "Files with several types of records, titles or a trailer are declared by hand: see the reference."
            raise CannotPropose(files[0], "its lines differ in length, so that positions cannot be compared", advice)
        characters = np.frombuffer("".join(lines).encode("utf-32-le"), np.uint32).reshape(len(lines), length)
        found = (characters != _BLANK).any(axis=0)
        filled = found if filled is None else filled | found
    if filled is None:
        raise CannotPropose(files[0], "it holds no rows", "Give a file with rows.")
    return filled


def _line_batches(files: Sequence[Path], encoding: str) -> Iterator[list[str]]:
    for file in files:
        for block in LegacyText(file, encoding, BLOCK_BYTES).blocks():
            lines = [line for each in block.text.decode().split("\n") if (line := each.removesuffix("\r"))]
            if lines:
                yield lines


def _update(profiles: Sequence[ColumnProfile], fields: Sequence[tuple[int, int]], lines: Sequence[str]) -> None:
    import polars as pl

    for profile, (start, length) in zip(profiles, fields, strict=True):
        values = [line[start - 1 : start - 1 + length].strip(" ") or None for line in lines]
        profile.update(pl.Series(values=values, dtype=pl.String))
