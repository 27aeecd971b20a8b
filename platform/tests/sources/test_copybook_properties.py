"""Copybooks by example: what a writer wrote is read, and damaged files lose no record and invent none."""

import random
from decimal import Decimal

import polars as pl
import pytest
from copybook_samples import binary, column, declare, landed, packed, text, with_block_word, with_word, zoned
from copybook_strategies import number_fields, text_fields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_was_written_is_read(tmp_path, data):
    fields = data.draw(st.lists(st.one_of(number_fields(), text_fields()), min_size=1, max_size=6))
    rows = data.draw(st.lists(st.tuples(*(values for *_, values in fields)), min_size=1, max_size=5))
    recfm = data.draw(st.sampled_from(["F", "V", "VB"]))
    block_bytes = data.draw(st.sampled_from([1, 64, 1 << 20]))
    copybook = "01 R.\n" + "\n".join(f"   05 F{at} {clauses}." for at, (clauses, *_) in enumerate(fields))
    columns = "\n".join(column(f"F{at}", kind, f"f{at}") for at, (_, kind, *_) in enumerate(fields))
    records = [b"".join(field[2](value) for field, value in zip(fields, row, strict=True)) for row in rows]
    obj = declare(tmp_path, copybook, columns, f"recfm: {recfm}").objects[0]
    content = {"F": b"".join(records), "V": b"".join(map(with_word, records)), "VB": with_block_word(records)}[recfm]
    landing = landed(obj, tmp_path, content, block_bytes=block_bytes)
    assert pl.read_parquet(landing.rows_paths).rows() == rows
    assert (landing.rows_in, landing.rejects) == (len(rows), 0)


LOAN = """
01  R.
    05  KEY    PIC 9(6).
    05  AMOUNT PIC S9(9)V99 COMP-3.
    05  COUNTED PIC 9(4) COMP.
    05  NAME   PIC X(10).
    05  TURN   PIC S9(5) SIGN LEADING SEPARATE.
"""
COLUMNS = "\n".join(
    [
        column("KEY", "long", "key", "required: true"),
        column("AMOUNT", "decimal(11,2)", "amount"),
        column("COUNTED", "integer", "counted"),
        column("NAME", "string", "name"),
        column("TURN", "long", "turn"),
    ]
)


def record(number):
    amount = Decimal(number * 7919 - 10**8).scaleb(-2)
    return (
        zoned(number, 6)
        + packed(amount, 11, 2, signed=True)
        + binary(number % 10_000, 2)
        + text(f"Name {number % 97}", 10)
        + zoned(-number % 99_999 - 50_000, 5, signed=True, leading=True, separate=True)
    )


@pytest.mark.parametrize("recfm", ["F", "V"])
def test_five_thousand_damaged_records_are_rejects_or_refuse_the_file(tmp_path, recfm):
    obj = declare(tmp_path, LOAN, COLUMNS, f"recfm: {recfm}").objects[0]
    chance, count = random.Random(4), 5_000  # noqa: S311 - reproducible damage
    clean = [record(number) for number in range(count)]
    damaged = list(map(bytearray, clean))
    for each in damaged:
        for _ in range(chance.randint(1, 3)):
            each[chance.randrange(len(each))] = chance.randrange(256)
    content = b"".join(damaged) if recfm == "F" else b"".join(with_word(bytes(each)) for each in damaged)
    landing = landed(obj, tmp_path, content, block_bytes=1 << 16)
    rows = pl.read_parquet(landing.rows_paths)
    rejected = set(pl.read_parquet(landing.rejects_paths)["line"].to_list())
    assert landing.rows_in == count == rows.height + len(rejected)
    assert len(rejected) > count / 2
    kept = [damaged[at] for at in range(count) if at + 1 not in rejected]
    names = [bytes(each[14:24]).decode("cp273").rstrip(" ") or None for each in kept]
    assert rows["name"].to_list() == names
    assert rows["counted"].to_list() == [int.from_bytes(each[12:14], "big") for each in kept]
    for at in range(8):  # a damaged length never lets a record pass for another
        cut = len(content) - 1 - at
        with pytest.raises(LegacyFileError):
            landed(obj, tmp_path, content[:cut] if cut % (len(content) // count) else content[: cut - 1])
