"""Damages an export in a named, realistic way, to show or to test what a reader does about it.

`python -m demo_bank.corrupt DIR KIND` where DIR is a folder written by `demo_bank`. Each kind changes one
file and says which line; a second run damages the same place again. The result is as deterministic as the
export.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CORE: Final = Path("berka_pkdd99")
LINE_TO_DAMAGE: Final = 100  # of long files, counted from 1 with the header; the last line of shorter ones
NO_SUCH_ACCOUNT: Final = 999_999_999


class NothingToDamageError(Exception):
    """The export lacks what this kind of damage needs.

    `file` is the path looked for or in, `need` what it should have held.
    """

    def __init__(self, file: Path, need: str) -> None:
        """Say which file lacks what."""
        super().__init__(f"{file}: {need}; write the export again with `python -m demo_bank`")
        self.file = file
        self.need = need


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done, and where: the line counts from 1, the header included; None is the whole file."""

    kind: str
    file: Path
    line: int | None
    what: str

    def __str__(self) -> str:
        """Return one line for people."""
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{self.kind}: {place}: {self.what}"


def corrupt(folder: Path, kind: str) -> Damage:
    """Damage the export in `folder`; `kind` is one of `KINDS`.

    Raises KeyError for an unknown kind and NothingToDamageError if the export lacks the file or the line.
    """
    return KINDS[kind](folder)


def truncated_row(folder: Path) -> Damage:
    """Cut a transaction line short after its third field, as an interrupted transfer does."""
    file = _file(folder, "trans")
    number = _rewrite(file, lambda line: b";".join(line.split(b";")[:3]) + b"\r\n")
    return Damage("truncated-row", file, number, "cut short after the third field")


def unknown_code(folder: Path) -> Damage:
    """Give a transaction a type that no code table knows."""
    file = _file(folder, "trans")

    def change(line: bytes) -> bytes:
        fields = line.split(b";")
        return b";".join([*fields[:3], b'"STORNO"', *fields[4:]])

    return Damage("unknown-code", file, _rewrite(file, change), 'type is "STORNO"')


def duplicate_transaction(folder: Path) -> Damage:
    """Write a transaction line twice, as a restarted export does."""
    file = _file(folder, "trans")
    number = _rewrite(file, lambda line: line + line)
    return Damage("duplicate-transaction", file, number + 1, f"repeats line {number}")


def orphan_account(folder: Path) -> Damage:
    """Book a loan on an account that does not exist."""
    file = _file(folder, "loan")

    def change(line: bytes) -> bytes:
        fields = line.split(b";")
        return b";".join([fields[0], b"%d" % NO_SUCH_ACCOUNT, *fields[2:]])

    return Damage("orphan-account", file, _rewrite(file, change), f"account_id is {NO_SUCH_ACCOUNT}")


def wrong_encoding(folder: Path) -> Damage:
    """Put a Latin-2 letter (Š, byte A9) at the head of a district's name, in a file that should be ASCII."""
    file = _file(folder, "district")

    def change(line: bytes) -> bytes:
        number, name, *rest = line.split(b";")
        return b";".join([number, name[:1] + b"\xa9" + name[2:], *rest])

    return Damage("wrong-encoding", file, _rewrite(file, change), "name begins with the byte A9 (Latin-2)")


def missing_column(folder: Path) -> Damage:
    """Leave the k_symbol out of the transaction file, header and all."""
    file = _file(folder, "trans")

    def without(lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            fields = line.split(b";")
            yield b";".join(fields[:7] + fields[8:])

    _replace(file, without)
    return Damage("missing-column", file, None, "has no column k_symbol")


def empty_file(folder: Path) -> Damage:
    """Leave a file of no bytes inside the compression, not even a header."""
    file = _file(folder, "disp")
    _replace(file, lambda _: iter(()))
    return Damage("empty-file", file, None, "has no content")


def missing_file(folder: Path) -> Damage:
    """Remove a file."""
    file = _file(folder, "account")
    file.unlink()
    return Damage("missing-file", file, None, "removed")


def bad_birth_number(folder: Path) -> Damage:
    """Give a client a birth month of 13."""
    file = _file(folder, "client")

    def change(line: bytes) -> bytes:
        number, birth, *rest = line.split(b";")
        return b";".join([number, birth[:3] + b"13" + birth[5:], *rest])

    return Damage("bad-birth-number", file, _rewrite(file, change), "birth_number has month 13")


KINDS: Final[dict[str, Callable[[Path], Damage]]] = {
    "truncated-row": truncated_row,
    "unknown-code": unknown_code,
    "duplicate-transaction": duplicate_transaction,
    "orphan-account": orphan_account,
    "wrong-encoding": wrong_encoding,
    "missing-column": missing_column,
    "empty-file": empty_file,
    "missing-file": missing_file,
    "bad-birth-number": bad_birth_number,
}


def _file(folder: Path, name: str) -> Path:
    file = folder / CORE / f"{name}.asc.gz"
    if not file.is_file():
        raise NothingToDamageError(file, "no such file")
    return file


def _replace(file: Path, change: Callable[[Iterator[bytes]], Iterator[bytes]]) -> None:
    """Rewrite a file line by line through a neighbour that takes its place at the end."""
    neighbour = file.with_name(f"{file.name}.damaged")
    with (
        gzip.open(file, "rb") as source,
        neighbour.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0) as target,
    ):
        target.writelines(change(iter(source)))
    shutil.move(neighbour, file)


def _rewrite(file: Path, change: Callable[[bytes], bytes]) -> int:
    """Change one line and return its number."""
    with gzip.open(file, "rb") as source:
        lines = sum(1 for _, _ in zip(source, range(LINE_TO_DAMAGE), strict=False))
    if lines <= 1:
        raise NothingToDamageError(file, "no rows to damage")

    def changed(source: Iterator[bytes]) -> Iterator[bytes]:
        for number, line in enumerate(source, start=1):
            yield change(line) if number == lines else line

    _replace(file, changed)
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, damage the export, and say what was done."""
    parser = argparse.ArgumentParser(prog="demo_bank.corrupt", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder written by demo_bank")
    parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=f"one of {', '.join(KINDS)}")
    options = parser.parse_args(arguments)
    try:
        print(corrupt(options.folder, options.kind))
    except NothingToDamageError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
