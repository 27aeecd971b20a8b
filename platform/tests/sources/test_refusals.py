"""A file that is refused as a whole: its message counts what was read before and names the rejects among it."""

import re
from decimal import Decimal

import document_samples
import pytest
from camt_samples import pain
from copybook_samples import declare, text
from message_samples import columns_of, declared

from bankmesh.errors import LegacyFileError
from bankmesh.sources import land, land_object, latest_refusal, read_system

C = "classification: internal, description: A."
TRAILER = "end_lines: ['END (?P<count>[0-9]+)'], totals: [{count: rows, group: count}]"
FIXED = """\
system: legacy
description: A system.
owner: team
format:
  kind: fixed_width
  record_length: 6
  padding: right
  selector: {start: 1, length: 1}
  records:
    row: {value: "1"}
    end: {value: "9", role: trailer, totals: [{count: row, start: 2, length: 5, padding: left}]}
objects:
  thing:
    description: Things.
    files: ["thing.txt"]
    record: row
    columns:
      n: {start: 2, length: 5, type: long, required: true, classification: restricted, description: N.}
"""


def refusal_of(obj, folder, content, file):
    (folder / file).write_bytes(content)
    target = folder / "out"
    target.mkdir(exist_ok=True)
    with pytest.raises(LegacyFileError) as found:
        land(obj, folder, target)
    return str(found.value)


def read_before(message):
    """Return records, rejects, and what the message says of each reject."""
    match = re.search(r"Rejects among the ([0-9,]+) records read before that: ([0-9,]+)(?: \((.*)\))?\.$", message)
    assert match, message
    return int(match[1].replace(",", "")), int(match[2].replace(",", "")), match[3]


def test_text_whose_trailer_counts_a_line_that_is_no_record(exports):
    obj = exports.declare(written=TRAILER)
    content = b"n;t;a\n1;x;2.5\n2;secret\n3;z\n\n" + b"9;z;1\n" * 7 + b"END 11\n"
    message = refusal_of(obj, exports.base, content, "thing.txt")
    assert "states 11 records; the file has 10" in message
    assert read_before(message) == (10, 2, "line 3: 2 fields instead of 3; line 4: 2 fields instead of 3")
    assert "secret" not in message


def test_fixed_width_whose_trailer_counts_a_damaged_record(tmp_path):
    (tmp_path / "legacy.yaml").write_text(FIXED, encoding="utf-8")
    [obj] = read_system(tmp_path / "legacy.yaml").objects
    message = refusal_of(obj, tmp_path, b"100001\n10002\n1SECRE\n9    3\n", "thing.txt")
    assert read_before(message) == (3, 2, "line 2: 5 characters instead of 6; line 3: n cannot be read as long")
    message = refusal_of(obj, tmp_path, b"10002\n9    1\n100001\n", "thing.txt")
    assert "line 3 follows the end record" in message
    assert read_before(message) == (2, 1, "line 1: 5 characters instead of 6")
    assert read_before(refusal_of(obj, tmp_path, b"100001\n9    7\n", "thing.txt")) == (1, 0, None)


def test_copybooks_whose_trailer_is_not_last(tmp_path):
    book = "01 R.\n   05 T PIC X.\n   05 N PIC 9(5).\n"
    more = "rejects_tolerated: 0\n"
    obj = declare(
        tmp_path, book, f"N: {{type: long, as: n, required: true, {C}}}\nT: {{type: string, as: t, {C}}}", more=more
    ).objects[0]
    message = refusal_of(obj, tmp_path, text("A", 1) + text("SECRE", 5) + b"\x01", "thing.bin")
    assert "bytes after record 1" in message
    assert read_before(message)[:2] == (1, 1)
    assert "SECRE" not in message


@pytest.mark.parametrize(
    ("kind", "record", "content", "reason"),
    [
        ("mt940", "entry", (":20:R\n:25:A\n:28C:1\n:60F:C240101EUR0,\n:61:240101C1,NTRF\n:61:24x101C1,NTRFSECRET\n"
         ":62F:C240101EUR2,\n-\n"), "line 6: :61: is not built of"),
        ("bai2", "transaction", ("01,A,B,240102,0630,1,,,2/\n02,B,A,1,240101,,,2/\n03,ACC,EUR,,,,/\n16,195,1,Q,SECRET,,\n"
         "49,1,3/\n98,1,1,5/\n99,2,1,7/\n"), "line 4: "),
        ("fix", "execution_report", "8=FIX.4.4\x0135=8\x0149=SECRET\n8=FIX", "line 1: "),
    ],
)  # fmt: skip
def test_messages_name_the_records_that_are_rejects_before_the_fault(tmp_path, kind, record, content, reason):
    columns = columns_of(sequence_number="long") if kind == "fix" else columns_of(amount="decimal")
    obj = declared(tmp_path, f"{{kind: {kind}}}", {record: columns})[record]
    records, rejects, named = read_before(refusal_of(obj, tmp_path, content.encode(), "day.txt"))
    assert (records >= 1, rejects) == (True, 1)
    assert named.startswith(reason)
    assert "SECRET" not in named


def test_documents_name_the_records_that_are_rejects_before_the_fault(tmp_path):
    columns = f'amount: {{type: "decimal(5,2)", required: true, {C}}}'
    obj = document_samples.declared(tmp_path, "pain001", columns, more="record: payment\n")
    message = refusal_of(obj, tmp_path, pain([[Decimal("1.234"), Decimal(2)]], total=99), "thing.txt")
    assert "CtrlSum does not agree" in message
    assert read_before(message) == (2, 1, "line 1: amount cannot be read as decimal(5,2)")
    obj = document_samples.declared(tmp_path, "xml, rows: /M/I", f"N: {{type: long, as: n, required: true, {C}}}")
    message = refusal_of(obj, tmp_path, b"<M><I><N>secret</N></I><I><N>2</N></I><I>", "thing.txt")
    assert read_before(message) == (2, 1, "line 1: N cannot be read as long")
    obj = document_samples.declared(tmp_path, "json", f"n: {{type: long, required: true, {C}}}")
    message = refusal_of(obj, tmp_path, b'[{"n": "secret"}, {"n": 2}, {"n": 3]', "thing.txt")
    assert read_before(message) == (2, 1, "line 1: n a text, where a number is declared")


def test_many_rejects_are_counted_and_five_of_them_named(exports):
    obj = exports.declare(written=TRAILER)
    content = b"n;t;a\n" + b"x;y;1\n" * 1200 + b"END 7\n"
    records, rejects, named = read_before(refusal_of(obj, exports.base, content, "thing.txt"))
    assert (records, rejects, named.count("line "), named[-16:]) == (1200, 1200, 5, "; and 1,195 more")


def test_a_landing_counts_the_rejects_of_each_file(exports):
    obj = exports.declare(more="rejects_tolerated: 100%", file="thing*.txt")
    for name, rows in (("thing1.txt", b"1;x;1\nx;y;2\n"), ("thing2.txt", b"2;x;1\n"), ("thing3.txt", b"x\ny\n3;x;1\n")):
        exports.write(b"n;t;a\n" + rows, name)
    landing = exports.land(obj)
    assert landing.rejects_by_file == "thing1.txt 1 of 2, thing3.txt 2 of 3"
    assert type(landing).read(landing.folder).rejects_by_file == landing.rejects_by_file
    alone = exports.declare(more="rejects_tolerated: 100%", file="thing1.txt")
    assert exports.land(alone).rejects_by_file == ""


def test_the_refusal_of_the_last_attempt_is_kept_until_the_next(exports, tmp_path):
    obj, home = exports.declare(), tmp_path / "home"
    places = (home, "retail", obj.system, obj.name)
    exports.write(b"n;t;a\n1;x;2.5\n")
    land_object(obj, exports.base, home, "retail")
    assert latest_refusal(*places) is None
    exports.write(b"n;t\n1;secret\n")
    for _ in range(2):
        with pytest.raises(LegacyFileError) as found:
            land_object(obj, exports.base, home, "retail")
    assert latest_refusal(*places).message == str(found.value)
    exports.write(b"n;t;a\n1;x;2.5\n")
    assert land_object(obj, exports.base, home, "retail").rows == 1
    assert latest_refusal(*places) is None
    (exports.base / "thing.txt").unlink()
    with pytest.raises(LegacyFileError):
        land_object(obj, exports.base, home, "retail")
    assert "thing.txt" in latest_refusal(*places).message
