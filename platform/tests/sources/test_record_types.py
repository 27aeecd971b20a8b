"""Files of several record types: parents, headers, trailers and control totals."""

import datetime as dt
import re
from decimal import Decimal

import polars as pl
import pytest
from fixed_width_samples import BATCHES, DAY, declared, file_of, landed, rejects_of, rows_of

from bankmesh.errors import LegacyFileError
from bankmesh.lineage.landing_lineage import heading, landing_lineage
from bankmesh.orchestration.assets.landing_assets import _other_records
from bankmesh.sources import land_object
from bankmesh.sources.landing_record import Landing


@pytest.fixture
def batches(tmp_path):
    first, second = declared(tmp_path, BATCHES)
    return lambda content=None, **more: (
        landed(first, tmp_path, content, **more),
        landed(second, tmp_path, content, **more),
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
