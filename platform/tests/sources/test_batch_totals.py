"""Totals of batches: what the record at the end of each states covers the records since the one that began it."""

import pytest
from fixed_width_samples import declared, file_of, landed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults

TEXT = """\
system: host
description: A system.
owner: team
format:
  kind: fixed_width
  encoding: ascii
  record_length: 14
  padding: right
  selector: {start: 1, length: 1}
  records:
    batch: {value: B}
    item: {value: I}
    note: {value: N}
    end:
      value: E
      totals:
        - {count: [item, note], since: batch, start: 2, length: 4}
        - {sum: amount, of: item, since: batch, start: 6, length: 8, decimals: 2}
objects:
  item:
    description: Items.
    files: ["day.txt"]
    record: item
    may_be_empty: true
    rejects_tolerated: 100%
    columns:
      amount: {start: 2, length: 8, type: "decimal(8,2)", decimals: 2, classification: internal, description: A.}
"""


def item(cents: int) -> str:
    return f"{f'I{cents:08}':14}"


def end(count: int, cents: int) -> str:
    return f"{f'E{count:04}{cents:08}':14}"


BATCH, NOTE = f"{'B':14}", f"{'N':14}"


@pytest.fixture
def land(tmp_path):
    [obj] = declared(tmp_path, TEXT)
    return lambda *records, **more: landed(obj, tmp_path, file_of(*records), **more)


GOOD = (BATCH, item(150), NOTE, item(-25 % 1000), end(3, 1125), BATCH, end(0, 0), NOTE, BATCH, item(7), end(1, 7))


@pytest.mark.parametrize("block_bytes", [1, 40, 1 << 20])
def test_each_batch_agrees_with_its_own_totals(land, block_bytes):
    landing = land(*GOOD, block_bytes=block_bytes)
    assert (landing.rows, landing.control_totals, landing.balanced) == (3, 6, True)


@pytest.mark.parametrize("block_bytes", [1, 40, 1 << 20])
@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ([BATCH, item(1), end(2, 1)], "line 3: the end record states 2 records of item and note since the batch record; the file has 1"),
        ([BATCH, item(1), end(1, 2)], "line 3: the end record states 0.02 as sum of item.amount since the batch record; the file has 0.01"),
        ([BATCH, item(1), end(1, 1), BATCH, item(2), end(1, 3)], "line 6: the end record states 0.03"),
        ([BATCH, item(1), BATCH, end(0, 0)], "line 3 begins a batch before that of line 1 has ended"),
        ([item(1), end(1, 1)], "line 2 ends a batch (end) that no batch record began"),
        ([BATCH, end(0, 0), end(0, 0)], "line 3 ends a batch (end) that no batch record began"),
        ([BATCH, item(1)], "the file ends within the batch that line 1 begins"),
        ([BATCH, "I000000x1     ", end(1, 1)], "the file has 0.00; records without a readable value: 1"),
        ([BATCH, item(1), f"{'E00x1':14}"], "line 3: the end record holds no number records of item and note"),
    ],
)  # fmt: skip
def test_a_file_with_a_batch_that_disagrees_is_refused_whole(land, records, problem, block_bytes):
    with pytest.raises(LegacyFileError) as caught:
        land(*records, block_bytes=block_bytes)
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("since: batch, start: 2", "start: 2", "and the end of a batch with `since`"),
        ("since: batch", "since: end", "since of total 1 of record end is end; allowed: batch, item, note"),
        ("since: batch,", "since: batch, where: {start: 1, length: 1, value: I},", "does not go with where"),
        ("value: E\n", "value: E\n      role: trailer\n", "since is for the record that ends a batch"),
    ],
)
def test_impossible_batches_are_faults(tmp_path, old, new, problem):
    with pytest.raises(SourceFaults, match=problem):
        declared(tmp_path, TEXT.replace(old, new, 1))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(st.integers(0, 99_999), max_size=6), max_size=8),
    st.integers(0, 3),
    st.sampled_from([1, 64, 1 << 20]),
)
def test_batches_land_exactly_if_all_totals_are_right(land, batches, wrong, block_bytes):
    records = []
    for at, batch in enumerate(batches):
        records += [BATCH, *map(item, batch), end(len(batch), sum(batch) + (wrong == at + 1))]
    is_right = not 0 < wrong <= len(batches)
    if not records:
        return
    if is_right:
        landing = land(*records, block_bytes=block_bytes)
        assert (landing.rows, landing.control_totals) == (sum(map(len, batches)), 2 * len(batches))
    else:
        with pytest.raises(LegacyFileError, match="as sum of item"):
            land(*records, block_bytes=block_bytes)
