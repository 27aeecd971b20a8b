"""Fixed-width files: positions, padding, record types, parents, control totals, and what is refused whole."""

import datetime as dt
import gzip
import re
from decimal import Decimal

import polars as pl
import pytest

from bankmesh.errors import LegacyFileError
from bankmesh.lineage.landing_lineage import heading, landing_lineage
from bankmesh.orchestration.assets.landing_assets import _other_records
from bankmesh.sources import land, land_object, read_system
from bankmesh.sources.landing_record import Landing

PLAIN = """\
system: host
description: A system.
owner: team
format: {kind: fixed_width, encoding: ascii, record_length: 22, padding: right%s}
objects:
  thing:
    description: Things.
    files: ["thing.txt*"]
    rejects_tolerated: 100%%
    columns:
      n: {start: 1, length: 4, type: long, required: true, classification: internal, description: A number.}
      t: {start: 5, length: 6, type: string, classification: restricted, description: A text.}
      a: {start: 11, length: 8, type: "decimal(9,2)", decimals: 2, minus: trailing, classification: internal, description: A.}
"""
BATCHES = """\
system: host
description: A system.
owner: team
format:
  kind: fixed_width
  encoding: ascii
  record_length: 30
  padding: right
  selector: {start: 1, length: 2}
  records:
    opening: {value: "00", role: header, totals: [{count: batch, start: 11, length: 4}]}
    batch: {value: "10"}
    item: {value: ["20", "21"]}
    closing:
      value: "99"
      role: trailer
      totals:
        - {count: [opening, batch, item, closing], start: 3, length: 6}
        - {sum: amount, of: item, start: 9, length: 12, decimals: 2}
objects:
  batch:
    description: Batches.
    files: ["day.txt"]
    record: batch
    line_as: line
    rejects_tolerated: 100%
    columns:
      batch_id: {start: 3, length: 5, type: long, required: true, classification: internal, description: Key.}
      day: {from: opening, start: 3, length: 8, type: date, format: "%Y%m%d", classification: internal, description: Day.}
  item:
    description: Items.
    files: ["day.txt"]
    record: item
    may_be_empty: true
    line_as: line
    line_above_as: {batch: batch_line}
    file_as: source
    rejects_tolerated: 100%
    columns:
      amount: {start: 8, length: 9, type: "decimal(12,2)", decimals: 2, required: true, classification: internal, description: A.}
      name: {start: 17, length: 10, type: string, classification: internal, description: Name.}
      batch: {from: batch, start: 3, length: 5, type: long, as: batch_id, classification: internal, description: Key.}
      kind: {start: 1, length: 2, type: string, codes: {"20": DEBIT, "21": CREDIT}, classification: internal, description: K.}
    unused: [{start: 3, length: 5}]
"""


def declared(base, text):
    (base / "host.yaml").write_text(text, encoding="utf-8")
    return read_system(base / "host.yaml").objects


def landed(obj, base, content=None, file=None, block_bytes=1 << 20):
    if content is not None:
        (base / (file or obj.files[0].rstrip("*"))).write_bytes(content)
    target = base / f"out-{len(list(base.iterdir()))}"
    target.mkdir()
    return land(obj, base, target, block_bytes=block_bytes)


def rows_of(landing):
    return pl.read_parquet(landing.rows_paths).rows()


def rejects_of(landing):
    return pl.read_parquet(landing.rejects_paths).select("line", "raw_text", "reason", "column").rows()


@pytest.fixture
def plain(tmp_path):
    [obj] = declared(tmp_path, PLAIN % "")
    return lambda content, **more: landed(obj, tmp_path, content, **more)


@pytest.fixture
def batches(tmp_path):
    first, second = declared(tmp_path, BATCHES)
    return lambda content=None, **more: (
        landed(first, tmp_path, content, **more),
        landed(second, tmp_path, content, **more),
    )


def file_of(*records: str, end: str = "\n", last: str = "\n") -> bytes:
    return (end.join(records) + last).encode()


LINES = ("0001ab    0000150 ", "0002 b    0000150-", "0003      00000005")
GOOD = tuple(f"{line:22}" for line in LINES)


@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
@pytest.mark.parametrize(("end", "last"), [("\n", "\n"), ("\r\n", "\r\n"), ("\r\n", ""), ("\n\n", "")])
def test_fields_are_read_at_their_positions_and_trimmed_as_declared(plain, end, last, block_bytes):
    landing = plain(file_of(*GOOD, end=end, last=last), block_bytes=block_bytes)
    assert rows_of(landing) == [
        (1, "ab", Decimal("1.50")), (2, " b", Decimal("-1.50")), (3, None, Decimal("0.05")),
    ]  # fmt: skip
    assert (landing.rows_in, landing.rejects, landing.blank_lines) == (3, 0, 2 if end == "\n\n" else 0)
    assert landing.balanced


@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
def test_records_that_cannot_be_landed_are_rejects_with_their_reasons(plain, block_bytes):
    records = [*GOOD, GOOD[0][:-1], GOOD[0] + " ", GOOD[0][:9] + "\r" + GOOD[0][10:], GOOD[0][:-1] + "x"]
    records += [f"{'':22}", f"{'x001ab    00001.50':22}"]
    landing = plain(file_of(*records), block_bytes=block_bytes)
    decimal = "cannot be read as decimal(9,2) of digits alone, 2 of them decimals with a trailing minus"
    assert rejects_of(landing) == [
        (4, records[3], "21 characters instead of 22", None),
        (5, records[4], "23 characters instead of 22", None),
        (6, records[5], "carriage return within the line", None),
        (7, records[6], "not blank at 19-22, where no column is declared", None),
        (8, records[7], "n: required, but missing", "n"),
        (9, records[8], f"n: cannot be read as long; a: {decimal}", "n"),
    ]
    assert (landing.rows_in, landing.rows, landing.balanced) == (9, 3, True)


@pytest.mark.parametrize("block_bytes", [1, 50, 1 << 20])
@pytest.mark.parametrize("name", ["thing.txt", "thing.txt.gz"])
def test_records_without_line_ends(tmp_path, name, block_bytes):
    [obj] = declared(tmp_path, PLAIN % ", terminated: false")
    records = [*GOOD, "0004a\nb\r  0000100   x ", *GOOD]
    content = "".join(records).encode()
    written = gzip.compress if name.endswith("gz") else bytes
    landing = landed(obj, tmp_path, written(content), file=name, block_bytes=block_bytes)
    assert [row[0] for row in rows_of(landing)] == [1, 2, 3, 1, 2, 3]
    assert [(line, raw) for line, raw, *_ in rejects_of(landing)] == [(4, records[3])]
    assert (landing.rows_in, landing.blank_lines, landing.balanced) == (7, 0, True)
    for cut in (1, 21):
        problem = f"bytes after record 6, the last whole one: {22 - cut}"
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, written(content[:-cut]), file=name, block_bytes=block_bytes)


def test_empty_and_badly_encoded_files_are_refused(tmp_path):
    for more in ("", ", terminated: false"):
        [obj] = declared(tmp_path, PLAIN % more)
        with pytest.raises(LegacyFileError, match=r"the file is empty. Expected records"):
            landed(obj, tmp_path, b"")
        where = "line 2, byte offset 27" if not more else "record 2, byte offset 27"
        between = b"" if more else b"\n"
        bad = GOOD[0].encode() + between + GOOD[1].encode()
        bad = bad[:27] + b"\xe9" + bad[28:]
        with pytest.raises(LegacyFileError, match=f"{where}: byte 0xE9 does not fit. Expected text in ascii"):
            landed(obj, tmp_path, bad)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "iso8859-2", "latin-1"])
@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_a_position_is_a_character_in_every_encoding(tmp_path, encoding, block_bytes):
    word = "Příše " if encoding != "latin-1" else "café ü"
    [obj] = declared(tmp_path, (PLAIN % "").replace("ascii", encoding))
    text = file_of(*GOOD).decode() + f"{'0004' + word + '00000007':22}\n" + f"{'000x' + word + '00000007':22}"
    landing = landed(obj, tmp_path, text.encode(encoding), block_bytes=block_bytes)
    assert rows_of(landing)[1:] == [
        (2, " b", Decimal("-1.50")), (3, None, Decimal("0.05")), (4, word.rstrip(), Decimal("0.07")),
    ]  # fmt: skip
    assert [raw for _, raw, *_ in rejects_of(landing)] == [f"{'000x' + word + '00000007':22}"]


@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
def test_a_character_of_four_bytes_is_one_position(tmp_path, block_bytes):
    [obj] = declared(tmp_path, (PLAIN % "").replace("ascii", "utf-8"))
    records = [f"{'0004a😀b   00000007':22}", GOOD[0], f"{'000😀a     00000007':22}"]
    landing = landed(obj, tmp_path, file_of(*records), block_bytes=block_bytes)
    assert [row[:2] for row in rows_of(landing)] == [(4, "a😀b"), (1, "ab")]
    assert [(line, raw) for line, raw, *_ in rejects_of(landing)] == [(3, records[2])]


def test_unterminated_records_of_another_encoding(tmp_path):
    [obj] = declared(tmp_path, (PLAIN % ", terminated: false").replace("ascii", "cp1250"))
    landing = landed(obj, tmp_path, f"{'0004Příše 00000007':22}".encode("cp1250"))
    assert rows_of(landing) == [(4, "Příše", Decimal("0.07"))]


@pytest.mark.parametrize(
    ("padding", "text", "landed_as"),
    [
        ("padding: none", " a  ", " a  "),
        ("padding: none", "    ", "    "),
        ("padding: left", " a b", "a b"),
        ("padding: left", " a  ", "a  "),
        ("padding: both", " a  ", "a"),
        ("padding: both", "    ", None),
        ('padding: left, pad: "*"', "**a*", "a*"),
        ('padding: both, pad: "*"', "****", None),
        ('padding: right, pad: "\\0"', "a \0\0", "a "),
        ('padding: none, missing: ["    ", "n/a "]', "n/a ", None),
    ],
)
def test_padding_is_trimmed_at_the_declared_side_only(tmp_path, padding, text, landed_as):
    head, _, _ = (PLAIN % "").partition("      n:")
    column = f"      t: {{start: 1, length: 4, type: string, {padding}, classification: internal, description: T.}}\n"
    [obj] = declared(tmp_path, head.replace("22", "4") + column)
    assert rows_of(landed(obj, tmp_path, text.encode())) == [(landed_as,)]


DAY = (
    f"{'0020240531':10}{'0002':20}",
    f"{'1000001':30}",
    f"{'20':7}{'000000150a':23}",
    f"{'21':7}{'000000250':23}",
    f"{'1000002':30}",
    f"{'20':7}{'000000001':23}",
    f"{'99000007000000000401':30}",
)


@pytest.mark.parametrize("block_bytes", [1, 40, 70, 1 << 20])
def test_two_record_types_of_one_file_are_two_related_landings(batches, block_bytes):
    batch, item = batches(file_of(*DAY), block_bytes=block_bytes)
    assert rows_of(batch) == [(1, dt.date(2024, 5, 31), 2), (2, dt.date(2024, 5, 31), 5)]
    assert pl.read_parquet(item.rows_paths).rows(named=True)[1] == {
        "amount": Decimal("2.50"), "name": None, "batch_id": 1, "kind": "CREDIT", "line": 4, "batch_line": 2,
        "source": "day.txt",
    }  # fmt: skip
    assert [(row[2], row[4], row[5]) for row in rows_of(item)] == [(1, 3, 2), (1, 4, 2), (2, 6, 5)]
    assert (batch.rows_in, item.rows_in, batch.balanced, item.balanced) == (2, 3, True, True)
    assert batch.other_records == {"opening": 1, "item": 3, "closing": 1}
    assert item.other_records == {"opening": 1, "batch": 2, "closing": 1}
    assert batch.control_totals == item.control_totals == 3
    assert Landing.read(item.folder) == item


@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_an_undeclared_type_is_a_reject_of_every_object_and_hides_the_parent(batches, block_bytes):
    bad = f"{'77secret':30}"
    batch, item = batches(file_of(*DAY[:3], bad, *DAY[3:]), block_bytes=block_bytes)
    reason = "no declared record type at 1-2, which may hold 00, 10, 20, 21, 99"
    assert rejects_of(batch) == [(4, bad, reason, None)]
    orphan = "no batch record above, or a damaged record between"
    assert rejects_of(item) == [(4, bad, reason, None), (5, DAY[3], orphan, None)]
    assert [row[2] for row in rows_of(item)] == [1, 2]
    assert rows_of(batch)[1][1] == dt.date(2024, 5, 31)  # the header is known whatever follows
    assert batch.balanced
    assert item.balanced


def changed(at: int, old: str, new: str) -> bytes:
    assert old in DAY[at]
    return file_of(*DAY[:at], DAY[at].replace(old, new, 1), *DAY[at + 1 :])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (changed(6, "0401", "0402"), "line 7: the closing record states 4.02 as sum of item.amount; the file has 4.01"),
        (changed(6, "0007", "0008"), "line 7: the closing record states 8 records of opening and batch and item and closing; the file has 7"),
        (changed(6, "0007", "x007"), "holds no number records of opening and batch and item and closing at 3-8"),
        (changed(0, "0002 ", "3    "), "line 1: the opening record states 3 records of batch; the file has 2"),
        (changed(3, "0250", "0251"), "states 4.01 as sum of item.amount; the file has 4.02"),
        (changed(3, "0250", "02x0"), "the file has 1.51; records without a readable value: 1"),
        (file_of(*DAY[:3], *DAY[4:]), "states 7 records of"),
        (file_of(*DAY[:3], DAY[3][:-1], *DAY[4:]), "states 7 records of"),
        (file_of(*DAY[:-1]), r"the file has no closing record \(trailer\). Expected 99 at 1-2 of its last record"),
        (file_of(*DAY[1:]), r"the file has no opening record \(header\)"),
        (file_of(*DAY, *DAY), "line 8 is of type opening"),
        (file_of(*DAY, DAY[1]), "line 8 follows the closing record"),
        (file_of(*DAY, "x"), "line 8 follows the closing record"),
        (file_of(DAY[0], *DAY), "line 2 is of type opening"),
        (file_of(DAY[0], DAY[6]), "states 2 records of batch; the file has 0"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("block_bytes", [1, 100, 1 << 20])
@pytest.mark.parametrize("at", [0, 1])
def test_a_file_that_disagrees_with_its_header_or_trailer_is_refused_whole(tmp_path, content, problem, block_bytes, at):
    obj = declared(tmp_path, BATCHES)[at]
    with pytest.raises(LegacyFileError, match=problem):
        landed(obj, tmp_path, content, block_bytes=block_bytes)


def test_sums_beyond_64_bits_are_exact(tmp_path):
    wide = "9" * 30
    text = BATCHES.replace("record_length: 30", "record_length: 60").replace(
        "length: 12, decimals: 2}", "length: 32, decimals: 2}"
    )
    text = text.replace('length: 9, type: "decimal(12,2)"', 'length: 30, type: "decimal(38,2)"')
    text = text.replace("name: {start: 17", "name: {start: 40")
    first, second = declared(tmp_path, text)
    total = 3 * int(wide)
    records = [f"{'0020240531':10}{'0001':50}", f"{'1000001':60}", *[f"{'20':7}{wide:53}"] * 3]
    content = file_of(*records, f"{'99000006' + str(total).zfill(32):60}")
    assert landed(first, tmp_path, content).control_totals == 3
    assert rows_of(landed(second, tmp_path))[0][0] == Decimal(f"{wide[:-2]}.{wide[-2:]}")
    wrong = file_of(*records, f"{'99000006' + str(total + 1).zfill(32):60}")
    with pytest.raises(LegacyFileError, match=r"29,999,999,999,999,999,999,999,999,999.98 as sum"):
        landed(first, tmp_path, wrong)


def test_counts_of_other_records_are_taken_over_with_the_parts_of_unchanged_files(tmp_path):
    exports, home = tmp_path / "exports", tmp_path / "home"
    exports.mkdir()
    obj = declared(tmp_path, BATCHES.replace("day.txt", "day*.txt"))[1]
    # Above 4 MiB, so that each file is a part of its own.
    records = [f"{'20':7}{'000000100':23}"] * 140_000
    for day in (1, 2):
        total = f"{'99' + str(140_003).zfill(6) + str(140_000 * 100).zfill(12):30}"
        content = file_of(f"{'0020240531':10}{'0001':20}", DAY[1], *records, total)
        (exports / f"day{day}.txt").write_bytes(content)
        landing = land_object(obj, exports, home, "shop")
    assert (landing.files_taken_over, landing.rows) == (1, 280_000)
    assert landing.other_records == {"opening": 2, "batch": 2, "closing": 2}
    assert landing.control_totals == 6


def test_the_check_of_accounting_shows_other_records_and_totals(batches):
    landing = batches(file_of(*DAY))[1]
    found = _other_records(landing)
    assert found == {
        "other records: batch": 2, "other records: closing": 1, "other records: opening": 1, "control totals that agree": 3,
    }  # fmt: skip


TITLED = 'title_lines: ["BOOKINGS OF [0-9]+", "-+"], end_lines: ["END"]'


@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
def test_title_and_end_lines_are_no_records_and_are_verified(tmp_path, block_bytes):
    [obj] = declared(tmp_path, PLAIN % f", {TITLED}")
    titles, end = ["BOOKINGS OF 2024", "", "----"], "END"
    landing = landed(obj, tmp_path, file_of(*titles, *GOOD, end), block_bytes=block_bytes)
    assert [row[0] for row in rows_of(landing)] == [1, 2, 3]
    assert (landing.rows_in, landing.blank_lines) == (3, 1)
    assert landing.other_records == {"title lines": 2, "end lines": 1}
    for content, problem in [
        (file_of(*GOOD, end), "line 1 is not the declared title line"),
        (file_of(titles[0], *GOOD, end), "line 2 is not the declared title line"),
        (file_of(titles[0]), "the file ends within its title lines"),
        (file_of(*titles), "the file has no end lines"),
        (file_of(*titles, *GOOD), "line 6 is not the declared end line"),
        (file_of(*titles, end), "the file has no records"),
    ]:
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, content, block_bytes=block_bytes)


def test_a_file_without_the_objects_records(tmp_path):
    first, second = declared(tmp_path, BATCHES)
    empty = file_of(f"{'0020240531':10}{'0000':20}", f"{'99000002000000000000':30}")
    assert landed(second, tmp_path, empty).rows == 0
    with pytest.raises(LegacyFileError, match="the file has no batch records"):
        landed(first, tmp_path)


def test_lineage_names_a_field_by_its_name_and_position(tmp_path):
    item = declared(tmp_path, BATCHES)[1]
    assert [heading(column) for column in item.in_file] == [
        "amount (8-16)", "name (17-26)", "batch (batch 3-7)", "kind (1-2)",
    ]  # fmt: skip
    columns = landing_lineage(item).columns
    assert {str(d.source.column) for d in columns["batch_id"]} == {"batch (batch 3-7)"}
    assert columns["line"] == columns["batch_line"] == columns["source"] == frozenset()


TWINS = """\
system: host
description: A system.
owner: team
format:
  kind: fixed_width
  encoding: ascii
  record_length: 10
  selector: {start: 1, length: 1}
  records:
    pay: {value: P}
    fee: {value: F}
    closing:
      value: T
      role: trailer
      totals:
        - {sum: amount, of: pay, start: 2, length: 4}
        - {sum: amount, of: fee, start: 6, length: 4}
objects:
  pay:
    description: Payments.
    files: ["day.txt"]
    record: pay
    columns: &columns
      amount: {start: 2, length: 9, type: long, padding: both, classification: internal, description: A.}
  fee:
    description: Fees.
    files: ["day.txt"]
    record: fee
    columns: *columns
"""


def test_each_total_is_of_its_own_record_type_also_if_objects_share_their_columns(tmp_path):
    pays, fees = declared(tmp_path, TWINS)
    right, wrong = ("P     100 ", "F       7 ", "T01000007 "), ("P     100 ", "F       7 ", "T01000100 ")
    for obj in (pays, fees):
        assert landed(obj, tmp_path, file_of(*right)).control_totals == 2
        with pytest.raises(LegacyFileError, match=r"line 3: .* states 100 as sum of fee\.amount; the file has 7"):
            landed(obj, tmp_path, file_of(*wrong))


@pytest.mark.parametrize("label", ["confidential", "restricted"])
def test_the_message_of_a_refusal_has_no_sum_of_a_column_above_internal(tmp_path, label):
    pays, _ = declared(tmp_path, TWINS.replace("classification: internal", f"classification: {label}"))
    with pytest.raises(LegacyFileError, match=f"the column is {label}") as caught:
        landed(pays, tmp_path, file_of("P    5432 ", "F       7 ", "T54310007 "))
    assert not {"5432", "5,432", "5431", "5,431"} & set(re.findall(r"[\d,]+", str(caught.value)))
