"""Damages an export in a named, realistic way, to show or to test how a reader handles it.

`python -m demo_bank.corrupt DIR KIND` where DIR is a folder written by `demo_bank`. Each kind changes one
file and reports the line; a second run damages the same place again. The result is as deterministic as the
export.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from demo_bank import corrupt_service, corrupt_trading
from demo_bank.damage import Damage, NothingToDamageError, existing, replace_lines, rewrite_line
from demo_bank.late_rows import late_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CORE: Final = Path("berka_pkdd99")
NO_SUCH_ACCOUNT: Final = 999_999_999


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
    """Give a transaction a type that is in no code table."""
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
    """Remove the column k_symbol from the transaction file, including the header."""
    file = _file(folder, "trans")

    def without(lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            fields = line.split(b";")
            yield b";".join(fields[:7] + fields[8:])

    replace_lines(file, without)
    return Damage("missing-column", file, None, "has no column k_symbol")


def empty_file(folder: Path) -> Damage:
    """Make a compressed file empty, without even a header."""
    file = _file(folder, "disp")
    replace_lines(file, lambda _: iter(()))
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
    "late-rows": late_rows,
    "truncated-trade": corrupt_trading.truncated_trade,
    "unknown-trade-status": corrupt_trading.unknown_trade_status,
    "missing-price-column": corrupt_trading.missing_price_column,
    "duplicate-complaint": corrupt_service.duplicate_complaint,
    "bad-complaint-date": corrupt_service.bad_complaint_date,
}


def _file(folder: Path, name: str) -> Path:
    return existing(folder / CORE / f"{name}.asc.gz")


def _rewrite(file: Path, change: Callable[[bytes], bytes]) -> int:
    return rewrite_line(file, lambda _, line: change(line))


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, damage the export, and print a summary."""
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
