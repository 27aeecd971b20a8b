"""Documents and reports whose single records tests can damage, and what their records say by a second, plain reading."""

from __future__ import annotations

import io
import json
import re
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import document_samples
import message_samples
from camt_samples import Entry, Payment, Statement, camt, pain
from damaged_kinds import C, Kind, Row, amount, unique
from excel_samples import number, row, sheet, text, workbook
from message_samples import columns_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

Written = tuple[bytes, list[bytes], bytes]
BLANKS = " \t\r\n"


def declare_document(written: str, columns: str, more: str = "", file: str = "thing.*") -> Callable[[Path], object]:
    return lambda base: document_samples.declared(base, written, columns, more=f"{more}may_be_empty: true\n", file=file)


def write_json(n: int) -> Written:
    rows = [json.dumps({"n": at, "t": f"name {at}", "a": float(amount(at))}).encode() for at in range(n)]
    return b'{"made": "2024-05-31", "items": [\n', [*(row + b",\n" for row in rows[:-1]), rows[-1] + b"\n"], b"]}\n"


JSON_COLUMNS = f"""
n: {{type: long, required: true, {C}}}
t: {{type: string, required: true, {C}}}
a: {{type: "decimal(9,2)", required: true, {C}}}
"""


def json_items(content: bytes) -> list[object] | None:
    try:
        return json.loads(content.decode(), parse_float=Decimal, object_pairs_hook=lambda pairs: pairs)[1][1]
    except (ValueError, TypeError, IndexError):
        return None


def json_rows(content: bytes) -> set[Row]:
    found = set()
    for pairs in json_items(content) or ():
        try:
            given = unique(pairs)
            found.add((given["n"], given["t"], Decimal(given["a"])))
        except (ValueError, TypeError, KeyError, ArithmeticError):
            continue
    return found


def split_elements(content: bytes, name: bytes) -> Written:
    """Cut a message into its elements of that name, and what is before and behind them."""
    first, last = content.index(b"<" + name + b">"), content.rindex(b"</" + name + b">")
    inside = content[first : last + len(name) + 3]
    return content[:first], re.findall(b"<" + name + b">.*?</" + name + b">", inside), content[last + len(name) + 3 :]


def write_camt(kind: str, version: int) -> Callable[[int], Written]:
    def write(n: int) -> Written:
        entries = [
            Entry(abs(amount(at)) + 1, amount(at) >= 0, reference=f"R{at}", payments=(Payment(end_to_end=f"E{at}"),))
            for at in range(n)
        ]
        return split_elements(camt([Statement(entries=entries)], version, kind), b"Ntry")

    return write


def elements_of(content: bytes, name: str) -> list[Element]:
    """Return the elements of that name in any namespace; none of a document that is not well formed."""
    try:
        root = ET.fromstring(content)  # noqa: S314 - a file of our own making
    except ET.ParseError:
        return []
    return [element for element in root.iter() if element.tag.rpartition("}")[2] == name]


def texts_below(element: Element, path: str) -> Iterator[str]:
    first, _, rest = path.partition("/")
    for child in element:
        if child.tag.rpartition("}")[2] == first:
            if rest:
                yield from texts_below(child, rest)
            else:
                yield (child.text or "").strip(BLANKS)


def text_at(element: Element, path: str) -> str | None:
    """Return the only text at a path; None if it is empty or absent. Raises ValueError if it is repeated."""
    found = list(texts_below(element, path))
    if len(found) > 1:
        raise ValueError(path)
    return found[0] or None if found else None


def currency_at(element: Element, path: str) -> str:
    names = path.split("/")
    for name in names:
        element = next(child for child in element if child.tag.rpartition("}")[2] == name)
    currency = element.get("Ccy", "").strip(BLANKS)
    if not re.fullmatch("[A-Z]{3}", currency):
        raise ValueError(path)
    return currency


def camt_rows(content: bytes) -> set[Row]:
    found = set()
    for entry in elements_of(content, "Ntry"):
        try:
            side = {"CRDT": 1, "DBIT": -1}[text_at(entry, "CdtDbtInd") or ""]
            found.add((
                text_at(entry, "NtryRef"), Decimal(text_at(entry, "Amt") or "x") * side, currency_at(entry, "Amt"),
                text_at(entry, "BookgDt/Dt"), text_at(entry, "NtryDtls/TxDtls/Refs/EndToEndId"),
            ))  # fmt: skip
        except (ValueError, KeyError, StopIteration, ArithmeticError):
            continue
    return found


CAMT_COLUMNS = f"""
entry_reference: {{type: string, {C}}}
signed_amount: {{type: "decimal(18,2)", required: true, {C}}}
currency: {{type: string, required: true, {C}}}
booking_date: {{type: string, {C}}}
end_to_end_id: {{type: string, {C}}}
"""


def write_pain(n: int) -> Written:
    return split_elements(pain([[abs(amount(at)) + 1 for at in range(n)]]), b"CdtTrfTxInf")


def pain_rows(content: bytes) -> set[Row]:
    found = set()
    for each in elements_of(content, "CdtTrfTxInf"):
        try:
            found.add((
                text_at(each, "PmtId/EndToEndId"), Decimal(text_at(each, "Amt/InstdAmt") or "x"),
                currency_at(each, "Amt/InstdAmt"), text_at(each, "Cdtr/Nm"),
            ))  # fmt: skip
        except (ValueError, StopIteration, ArithmeticError):
            continue
    return found


PAIN_COLUMNS = f"""
end_to_end_id: {{type: string, {C}}}
amount: {{type: "decimal(18,2)", required: true, {C}}}
currency: {{type: string, required: true, {C}}}
creditor_name: {{type: string, {C}}}
"""


def write_mt942(n: int) -> Written:
    cents = [int(amount(at) * 100) or 1 for at in range(n)]
    lines = [
        f":61:2401020102{'C' if c > 0 else 'D'}{abs(c) // 100},{abs(c) % 100:02}NTRFR{at}\n:86:TEXT {at}\n".encode()
        for at, c in enumerate(cents)
    ]
    end = ""
    for letter, side in (("D", [-c for c in cents if c < 0]), ("C", [c for c in cents if c > 0])):
        end += f":90{letter}:{len(side)}EUR{sum(side) // 100},{sum(side) % 100:02}\n"
    head = b":20:R\n:25:ACC\n:28C:1\n:34F:EUR0,\n:13D:2401021200+0100\n"
    return head, lines, f"{end}-\n".encode()


def without_totals(write: Callable[[int], Written]) -> Callable[[int], Written]:
    return lambda n: (*write(n)[:2], b"-\n")


ENTRY = re.compile(
    r":61:(\d{6})(\d{4})?(R?[CD])[A-Z]?(\d+,\d*)([SNF][A-Z0-9]{3})((?:(?!//).){0,16})(?://.{0,16})?", re.ASCII
)
SWIFT_COLUMNS = columns_of(
    signed_amount="decimal", transaction_type="string", owner_reference="string", information="string"
)


def swift_rows(content: bytes) -> set[Row]:
    found = set()
    for entry in re.split(r"^(?=:61:)", content.decode("latin-1"), flags=re.MULTILINE)[1:]:
        lines = [line.removesuffix("\r") for line in re.split(r"\n(?=:(?:9|6)|-$)", entry)[0].split("\n") if line]
        first = ENTRY.fullmatch(lines[0])
        if first is None:
            continue
        at = next((at for at, line in enumerate(lines) if line.startswith(":86:")), len(lines))
        sign = -1 if first[3] in {"D", "RC"} else 1
        information = "\n".join(lines[at:]).removeprefix(":86:")
        found.add((sign * Decimal(first[4].replace(",", ".")), first[5], first[6] or None, information or None))
    return found


def counted_by(pattern: bytes) -> Callable[[bytes], int]:
    return lambda content: len(re.findall(pattern, content, re.MULTILINE))


def write_rows(n: int) -> Written:
    rows = [
        row(at + 2, number(at), text(f"name {at}"), number(f"{amount(at):.2f}")).encode() + b"\n" for at in range(n)
    ]
    head, tail = sheet(row(1, text("n"), text("t"), text("a")), "@").encode().split(b"@")
    return head, rows, tail


def in_workbook(content: bytes) -> bytes:
    """Put a sheet, which may be damaged, into a sound workbook."""
    made, held = io.BytesIO(workbook({"a": ""})), io.BytesIO()
    with zipfile.ZipFile(made) as given, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in given.namelist():
            archive.writestr(name, content if name.endswith("sheet1.xml") else given.read(name))
    return held.getvalue()


def write_workbook(n: int) -> Written:
    head, rows, tail = write_rows(n)
    return b"", [in_workbook(head + b"".join(rows) + tail)], b""


def sheet_rows(content: bytes) -> set[Row]:
    found = set()
    for line in elements_of(content, "row")[1:]:
        cells: dict[str, str] = {}
        for at, cell in enumerate(line):
            value = "".join(each.text or "" for each in cell.iter() if each.tag.rpartition("}")[2] in {"v", "t"})
            cells[(cell.get("r") or "ABC"[at : at + 1])[:1]] = value.strip(BLANKS) if cell.get("t") is None else value
        try:
            found.add((int(Decimal(cells["A"])), cells["B"], Decimal(cells["C"])))
        except (KeyError, ArithmeticError, ValueError):
            continue
    return found


DOCUMENTS = [
    Kind("json", "thing.txt", declare_document("json, rows: '$.items[*]'", JSON_COLUMNS), write_json,
         lambda content: len(items) if (items := json_items(content)) is not None else -1, json_rows, per_file=2),
    Kind("camt054", "thing.txt", declare_document("camt054", CAMT_COLUMNS, "record: transaction\n"), write_camt("054", 8),
         lambda content: len(elements_of(content, "Ntry")), camt_rows, per_file=2),
    Kind("camt053_entries", "thing.txt", declare_document("camt053", CAMT_COLUMNS, "record: transaction\n"), write_camt("053", 2),
         lambda content: len(elements_of(content, "Ntry")), camt_rows),
    Kind("pain001", "thing.txt", declare_document("pain001", PAIN_COLUMNS, "record: payment\n"), write_pain,
         lambda content: len(elements_of(content, "CdtTrfTxInf")), pain_rows),
    Kind("mt942", "day.txt", lambda base: declare_swift(base, "mt942"), write_mt942, counted_by(b"^:61:"), swift_rows),
    Kind("mt942_without_totals", "day.txt", lambda base: declare_swift(base, "mt942"), without_totals(write_mt942),
         counted_by(b"^:61:"), swift_rows, per_file=4, is_framed=True),
    Kind("excel", "thing.xlsx", declare_document("excel", JSON_COLUMNS), write_rows,
         lambda content: len(elements_of(content, "row")) - 1, sheet_rows, per_file=2, packed=in_workbook),
    Kind("excel_file", "thing.xlsx", declare_document("excel", JSON_COLUMNS), write_workbook, is_whole=True),
]  # fmt: skip


def declare_swift(base: Path, kind: str) -> object:
    return message_samples.declared(base, f"{{kind: {kind}}}", {"entry": SWIFT_COLUMNS})["entry"]
