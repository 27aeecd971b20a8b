"""Writes records of mainframes from values, by the published representations, and lands them."""

from __future__ import annotations

import textwrap
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

import polars as pl

from bankmesh.sources import land, read_system

if TYPE_CHECKING:
    from pathlib import Path

SIGN_CODES = {"+": 0xC, "-": 0xD, "": 0xF}


def fixed_form(source: str) -> str:
    """Return a copybook with its text from column 8 on."""
    return "".join(f"       {line}\n" for line in textwrap.dedent(source).strip("\n").splitlines())


def text(value: str, size: int, page: str = "cp273") -> bytes:
    return value.ljust(size).encode(page)


def digits_of(number: Decimal | int, digits: int, scale: int) -> str:
    """Return the digits of a number's magnitude, which must fit."""
    with localcontext(prec=40):  # 28 digits by default, fewer than a field may have
        found = str(int(abs(Decimal(number)).scaleb(scale))).zfill(digits)
    assert len(found) == digits
    return found


def zoned(number, digits, scale=0, *, signed=False, leading=False, separate=False) -> bytes:
    """Return a number of USAGE DISPLAY."""
    body = bytearray(0xF0 + int(digit) for digit in digits_of(number, digits, scale))
    if not signed:
        return bytes(body)
    if separate:
        sign = b"\x60" if number < 0 else b"\x4e"
        return sign + bytes(body) if leading else bytes(body) + sign
    at = 0 if leading else -1
    body[at] = (0xD0 if number < 0 else 0xC0) + (body[at] & 0x0F)
    return bytes(body)


def packed(number, digits, scale=0, *, signed=False) -> bytes:
    """Return a number of USAGE COMP-3."""
    sign = ("D" if number < 0 else "C") if signed else "F"
    return bytes.fromhex((digits_of(number, digits, scale) + sign).zfill(digits // 2 * 2 + 2))


def binary(number, size, scale=0, *, signed=False) -> bytes:
    """Return a number of USAGE COMP or COMP-5."""
    return int(Decimal(number).scaleb(scale)).to_bytes(size, "big", signed=signed)


def with_word(record: bytes) -> bytes:
    """Return a record behind its descriptor word."""
    return (len(record) + 4).to_bytes(2, "big") + b"\0\0" + record


def with_block_word(records: list[bytes]) -> bytes:
    """Return a block of records with descriptor words."""
    body = b"".join(map(with_word, records))
    return (len(body) + 4).to_bytes(2, "big") + b"\0\0" + body


def declare(base: Path, copybook: str, columns: str, written: str = "", *, more: str = "", objects: str = ""):
    """Declare an object `thing` of files `thing.bin` with a copybook in fixed form; return its system."""
    (base / "thing.cpy").write_text(fixed_form(copybook), encoding="utf-8")
    (base / "legacy.yaml").write_text(
        "\n".join(
            [
                "system: legacy",
                "description: A system.",
                "owner: team",
                f"format: {{kind: copybook, copybook: thing.cpy, encoding: cp273{written and ', ' + written}}}",
                "objects:",
                "  thing:",
                "    description: Things.",
                '    files: ["thing.bin*"]',
                textwrap.indent(textwrap.dedent(more).strip("\n"), "    "),
                "    columns:",
                textwrap.indent(textwrap.dedent(columns).strip("\n"), "      "),
                textwrap.indent(textwrap.dedent(objects).strip("\n"), "  "),
            ]
        ),
        encoding="utf-8",
    )
    return read_system(base / "legacy.yaml")


def landed(obj, base: Path, content: bytes, *, block_bytes: int = 1 << 20):
    """Land an object of a file with that content."""
    (base / "thing.bin").write_bytes(content)
    target = base / f"landing-{len(list(base.glob('landing-*')))}"
    target.mkdir()
    return land(obj, base, target, block_bytes=block_bytes)


def column(header: str, kind: str, name: str, more: str = "") -> str:
    """Return the declaration of a column."""
    options = f", {more}" if more else ""
    return f'"{header}": {{type: "{kind}", as: {name}, classification: internal, description: A field.{options}}}'


def rows_of(landing):
    return pl.read_parquet(landing.rows_paths).rows()


def rejects_of(landing):
    """Record number, column and reason of each reject."""
    return pl.read_parquet(landing.rejects_paths).select("line", "column", "reason").rows()
