"""Control totals over the records that hold a value, such as debits and credits."""

import pytest
from fixed_width_samples import BATCHES, DAY, declared, file_of, landed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources.declarations import source_declaration

TOTALS = """
        - {sum: amount, of: item, where: {start: 1, length: 2, value: "20"}, start: 9, length: 6, decimals: 2}
        - {sum: amount, of: item, where: {start: 1, length: 2, value: ["21"]}, start: 15, length: 6, decimals: 2}
        - {count: [item, batch], where: {start: 17, length: 1, value: [a, b]}, start: 21, length: 3}
"""
HEAD, _, REST = BATCHES.partition("        - {sum: amount, of: item, start: 9, length: 12, decimals: 2}\n")
TEXT = HEAD + TOTALS.lstrip("\n") + REST
LAST = f"{'99000007':8}{'000151000250001':22}"


@pytest.mark.parametrize("block_bytes", [1, 40, 1 << 20])
def test_each_total_covers_its_records(tmp_path, block_bytes):
    for obj in declared(tmp_path, TEXT):
        assert landed(obj, tmp_path, file_of(*DAY[:-1], LAST), block_bytes=block_bytes).control_totals == 5


@pytest.mark.parametrize(
    ("totals", "problem"),
    [
        ("000150000251001", "states 1.50 as sum of item.amount by 1-2; the file has 1.51"),
        ("000151000251001", "states 2.51 as sum of item.amount by 1-2; the file has 2.50"),
        ("000151000250002", "states 2 records of item and batch by 17; the file has 1"),
        ("000151000250", "holds no number records of item and batch by 17 at 21-23"),
    ],
)
def test_a_file_whose_totals_differ_is_refused(tmp_path, totals, problem):
    for obj in declared(tmp_path, TEXT):
        with pytest.raises(LegacyFileError) as caught:
            landed(obj, tmp_path, file_of(*DAY[:-1], f"{'99000007' + totals:30}"))
        assert problem in caught.value.problem


def test_a_record_without_a_readable_amount_makes_its_total_disagree(tmp_path):
    obj = declared(tmp_path, TEXT)[1]
    lines = [line.replace("000000250", "00000x250") for line in DAY[:-1]]
    with pytest.raises(LegacyFileError, match="records without a readable value: 1"):
        landed(obj, tmp_path, file_of(*lines, LAST.replace("000250", "000000")))


def test_impossible_filters_are_faults_and_others_keep_the_fingerprint(tmp_path, monkeypatch):
    monkeypatch.setattr(source_declaration, "PARSER_VERSION", 2)  # that of the fingerprint below
    for old, new, problem in [
        ('value: "20"', 'value: "2"', "the position has 2 characters"),
        ('start: 1, length: 2, value: "20"', "start: 30, length: 2, value: ab", "a record has 30 characters"),
        ('value: "20"', 'values: "20"', "has no key values"),
    ]:
        with pytest.raises(SourceFaults, match=problem):
            declared(tmp_path, TEXT.replace(old, new, 1))
    plain = declared(tmp_path, BATCHES)[1].digest
    assert plain == "4664439907c371b61598c1121b33a3564bc7f45be1b5e2caee24c75ff89b1621"  # as before there were filters
    assert declared(tmp_path, TEXT)[1].digest != plain


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9999)), max_size=20))
def test_what_is_written_agrees(tmp_path_factory, items):
    base = tmp_path_factory.mktemp("totals")
    obj = declared(base, TEXT)[1]
    lines = [f"{'21' if credit else '20':7}{cents:09}{'a':14}" for credit, cents in items]
    debited, credited = (sum(cents for credit, cents in items if credit is side) for side in (False, True))
    last = f"{f'99{len(lines) + 3:06}{debited:06}{credited:06}{len(lines):03}':30}"
    opening = DAY[0].replace("0002", "0001")
    landing = landed(obj, base, file_of(opening, DAY[1], *lines, last))
    assert (landing.rows, landing.control_totals) == (len(items), 5)
