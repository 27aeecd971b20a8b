"""Small declarations and exports, made in a temporary folder."""

from __future__ import annotations

import gzip
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pytest

from bankmesh.sources import Landing, LegacyObject, land, read_system

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = """
n: {type: long, required: true, classification: internal, description: A number.}
t: {type: string, classification: restricted, description: A text.}
a: {type: "decimal(6,2)", classification: confidential, description: An amount.}
"""


@dataclass
class Exports:
    """A folder of exports of the system `legacy`, and ways to declare and land what is in it."""

    base: Path
    landed: int = 0

    def declare(
        self, columns: str = COLUMNS, *, more: str = "", written: str = "", file: str = "thing.txt"
    ) -> LegacyObject:
        """Declare an object `thing` with these columns; `written` replaces parts of the format."""
        text = "\n".join(
            [
                "system: legacy",
                "description: A system.",
                "owner: team",
                f'format: {{delimiter: ";", encoding: ascii{written and ", " + written}}}',
                "objects:",
                "  thing:",
                "    description: Things.",
                f'    files: ["{file}"]',
                textwrap.indent(more.strip("\n"), "    "),
                "    columns:",
                textwrap.indent(columns.strip("\n"), "      "),
            ]
        )
        path = self.base / "legacy.yaml"
        path.write_text(text, encoding="utf-8")
        return read_system(path).objects[0]

    def write(self, content: bytes, file: str = "thing.txt") -> Path:
        """Write a file of the export, compressed if its name says so."""
        path = self.base / file
        path.write_bytes(gzip.compress(content) if file.endswith(".gz") else content)
        return path

    def land(self, obj: LegacyObject, content: bytes | None = None, *, block_bytes: int = 1 << 20) -> Landing:
        """Land the object, after writing its file if content is given."""
        if content is not None:
            self.write(content, obj.files[0])
        self.landed += 1
        target = self.base / f"landing-{self.landed}"
        target.mkdir()
        return land(obj, self.base, target, block_bytes=block_bytes)


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    return Exports(tmp_path)


@pytest.fixture
def rows_of():
    return lambda landing: pl.read_parquet(landing.rows_paths).rows()


@pytest.fixture
def rejects_of():
    """Line, raw text, reason and column of each reject."""
    return lambda landing: pl.read_parquet(landing.rejects_paths).select("line", "raw_text", "reason", "column").rows()
