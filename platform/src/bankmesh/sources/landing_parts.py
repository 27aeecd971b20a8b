"""Parts of a landing: which consecutive files share Parquet files, and which of them are already parsed.

A part is taken over instead of parsed if an earlier landing has a part of the same files (names and bytes), made with
the same declaration and parser, whose Parquet files still hold the bytes that were written. Other files are parsed,
small ones together, so that thousands of small files become a few Parquet files.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.export_files import file_sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from bankmesh.sources.export_files import DeliveredFile
    from bankmesh.sources.landing_record import LandedFile, LandedPart, Landing

PART_BYTES = 4 << 20
"""The stored size of its files from which a part gets no further file; a part below it counts as small.

Correcting one file means parsing its whole part again; each part costs a reader about 0.2 ms.
"""

MOST_SMALL = 16
"""The number of consecutive small parts above which their files are parsed again, into larger parts."""


@dataclass(frozen=True)
class EarlierPart:
    """A part of an earlier landing, and that landing."""

    landing: Landing
    files: tuple[LandedFile, ...]
    part: LandedPart

    def of_next_landing(self, rows_file: LandedFile, rejects_file: LandedFile | None) -> LandedPart:
        """Return the part as a landing that takes it over records it."""
        origin = self.part.parsed_in or self.landing.fingerprint
        return replace(self.part, rows_file=rows_file, rejects_file=rejects_file, parsed_in=origin)


@dataclass(frozen=True)
class PlannedPart:
    """The files of one part, and the part of an earlier landing that already has them."""

    files: tuple[DeliveredFile, ...]
    earlier: EarlierPart | None = None

    @property
    def size(self) -> int:
        """The stored bytes of the files."""
        return sum(file.record.size for file in self.files)

    @property
    def is_small(self) -> bool:
        """Whether the part may share Parquet files with its neighbours."""
        return self.size < PART_BYTES


@dataclass(frozen=True)
class PartPaths:
    """The paths of a part's Parquet files."""

    rows: Path
    rejects: Path


def earlier_parts(landing: Landing) -> Iterator[EarlierPart]:
    """Yield the parts of a landing that can be taken over: those whose records are all rows or rejects."""
    at = 0
    for part in landing.parts:
        files = landing.files[at : at + part.files]
        at += part.files
        if files and part.rows_in == part.rows + part.rejects:
            yield EarlierPart(landing, files, part)


def plan_parts(files: Sequence[DeliveredFile], earlier: Iterable[EarlierPart]) -> list[PlannedPart]:
    """Divide files into parts, in their order: those of `earlier` where they match, the first of several matches.

    Returns one part without files if there are no files.
    """
    planned = list(_merge_new(_match_earlier(files, earlier)))
    found: list[PlannedPart] = []
    for is_small, neighbours in groupby(planned, key=lambda part: part.is_small):
        parts = list(neighbours)
        if is_small and len(parts) > MOST_SMALL:
            parts = list(_merge_new(PlannedPart((file,)) for part in parts for file in part.files))
        found += parts
    return found or [PlannedPart(())]


def part_paths(target: Path, count: int) -> list[PartPaths]:
    """Return the paths of the Parquet files of a landing with so many parts."""
    numbers = [""] if count == 1 else [f"-{number:05}" for number in range(1, count + 1)]
    return [PartPaths(target / f"rows{number}.parquet", target / f"rejects{number}.parquet") for number in numbers]


def take_over(earlier: EarlierPart, paths: PartPaths) -> LandedPart | None:
    """Link or copy the Parquet files of an earlier part into the next landing; None if they are missing or damaged."""
    part = earlier.part
    rows = _take_file(earlier.landing.folder, part.rows_file, paths.rows)
    rejects = None
    if part.rejects:
        rejects = part.rejects_file and _take_file(earlier.landing.folder, part.rejects_file, paths.rejects)
    if rows is not None and (rejects is not None or not part.rejects):
        return earlier.of_next_landing(rows, rejects)
    paths.rows.unlink(missing_ok=True)
    paths.rejects.unlink(missing_ok=True)
    return None


def _take_file(folder: Path, file: LandedFile, target: Path) -> LandedFile | None:
    source = folder / file.name
    try:
        try:
            os.link(source, target)
        except OSError:  # links unsupported or exhausted, or the file is missing
            shutil.copyfile(source, target)
        is_same = target.stat().st_size == file.size and file_sha256(target) == file.sha256
    except (FileNotFoundError, PermissionError, LegacyFileError):
        return None
    return replace(file, name=target.name) if is_same else None


def _match_earlier(files: Sequence[DeliveredFile], earlier: Iterable[EarlierPart]) -> Iterator[PlannedPart]:
    """Yield the files in the longest matching parts of `earlier`; each other file as a part of its own."""
    known: dict[LandedFile, list[EarlierPart]] = {}
    for part in earlier:
        known.setdefault(part.files[0], []).append(part)
    records = tuple(file.record for file in files)
    at = 0
    while at < len(files):
        matching = [part for part in known.get(records[at], ()) if records[at : at + len(part.files)] == part.files]
        taken = max(matching, key=lambda part: len(part.files), default=None)
        until = at + (len(taken.files) if taken else 1)
        yield PlannedPart(tuple(files[at:until]), taken)
        at = until


def _merge_new(parts: Iterable[PlannedPart]) -> Iterator[PlannedPart]:
    """Combine consecutive files without an earlier part, until a part is large enough."""
    held: list[DeliveredFile] = []
    size = 0
    for part in parts:
        if held and (part.earlier or size >= PART_BYTES):
            yield PlannedPart(tuple(held))
            held, size = [], 0
        if part.earlier:
            yield part
        else:
            held += part.files
            size += part.size
    if held:
        yield PlannedPart(tuple(held))
