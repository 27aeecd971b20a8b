"""What is known about a landing, and `landing.json`, where it stands."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from bankmesh.contracts.model import Classification

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.sources.declaration import SourceColumn

RECORD = "landing.json"
COMPLETE_THROUGH = "complete_through"
"""A column that readers of every landing get besides its own: the last day of which the export holds everything."""


@dataclass(frozen=True)
class LandedFile:
    """A file that was landed: name, bytes as stored, and their SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class LandedColumn:
    """A column as landed; `type` as written in declarations, `classification` one of the four words.

    `header` is its name in the file, empty for the one that holds the file's name.
    """

    name: str
    header: str
    type: str
    classification: str
    required: bool
    description: str

    @classmethod
    def of(cls, column: SourceColumn) -> Self:
        """What a declared column lands as."""
        label = column.classification.label
        return cls(column.name, column.header, str(column.type), label, column.required, column.description)


@dataclass(frozen=True)
class Landing:
    """One landing of a legacy object.

    `rows_in` counts the records of the files from their text alone; `rows` and `rejects` are what was written.
    `complete_through` is the last day of which the export is said to hold everything, None where nothing says so.
    `files` is empty where an optional object had no file.
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

    @property
    def rows_path(self) -> Path:
        """Parquet file of the typed rows."""
        return self.folder / "rows.parquet"

    @property
    def rejects_path(self) -> Path:
        """Parquet file of the rejects (file, line, raw_text, reason, column); gone once they have expired."""
        return self.folder / "rejects.parquet"

    @property
    def balanced(self) -> bool:
        """Whether every record of the files is a row or a reject, and nothing is both."""
        return self.rows_in == self.rows + self.rejects

    @property
    def acceptable(self) -> bool:
        """Whether the landing may become the current one: balanced, and no more rejects than tolerated."""
        return self.balanced and self.within_tolerance

    @property
    def classification(self) -> Classification:
        """That of the most confidential column."""
        return max(Classification[column.classification.upper()] for column in self.columns)

    def write(self) -> None:
        """Write `landing.json` into the folder, durably."""
        content = asdict(self) | {
            "complete_through": self.complete_through.isoformat() if self.complete_through else None,
            "landed_at": self.landed_at.isoformat(),
        }
        del content["folder"]
        write_json(self.folder / RECORD, content)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the landing of a folder; raises OSError, ValueError, KeyError or TypeError if it is not whole."""
        content: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        through = content.pop("complete_through")
        return cls(
            folder=folder,
            files=tuple(LandedFile(**file) for file in content.pop("files")),
            columns=tuple(LandedColumn(**column) for column in content.pop("columns")),
            complete_through=dt.date.fromisoformat(through) if through else None,
            landed_at=dt.datetime.fromisoformat(content.pop("landed_at")),
            **content,
        )


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file in one step: a reader sees the old or the new one, also after a crash."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    with made.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
