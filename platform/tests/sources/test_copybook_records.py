"""Types of records in one file of a mainframe: selectors, parents, headers and trailers with totals, damaged records."""

import tracemalloc
from decimal import Decimal

import pytest
from copybook_samples import binary, column, declare, landed, packed, rejects_of, rows_of, text, with_word, zoned

from bankmesh.errors import LegacyFileError

COPYBOOK = """
01  HEADER-REC.
    05  REC-TYPE  PIC X(2).
    05  RUN-DAY   PIC 9(8).
01  BATCH-REC.
    05  REC-TYPE  PIC X(2).
    05  BATCH-ID  PIC 9(4) COMP.
01  BOOKING-REC.
    05  REC-TYPE  PIC X(2).
    05  AMOUNT    PIC S9(7)V99 COMP-3.
    05  NOTE      PIC X(4).
01  TRAILER-REC.
    05  REC-TYPE  PIC X(2).
    05  BOOKINGS  PIC 9(5).
    05  TOTAL     PIC S9(13)V99 COMP-3.
"""
TYPES = """selector: REC-TYPE, records: {
  header: {value: H, role: header, layout: HEADER-REC},
  batch: {value: B, layout: BATCH-REC},
  booking: {value: [D, DX], layout: BOOKING-REC},
  trailer: {value: T, role: trailer, layout: TRAILER-REC,
    totals: [{count: booking, field: BOOKINGS}, {sum: AMOUNT, of: booking, field: TOTAL}]}}"""
COLUMNS = """
AMOUNT: {type: "decimal(9,2)", as: amount, required: true, classification: internal, description: An amount.}
NOTE: {type: string, as: note, classification: internal, description: A note.}
BATCH-ID: {type: long, as: batch_id, from: batch, classification: internal, description: A batch.}
RUN-DAY: {type: date, format: "%Y%m%d", as: run_on, from: header, classification: internal, description: A day.}
"""
BATCHES = """
batch:
  description: Batches.
  files: [thing.bin]
  record: batch
  columns:
    BATCH-ID: {type: long, as: batch_id, classification: internal, description: A batch.}
"""
MORE = "record: booking\nline_as: record_number"


def header():
    return text("H", 2) + zoned(20240229, 8)


def batch(number):
    return text("B", 2) + binary(number, 2)


def booking(amount, kind="D"):
    return text(kind, 2) + packed(Decimal(amount), 9, 2, signed=True) + text("n", 4)


def trailer(count, total):
    return text("T", 2) + zoned(count, 5) + packed(Decimal(total), 15, 2, signed=True)


def written(records, recfm):
    return b"".join(with_word(record) if recfm == "V" else record.ljust(15, b"\x40") for record in records)


@pytest.fixture(params=["F", "V"])
def recfm(request):
    return request.param


@pytest.fixture
def bookings(tmp_path, recfm):
    system = declare(tmp_path, COPYBOOK, COLUMNS, f"recfm: {recfm}, {TYPES}", more=MORE, objects=BATCHES)

    def land_records(*records, name="thing", block_bytes=1 << 20):
        return landed(system.object(name), tmp_path, written(records, recfm), block_bytes=block_bytes)

    return land_records


FILE = (header(), batch(1), booking("1.50"), booking("-0.25", "DX"), batch(2), booking("3.00"), trailer(3, "4.25"))


@pytest.mark.parametrize("block_bytes", [1, 40, 1 << 20])
def test_each_type_is_an_object_with_the_key_of_its_parent(bookings, block_bytes):
    landing = bookings(*FILE, block_bytes=block_bytes)
    day = rows_of(landing)[0][3]
    assert [(str(row[0]), row[2], row[4]) for row in rows_of(landing)] == [
        ("1.50", 1, 3),
        ("-0.25", 1, 4),
        ("3.00", 2, 6),
    ]
    assert day.isoformat() == "2024-02-29"
    assert (landing.control_totals, landing.other_records) == (2, {"header": 1, "batch": 2, "trailer": 1})
    assert rows_of(bookings(*FILE, name="batch")) == [(1,), (2,)]


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        (FILE[:-1], "the file has no trailer record"),
        (FILE[1:], "the file has no header record"),
        ((*FILE, booking("1.00")), "follows the trailer record"),
        ((*FILE[:3], *FILE), "is of type header"),
        ((*FILE[:-1], trailer(4, "4.25")), "states 4 records of booking; the file has 3"),
        ((*FILE[:-1], trailer(3, "4.26")), r"states 4.26 as sum of booking.AMOUNT; the file has 4.25"),
        ((*FILE[:-1], trailer(3, "4.25")[:-1] + b"\0"), "holds no number as sum of booking.AMOUNT"),
    ],
)
def test_a_file_whose_controls_disagree_is_refused(bookings, records, problem):
    with pytest.raises(LegacyFileError, match=problem):
        bookings(*records)


def test_a_record_of_no_type_is_a_reject_and_hides_the_parent_of_those_below(bookings, recfm):
    landing = bookings(FILE[0], FILE[1], text("XX", 15), FILE[2], FILE[4], FILE[5], trailer(2, "4.50"))
    assert [(str(row[0]), row[2]) for row in rows_of(landing)] == [("3.00", 2)]
    [(line, _, reason), (below, _, hidden)] = rejects_of(landing)
    assert (line, below) == (3, 4)
    assert reason.startswith("no declared record type at REC-TYPE (1-2), which may hold H, B, D, DX, T")
    assert hidden == "no batch record above, or a damaged record between"
    assert landing.balanced


def test_an_unreadable_summed_field_refuses_the_file_and_names_no_value(bookings):
    damaged = booking("1.50")[:2] + b"\xff" * 5 + text("n", 4)
    with pytest.raises(LegacyFileError, match="records without a readable value: 1"):
        bookings(*FILE[:2], damaged, *FILE[3:])


def test_records_of_a_wrong_length_are_rejects(tmp_path):
    system = declare(tmp_path, COPYBOOK, COLUMNS, f"recfm: V, {TYPES}", more=MORE)
    content = written([*FILE[:2], booking("9.00")[:-1], *FILE[4:6], trailer(1, "3.00")], "V")
    landing = landed(system.objects[0], tmp_path, content)
    assert [reject[0] for reject in rejects_of(landing)] == [3]
    assert rejects_of(landing)[0][2].endswith("or not of its length: 10 bytes instead of 10, 4, 11, 15")


LONG_TABLE = """
01  BATCH-REC.
    05  REC-TYPE  PIC X.
    05  BATCH-ID  PIC 9(4).
    05  BN        PIC 9(4).
    05  NOTE      PIC X(10) OCCURS 0 TO 2000 DEPENDING ON BN.
01  BOOKING-REC.
    05  REC-TYPE  PIC X.
    05  N         PIC 9(4).
    05  AMOUNT    PIC 9(9)  OCCURS 0 TO 2000 DEPENDING ON N.
"""
LONG_TYPES = (
    "selector: REC-TYPE, records: {batch: {value: B, layout: BATCH-REC}, booking: {value: D, layout: BOOKING-REC}}"
)


def test_short_records_take_no_memory_for_the_longest_of_their_copybook(tmp_path):
    columns = "\n".join([column("AMOUNT(1)", "long", "amount"), column("BATCH-ID", "long", "batch_id", "from: batch")])
    system = declare(tmp_path, LONG_TABLE, columns, f"recfm: V, {LONG_TYPES}", more="record: booking")
    pair = with_word(text("B", 1) + zoned(7, 4) + zoned(0, 4)) + with_word(text("D", 1) + zoned(1, 4) + zoned(17, 9))
    tracemalloc.start()
    try:
        landing = landed(system.objects[0], tmp_path, pair * 2000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows_of(landing) == [(17, 7)] * 2000
    assert peak < 20_000_000  # each of 4,000 records with the bytes of the longest: 80 MB


def test_a_condition_on_an_element_that_a_record_does_not_have_does_not_hold(tmp_path):
    copybook = """
        01  R.
            05  N     PIC 9.
            05  KIND  PIC X OCCURS 0 TO 3 DEPENDING ON N.
            05  A     PIC X(3).
    """
    obj = declare(tmp_path, copybook, column("A", "string", "a", "when: {KIND(2): P}"), "recfm: V").objects[0]
    records = [zoned(2, 1) + text("QPyes", 5), zoned(1, 1) + text("QPno", 4), zoned(0, 1) + text("PPP", 3)]
    assert rows_of(landed(obj, tmp_path, b"".join(map(with_word, records)))) == [("yes",), (None,), (None,)]


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_segment_of_a_spanned_record_refuses_the_file(tmp_path, code):
    obj = declare(tmp_path, "01 R.\n   05 T PIC X(3).\n", column("T", "string", "t"), "recfm: V").objects[0]
    segment = (7).to_bytes(2, "big") + bytes([code, 0]) + text("SEC", 3)
    problem = r"at byte offset 7, behind record 0 or a later one: a segment of a spanned record \(VBS\), which is not supported"
    with pytest.raises(LegacyFileError, match=problem):
        landed(obj, tmp_path, with_word(text("ONE", 3)) + segment)
