"""Common parts of all kinds of damage: the report of it, and rewriting a legacy file line by line."""

from __future__ import annotations

import gzip
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LINE_TO_DAMAGE: Final = 100  # of long files, counted from 1; the last line of shorter ones


class NothingToDamageError(Exception):
    """The export lacks what this kind of damage needs.

    `file` is the path that was searched, `need` its missing content.
    """

    def __init__(self, file: Path, need: str) -> None:
        """Build the message from the file and what it lacks."""
        super().__init__(f"{file}: {need}; write the export again with `python -m demo_bank`")
        self.file = file
        self.need = need


@dataclass(frozen=True, slots=True)
class Damage:
    """A damage and its place: the line counts from 1, the header included; None is the whole file."""

    kind: str
    file: Path
    line: int | None
    what: str

    def __str__(self) -> str:
        """Return a one-line description."""
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{self.kind}: {place}: {self.what}"


def existing(file: Path) -> Path:
    """Return the path, or raise NothingToDamageError if there is no such file."""
    if not file.is_file():
        raise NothingToDamageError(file, "no such file")
    return file


@contextmanager
def lines_of(file: Path) -> Iterator[Iterator[bytes]]:
    """Open a plain or compressed file for reading line by line."""
    with (gzip.open if file.suffix == ".gz" else open)(file, "rb") as source:
        yield iter(cast("IO[bytes]", source))


def replace_lines(file: Path, change: Callable[[Iterator[bytes]], Iterator[bytes]]) -> None:
    """Rewrite a file line by line into a temporary file, which replaces it at the end."""
    neighbour = file.with_name(f"{file.name}.damaged")
    with lines_of(file) as source, neighbour.open("wb") as raw:
        if file.suffix == ".gz":
            with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0) as target:
                target.writelines(change(source))
        else:
            raw.writelines(change(source))
    shutil.move(neighbour, file)


def rewrite_line(file: Path, change: Callable[[bytes, bytes], bytes], at_most: int = LINE_TO_DAMAGE) -> int:
    """Change line `at_most`, or the last of a shorter file, given the line above it and itself.

    Returns its number.
    """
    with lines_of(file) as source:
        number = sum(1 for _ in zip(range(at_most), source, strict=False))
    if number <= 1:
        raise NothingToDamageError(file, "no rows to damage")

    def changed(source: Iterator[bytes]) -> Iterator[bytes]:
        above = b""
        for at, line in enumerate(source, start=1):
            yield change(above, line) if at == number else line
            above = line

    replace_lines(file, changed)
    return number
