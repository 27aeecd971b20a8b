"""The record of a landing, `landing.json`."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from bankmesh.contracts.model import Classification
from bankmesh.errors import shorten_list

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import SourceColumn

RECORD = "landing.json"
ROWS, REJECTS = "rows.parquet", "rejects.parquet"
"""Names of the Parquet files of a landing with one part."""

_UNFINISHED = re.compile(r"\..+\.(?P<process>\d+)")

COMPLETE_THROUGH = "complete_through"
"""A column that readers of every landing get in addition: the last day for which the export is complete."""


@dataclass(frozen=True)
class LandedFile:
    """A file that was landed: name, bytes as stored, and their SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class RejectedFile:
    """A file with rejects: its name, the number of its records, and how many of them are rejects."""

    name: str
    records: int
    rejects: int

    def __str__(self) -> str:
        return f"{self.name} {self.rejects:,} of {self.records:,}"


@dataclass(frozen=True)
class LandedColumn:
    """A column as landed; `type` is spelled as in declarations, `classification` is one of the four labels.

    `header` is its name in the file, empty for columns that are not in the file.
    """

    name: str
    header: str
    type: str
    classification: str
    required: bool
    description: str

    @classmethod
    def of(cls, column: SourceColumn) -> Self:
        """Return the landed column of a declared one."""
        label = column.classification.label
        return cls(column.name, column.header, str(column.type), label, column.required, column.description)


@dataclass(frozen=True)
class LandedPart:
    """The result of landing consecutive files; `files` is their number.

    `latest` is their last day, if the object's rule for `complete_through` has a column. `rejects_file` is None if
    nothing was rejected. `parsed_in` is the fingerprint of the landing that parsed the files, None for the landing
    itself. `other_records` counts, by type, the records of fixed-width files that are not the object's;
    `control_totals` are the totals of their headers and trailers that agreed with the records. `warnings` are what is
    unlikely about files that were read: bytes that hardly are text of the declared encoding. `rejected_files` are those
    with rejects; parts of earlier releases have none.
    """

    files: int
    rows_in: int
    rows: int
    rejects: int
    blank_lines: int
    latest: dt.date | None
    rows_file: LandedFile
    rejects_file: LandedFile | None
    parsed_in: str | None = None
    other_records: dict[str, int] = field(default_factory=dict, hash=False)
    control_totals: int = 0
    warnings: tuple[str, ...] = ()
    rejected_files: tuple[RejectedFile, ...] = ()

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Return the part that `landing.json` describes. Raises ValueError, KeyError or TypeError if it is invalid."""
        latest, rejects = content.pop("latest"), content.pop("rejects_file")
        return cls(
            latest=dt.date.fromisoformat(latest) if latest else None,
            rows_file=LandedFile(**content.pop("rows_file")),
            rejects_file=LandedFile(**rejects) if rejects else None,
            warnings=tuple(content.pop("warnings", ())),
            rejected_files=tuple(RejectedFile(**file) for file in content.pop("rejected_files", ())),
            **content,
        )


@dataclass(frozen=True)
class Landing:
    """One landing of a legacy object.

    `rows_in` counts the records of the files from their text alone; `rows` and `rejects` count what was written.
    `complete_through` is the last day for which the export is complete, None if that is unknown. `files` is empty if an
    optional object had no file. `parts` are in the order of the files. In landings of earlier releases, which have one
    file of rows and one of rejects, `parts` and the digest of the declaration are empty.
    """

    folder: Path
    domain: str
    system: str
    object: str
    fingerprint: str
    files: tuple[LandedFile, ...]
    rows_in: int
    rows: int
    rejects: int
    blank_lines: int
    rejects_tolerated: str
    within_tolerance: bool
    complete_through: dt.date | None
    columns: tuple[LandedColumn, ...]
    landed_at: dt.datetime
    digest: str = ""
    parts: tuple[LandedPart, ...] = ()

    @property
    def rows_paths(self) -> list[Path]:
        """Parquet files of the typed rows, in the order of the rows; at least one."""
        return [self.folder / part.rows_file.name for part in self.parts] or [self.folder / ROWS]

    @property
    def rejects_paths(self) -> list[Path]:
        """Parquet files of the rejects (file, line, raw_text, reason, column, faults); missing once expired."""
        if not self.parts:
            return [self.folder / REJECTS]
        return [self.folder / part.rejects_file.name for part in self.parts if part.rejects_file]

    @property
    def rows_bytes(self) -> int:
        """The size of the Parquet files of the rows."""
        return sum(path.stat().st_size for path in self.rows_paths)

    @property
    def rejects_expired(self) -> bool:
        """Whether the landing had rejects that are no longer stored."""
        return self.rejects > 0 and not all(path.exists() for path in self.rejects_paths)

    @property
    def other_records(self) -> dict[str, int]:
        """Records of fixed-width files that are not the object's, by type, and title and end lines."""
        return dict(sum((Counter(part.other_records) for part in self.parts), Counter()))

    @property
    def control_totals(self) -> int:
        """The totals of headers and trailers that agreed with the records; a file in which one differs is refused."""
        return sum(part.control_totals for part in self.parts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is unlikely about the files that were read, by file; no values."""
        return tuple(warning for part in self.parts for warning in part.warnings)

    @property
    def rejected_files(self) -> tuple[RejectedFile, ...]:
        """The files with rejects; none in landings of earlier releases."""
        return tuple(file for part in self.parts for file in part.rejected_files)

    @property
    def rejects_by_file(self) -> str:
        """The rejects of each file that has some: `a.txt 3 of 80, b.txt 1 of 90`; empty for a landing of one file."""
        return shorten_list(map(str, self.rejected_files)) if len(self.files) > 1 else ""

    @property
    def files_taken_over(self) -> int:
        """The number of files that were not parsed, because an earlier landing had parsed them."""
        return sum(part.files for part in self.parts if part.parsed_in)

    @property
    def balanced(self) -> bool:
        """Whether every record of the files is either a row or a reject."""
        return self.rows_in == self.rows + self.rejects

    @property
    def acceptable(self) -> bool:
        """Whether the landing may become the current one: balanced, with no more rejects than tolerated."""
        return self.balanced and self.within_tolerance

    @property
    def classification(self) -> Classification:
        """The classification of the most confidential column."""
        return max(Classification[column.classification.upper()] for column in self.columns)

    def write(self) -> None:
        """Write `landing.json` into the folder, synced to disk."""
        content = asdict(self) | {
            "complete_through": self.complete_through.isoformat() if self.complete_through else None,
            "landed_at": self.landed_at.isoformat(),
            "parts": [asdict(part) | {"latest": part.latest and part.latest.isoformat()} for part in self.parts],
        }
        del content["folder"]
        write_json(self.folder / RECORD, content)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the landing of a folder. Raises OSError, ValueError, KeyError or TypeError if it is incomplete."""
        content: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        through = content.pop("complete_through")
        return cls(
            folder=folder,
            files=tuple(LandedFile(**file) for file in content.pop("files")),
            columns=tuple(LandedColumn(**column) for column in content.pop("columns")),
            parts=tuple(LandedPart.from_json(part) for part in content.pop("parts", ())),
            complete_through=dt.date.fromisoformat(through) if through else None,
            landed_at=dt.datetime.fromisoformat(content.pop("landed_at")),
            **content,
        )


def unfinished_writes(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield the files below a folder that `write_json` has not renamed, each with the id of the process that wrote."""
    for path in folder.rglob(".*") if folder.is_dir() else ():
        if found := _UNFINISHED.fullmatch(path.name):
            yield path, int(found["process"])


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file atomically: readers see the old or the new one, even after a crash."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    with made.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
