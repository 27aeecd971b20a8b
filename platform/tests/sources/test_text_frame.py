"""Title lines, trailers and their totals around delimited text: verified, and refused whole where they disagree."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults

COLUMNS = """
n: {type: long, required: true, classification: internal, description: A number.}
t: {type: string, classification: restricted, description: A text.}
a: {type: "decimal(9,2)", classification: internal, description: An amount.}
"""
FRAME = """
rejects_tolerated: "100%%"
may_be_empty: true
format:
  multiline: %s
  title_lines: ["EXPORT [0-9]+", "-+"]
  end_lines: ["END;(?P<lines>[0-9]+);(?P<total>[-0-9.]+)", "="]
  totals: [{count: rows, group: lines}, {sum: a, group: total}]
"""
TOP, HEADER = ["EXPORT 2024", "", "---"], "n;t;a"


def end(rows: int, total: object) -> list[str]:
    return [f"END;{rows};{total}", "="]


@pytest.fixture
def framed(exports):
    obj = exports.declare(COLUMNS, more=FRAME % "false")
    return lambda lines, **more: exports.land(obj, "\r\n".join(lines).encode(), **more)


@pytest.mark.parametrize("multiline", ["true", "false"])
@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
def test_they_are_no_records_and_their_totals_agree(exports, rows_of, rejects_of, multiline, block_bytes):
    obj = exports.declare(COLUMNS, more=(FRAME + "line_as: line\n") % multiline)
    lines = [*TOP, "", HEADER, "1;x;1.50", "x;y;2.00", "", "3;;", "", *end(3, "3.50"), "", ""]
    landing = exports.land(obj, "\r\n".join(lines).encode(), block_bytes=block_bytes)
    assert rows_of(landing) == [(1, "x", Decimal("1.50"), 6), (3, None, None, 9)]
    assert [line for line, *_ in rejects_of(landing)] == [7]
    assert (landing.rows_in, landing.blank_lines, landing.balanced) == (3, 5, True)
    assert (landing.other_records, landing.control_totals) == ({"title lines": 2, "end lines": 2}, 2)


ROWS = ["1;x;1.50", "2;y;2"]


@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([HEADER, *ROWS, *end(2, "3.5")], "line 1 is not the declared title line"),
        ([TOP[0], HEADER, *ROWS, *end(2, "3.5")], "line 2 is not the declared title line"),
        ([TOP[0]], "the file ends within its title lines"),
        (TOP, "the file has no header line"),
        ([*TOP, HEADER], "the file has no end lines"),
        ([*TOP, HEADER, *ROWS], "line 5 is not the declared end line"),
        ([*TOP, HEADER, *ROWS, *end(2, "3.5")[:1]], "line 6 is not the declared end line"),
        ([*TOP, HEADER, *ROWS, *end(3, "3.5")], "line 7 states 3 records; the file has 2"),
        ([*TOP, HEADER, *ROWS, *end(2, "3.51")], "line 7 states 3.51 as sum of a; the file has 3.50"),
        ([*TOP, HEADER, *ROWS, *end(2, "3.-5")], "line 7 holds no number as sum of a in total"),
        ([*TOP, HEADER, *ROWS, "3;z;x", *end(3, "3.5")], "the file has 3.50; records without a readable value: 1"),
        ([*TOP, HEADER, *ROWS, "3;z", *end(3, "3.5")], "the file has 3.50; records without a readable value: 1"),
    ],
)  # fmt: skip
def test_a_file_that_disagrees_is_refused_whole(framed, lines, problem, block_bytes):
    with pytest.raises(LegacyFileError) as caught:
        framed(lines, block_bytes=block_bytes)
    assert problem in caught.value.problem


def test_a_sum_of_a_confidential_column_is_not_shown(exports):
    obj = exports.declare(
        COLUMNS.replace('"decimal(9,2)", classification: internal', '"decimal(9,2)", classification: restricted'),
        more=FRAME % "false",
    )
    with pytest.raises(LegacyFileError, match=r"not shown: the column is restricted") as caught:
        exports.land(obj, "\n".join([*TOP, HEADER, *ROWS, *end(2, "3.51")]).encode())
    assert "3.5" not in str(caught.value)


def test_sums_with_an_implied_point_and_a_trailing_minus(exports):
    more = """
format:
  header: false
  end_lines: ["T(?P<total>.*)"]
  totals: [{sum: a, group: total, decimals: 2, minus: trailing}]
"""
    obj = exports.declare(COLUMNS, more=more)
    assert exports.land(obj, b"1;x;-1.50\n2;y;1\nT00050-\n").control_totals == 1
    with pytest.raises(LegacyFileError, match=r"states -0\.51 as sum of a; the file has -0\.50"):
        exports.land(obj, b"1;x;-1.50\n2;y;1\nT00051-\n")


def test_formats_without_them_keep_their_fingerprint(exports):
    plain = exports.declare()
    assert plain.digest == exports.declare(more="format: {title_lines: [], end_lines: [], totals: []}").digest
    assert plain.digest != exports.declare(more='format: {title_lines: ["x"]}').digest


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('{end_lines: ["("]}', "is not a regular expression"),
        ('{end_lines: ["(?P<n>.)"], totals: [{count: rows, group: m}]}', "group of total 1 .* is m; .* name n"),
        ('{end_lines: ["(?P<n>.)", "(?P<n>.)"], totals: [{count: rows, group: n}]}', "name n, n"),
        (
            '{end_lines: ["(?P<n>.)"], totals: [{sum: t, group: n}]}',
            "sums up t, which is no column of numbers; allowed: n, a",
        ),
        ('{end_lines: ["(?P<n>.)"], totals: [{group: n}]}', "needs either count or sum"),
        (
            '{end_lines: ["(?P<n>.)"], totals: [{count: rows, group: n, decimal: ","}]}',
            "is a count; decimal is for a sum",
        ),
        ('{end_lines: ["(?P<n>.)"], totals: {count: rows}}', "totals of .* must be a list"),
    ],
)
def test_impossible_totals_are_faults(exports, written, problem):
    with pytest.raises(SourceFaults, match=problem):
        exports.declare(COLUMNS, more=f"format: {written}")


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(-99999, 99999), max_size=12), st.integers(-2, 2), st.sampled_from([1, 25, 1 << 20]))
def test_a_file_lands_exactly_if_its_totals_are_right(framed, rows_of, cents, wrong, block_bytes):
    amounts = [Decimal(value) / 100 for value in cents]
    rows = [f"{at};x;{amount:.2f}" for at, amount in enumerate(amounts)]
    lines = [*TOP, HEADER, *rows, *end(len(rows), f"{sum(amounts, Decimal(0)) + Decimal(wrong) / 100:.2f}")]
    if wrong:
        with pytest.raises(LegacyFileError, match="as sum of a; the file has"):
            framed(lines, block_bytes=block_bytes)
    else:
        assert [row[2] for row in rows_of(framed(lines, block_bytes=block_bytes))] == amounts


@pytest.mark.parametrize("multiline", ["true", "false"])
def test_a_last_line_of_the_end_of_file_character_is_named_and_may_be_declared(exports, rejects_of, multiline):
    content = b"n;t;a\n1;x;2\n\x1a"
    more = 'rejects_tolerated: "100%"\n'
    landing = exports.land(exports.declare(COLUMNS, more=more, written=f"multiline: {multiline}"), content)
    [(line, _, reason, _)] = rejects_of(landing)
    assert line == 3
    assert reason == 'the line is the end-of-file character 0x1A; for the last line, declare `end_lines: ["\\x1a"]`'
    written = f'multiline: {multiline}, end_lines: ["\\x1a"]'
    assert exports.land(exports.declare(COLUMNS, more=more, written=written), content).rejects == 0


@pytest.mark.parametrize("quoted", ["x", '"x"'])
@pytest.mark.parametrize("end", ["\x1a", "\x1a\n", "\x1a\r\n"])
@pytest.mark.parametrize("multiline", ["true", "false"])
def test_the_end_of_file_character_is_no_part_of_the_last_value(exports, rejects_of, multiline, end, quoted):
    columns = (
        "      n: {type: long, classification: internal, description: N.}\n"
        "      t: {type: string, classification: internal, description: T.}\n"
    )
    declared = exports.declare(columns, more='rejects_tolerated: "100%"\n', written=f"multiline: {multiline}")
    landing = exports.land(declared, f"n;t\n1;y\n2;{quoted}{end}".encode())
    [(line, _, reason, _)] = rejects_of(landing)
    assert (landing.rows, line) == (1, 3)
    assert reason == "the record ends with the end-of-file character 0x1A, which is no part of its last value"


def test_no_line_within_such_a_record_is_a_record(exports, rejects_of):
    declared = exports.declare(COLUMNS, more='rejects_tolerated: "100%"\n', written="multiline: true")
    landing = exports.land(declared, b'n;t;a\n1;"x\n2;y;3\n";4\x1a')
    assert landing.rows == 0
    [(line, *_)] = rejects_of(landing)
    assert line == 2


def test_a_column_of_texts_has_no_value_of_the_end_of_file_character(exports, rejects_of):
    column = "t: {type: string, classification: restricted, description: A text.}"
    declared = exports.declare(column, more='rejects_tolerated: "100%"\n', written="multiline: false")
    landing = exports.land(declared, b"t\nx\n\x1a\n")
    assert landing.rows == 1
    [(_, _, reason, _)] = rejects_of(landing)
    assert reason.startswith("the line is the end-of-file character")
