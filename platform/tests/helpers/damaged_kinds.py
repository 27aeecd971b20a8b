"""Files of each kind as records, so that tests can damage single records: writers, declarations, and what lines say."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import document_samples
import message_samples
import polars as pl
import pyarrow as pa
from camt_samples import Entry, Statement, camt
from copybook_samples import declare, packed, text, zoned
from fix_samples import COLUMNS as FIX_COLUMNS
from fix_samples import message
from ledger_samples import nacha_batch, nacha_entry, nacha_file
from message_samples import columns_of
from pyarrow import parquet

from bankmesh.sources import read_system

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

C = "classification: internal, description: D."
COLUMNS = f"""\
      n: {{type: long, required: true, %s{C}}}
      t: {{type: string, required: true, %s{C}}}
      a: {{type: "decimal(9,2)", required: true, %s{C}}}
"""
TEXT_HEAD = """\
system: legacy
description: A system.
owner: team
format: %s
objects:
  thing:
    description: Things.
    files: ["thing.txt"]
    rejects_tolerated: 100%%
    may_be_empty: true
    columns:
"""
Row = tuple[object, ...]


@dataclass(frozen=True)
class Kind:
    """A kind of files.

    `write` gives the bytes of each record, with a head and a tail; `declared` the object. `counted` returns the number
    of records of a file, `said` the rows that its records say, where a few lines can do that; both are None for kinds
    in which damage may change what is a record. In framed kinds the beginning of a record ends the one before, so that
    both are one reject if it is damaged. `packed` makes the file of its content. A file `is_whole` if a checksum covers
    it: it lands as it was, or not at all. Records are covered if a checksum or the totals of the file leave no other
    value of a column possible: they land as they were, or not at all.
    """

    name: str
    file: str
    declared: Callable[[Path], object]
    write: Callable[[int], tuple[bytes, list[bytes], bytes]]
    counted: Callable[[bytes], int] | None = None
    said: Callable[[bytes], set[Row]] | None = None
    per_file: int = 1
    is_framed: bool = False
    packed: Callable[[bytes], bytes] = bytes
    is_whole: bool = False
    is_covered: bool = False


def amount(at: int) -> Decimal:
    return Decimal(at * 7919 % 999_983 - 500_000) / 100


def from_yaml(written: str, columns: str):
    def declared(base: Path):
        (base / "legacy.yaml").write_text(TEXT_HEAD % written + columns, encoding="utf-8")
        return read_system(base / "legacy.yaml").objects[0]

    return declared


def lines_of(content: bytes) -> list[str]:
    lines = [line.removesuffix("\r") for line in content.decode().removesuffix("\n").split("\n")]
    return [line for line in lines if line]


def write_text(n: int):
    return b"n;t;a\n", [f"{at};name {at};{amount(at):.2f}\n".encode() for at in range(n)], b""


def text_rows(content: bytes) -> set[Row]:
    return {row for line in lines_of(content)[1:] if (row := row_of(line.split(";")))}


def row_of(fields: list[str]) -> Row | None:
    if len(fields) != 3 or not re.fullmatch(r"[+-]?[0-9]+", fields[0], re.ASCII) or not fields[1]:
        return None
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]{1,2})?", fields[2], re.ASCII):
        return None
    return int(fields[0]), fields[1], Decimal(fields[2])


FIXED = "{kind: fixed_width, encoding: utf-8, record_length: 28, padding: right}"


def write_fixed(n: int):
    return b"", [f"{at:06}{f'name {at}':12}{amount(at):10.2f}\n".encode() for at in range(n)], b""


def fixed_rows(content: bytes) -> set[Row]:
    found = set()
    for line in lines_of(content):
        fields = [line[:6].rstrip(" "), line[6:18].rstrip(" "), line[18:].lstrip(" ")]
        if len(line) == 28 and (row := row_of(fields)):
            found.add(row)
    return found


def write_json(n: int):
    rows = ({"n": at, "t": f"name {at}", "a": float(amount(at))} for at in range(n))
    return b"", [json.dumps(row).encode() + b"\n" for row in rows], b""


def json_rows(content: bytes) -> set[Row]:
    found = set()
    for line in content.split(b"\n"):
        try:
            given = json.loads(line, parse_float=Decimal, object_pairs_hook=unique)
            found.add((given["n"], given["t"], Decimal(given["a"])))
        except (ValueError, TypeError, KeyError, ArithmeticError):
            continue
    return found


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError
    return dict(pairs)


def write_parquet(n: int):
    """The pages of a file with checksums are its records; its footer is the tail."""
    made = io.BytesIO()
    frame = pl.DataFrame(
        {"n": range(n), "t": [f"name {at}" for at in range(n)], "a": [str(amount(at)) for at in range(n)]}
    )
    table = frame.to_arrow().cast(pa.schema([("n", pa.int64()), ("t", pa.string()), ("a", pa.string())]))
    parquet.write_table(table, made, write_page_checksum=True, use_dictionary=False)
    content = made.getvalue()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return content[:4], [content[4:footer]], content[footer:]


COPYBOOK = """
01  LOAN-RECORD.
    05  LOAN-ID    PIC 9(6).
    05  NAME       PIC X(12).
    05  AMOUNT     PIC S9(7)V99 COMP-3.
"""
COPYBOOK_COLUMNS = f"""
LOAN-ID: {{type: long, as: n, required: true, {C}}}
NAME: {{type: string, as: t, required: true, {C}}}
AMOUNT: {{type: "decimal(9,2)", as: a, required: true, {C}}}
"""


def write_copybook(n: int):
    return b"", [zoned(at, 6) + text(f"name {at}", 12) + packed(amount(at), 9, 2, signed=True) for at in range(n)], b""


def copybook_rows(content: bytes) -> set[Row]:
    found = set()
    for record in (content[at : at + 23] for at in range(0, len(content), 23)):
        digits = record[18:].hex()
        if re.fullmatch(b"[\xf0-\xf9]{6}", record[:6]) and re.fullmatch("[0-9]{9}[a-f]", digits):
            sign = -1 if digits[-1] in "bd" else 1
            found.add(
                (
                    int(record[:6].hex()[1::2]),
                    record[6:18].decode("cp273").rstrip(" "),
                    sign * Decimal(int(digits[:9])) / 100,
                )
            )
    return found


def declare_copybook(base: Path):
    return declare(base, COPYBOOK, COPYBOOK_COLUMNS, more="rejects_tolerated: 100%\nmay_be_empty: true").objects[0]


def write_xml(n: int):
    items = [f'<Item id="{at}"><T>name {at}</T><A>{amount(at):.2f}</A></Item>\n'.encode() for at in range(n)]
    return b"<Message>\n", items, b"</Message>\n"


def xml_rows(content: bytes) -> set[Row]:
    try:
        items = list(ET.fromstring(content))  # noqa: S314 - a file of our own making
    except ET.ParseError:
        return set()
    fields = [[item.get("id", "").strip(), item.findtext("T", ""), item.findtext("A", "").strip()] for item in items]
    return {row for each in fields if (row := row_of(each))}


XML_COLUMNS = f"""
id: {{path: "@id", type: long, required: true, {C}}}
t: {{path: T, type: string, required: true, {C}}}
a: {{path: A, type: "decimal(9,2)", required: true, {C}}}
"""


def write_camt(n: int):
    made = camt([Statement(entries=[Entry(abs(amount(at)) + 1, amount(at) >= 0) for at in range(n)])])
    return b"", [made.encode() if isinstance(made, str) else made], b""


def write_mt940(n: int):
    cents = [int(amount(at) * 100) or 1 for at in range(n)]
    money = [f"{abs(c) // 100},{abs(c) % 100:02}" for c in cents]
    lines = [
        f":61:2401020102{'C' if c > 0 else 'D'}{m}NTRFR{at}\n"
        for at, (c, m) in enumerate(zip(cents, money, strict=True))
    ]
    total = sum(cents)
    end = f":62F:{'C' if total >= 0 else 'D'}240102EUR{abs(total) // 100},{abs(total) % 100:02}\n-\n"
    return b":20:R\n:25:ACC\n:28C:1\n:60F:C240101EUR0,\n", [line.encode() for line in lines], end.encode()


def write_nacha(n: int):
    entries = [nacha_entry(amount=abs(int(amount(at) * 100)) + 1, trace=f"09100001{at:07}") for at in range(1, n + 1)]
    return b"", [nacha_file(nacha_batch(*entries)).encode()], b""


def write_bai2(n: int):
    cents = [abs(int(amount(at) * 100)) + 1 for at in range(n)]
    total = sum(cents)
    lines = [f"16,{195 if at % 2 else 495},{c},,R{at},,TEXT\n".encode() for at, c in enumerate(cents)]
    end = f"49,{total},{n + 2}/\n98,{total},1,{n + 4}/\n99,{total},1,{n + 6}/\n"
    return b"01,A,B,240102,0630,1,,,2/\n02,B,A,1,240101,,,2/\n03,ACC,EUR,,,,/\n", lines, end.encode()


def write_fix(n: int):
    return b"", [(message(f"17=E{at}|54=1|31={abs(amount(at)) + 1}|", at + 1) + "\n").encode() for at in range(n)], b""


def of_messages(kind: str, record: str, columns: str):
    return lambda base: message_samples.declared(base, f"{{kind: {kind}}}", {record: columns})[record]


ENTRY = columns_of(signed_amount="decimal")
KINDS = [
    Kind("text", "thing.txt", from_yaml('{delimiter: ";", quote: null}', COLUMNS % ("", "", "")), write_text,
         lambda content: len(lines_of(content)) - 1, text_rows, per_file=40),
    Kind("fixed_width", "thing.txt", from_yaml(FIXED, COLUMNS % ("start: 1, length: 6, ", "start: 7, length: 12, ",
         "start: 19, length: 10, padding: left, ")), write_fixed, lambda content: len(lines_of(content)), fixed_rows, per_file=40),
    Kind("json_lines", "thing.txt", from_yaml("{kind: json_lines}", COLUMNS % ("", "", "")), write_json,
         counted=lambda content: sum(bool(line.strip()) for line in content.split(b"\n")),
        said=json_rows, per_file=40),
    Kind("copybook", "thing.bin", declare_copybook, write_copybook, lambda content: len(content) // 23, copybook_rows, per_file=40),
    Kind("parquet", "thing.txt", from_yaml("{kind: parquet}", COLUMNS % ("", "", "")), write_parquet, is_whole=True),
    Kind("xml", "thing.txt", lambda base: document_samples.declared(base, "xml, rows: /Message/Item", XML_COLUMNS), write_xml,
         said=xml_rows),
    Kind("camt053", "thing.txt", lambda base: document_samples.declared(base, "camt053",
         f'signed_amount: {{type: "decimal(18,2)", {C}}}', more="record: entry\n"), write_camt, is_covered=True),
    Kind("mt940", "day.txt", of_messages("mt940", "entry", ENTRY), write_mt940, is_covered=True),
    Kind("nacha", "day.txt", of_messages("nacha", "entry", ENTRY), write_nacha, is_covered=True),
    Kind("bai2", "day.txt", of_messages("bai2", "transaction", columns_of(amount="decimal")), write_bai2, is_covered=True),
    Kind("fix", "day.txt", of_messages("fix", "execution_report", FIX_COLUMNS), write_fix, is_framed=True, is_covered=True),
]  # fmt: skip
