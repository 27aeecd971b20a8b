"""Delimiters of several characters, and blanks: every line is a row or a reject, and none is guessed."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources.declarations.source_declaration import TextFormat
from bankmesh.sources.parsing.delimiter_forms import parse_delimited, split_fields

MORE = 'rejects_tolerated: "100%%"\nformat: {delimiter: %s}'


@pytest.mark.parametrize("block_bytes", [1, 20, 1 << 20])
def test_a_delimiter_of_two_characters(exports, rows_of, rejects_of, block_bytes):
    obj = exports.declare(more=MORE % '"||"')
    lines = ["n||t||a", '1||"x||y"||1.50', "2||||2", "3|||b||3", '4||"p|||q"||', "", "5||a", "6||a||1||2", '7||"a||1']
    landing = exports.land(obj, "\r\n".join(lines).encode(), block_bytes=block_bytes)
    found = [(n, t, a and str(a)) for n, t, a in rows_of(landing)]
    assert found == [(1, "x||y", "1.50"), (2, None, "2.00"), (4, "p|||q", None)]
    assert [(line, raw, reason) for line, raw, reason, _ in rejects_of(landing)] == [
        (4, "3|||b||3", "a delimiter that overlaps another"),
        (7, "5||a", "2 fields instead of 3"),
        (8, "6||a||1||2", "4 fields instead of 3"),
        (9, '7||"a||1', "a quote that is not closed"),
    ]
    assert landing.balanced
    assert landing.blank_lines == 1


def test_a_delimiter_with_the_same_ends(exports, rows_of, rejects_of):
    obj = exports.declare(more=MORE % '"~|~", quote: null')
    landing = exports.land(obj, b"n~|~t~|~a\n1~|~a|b~|~1\n2~|~c~|~|~1\n3~|~~~|~1\n")
    assert [row[:2] for row in rows_of(landing)] == [(1, "a|b"), (3, "~")]
    assert rejects_of(landing)[0][:3] == (3, "2~|~c~|~|~1", "a delimiter that overlaps another")


@pytest.mark.parametrize("block_bytes", [1, 20, 1 << 20])
def test_any_number_of_blanks(exports, rows_of, rejects_of, block_bytes):
    obj = exports.declare(more=MORE % "whitespace, quote: null, encoding: utf-8" + '\nmissing: ["-"]')
    lines = ["  n \t t    a ", "1 x   1.50", "\t2\tšö -  ", "   ", "", "3 x", '  4 "q" 7']
    landing = exports.land(obj, "\r\n".join(lines).encode(), block_bytes=block_bytes)
    assert [row[:2] for row in rows_of(landing)] == [(1, "x"), (2, "šö"), (4, '"q"')]
    assert [(line, raw, reason) for line, raw, reason, _ in rejects_of(landing)] == [
        (4, "   ", "nothing but blanks"), (6, "3 x", "2 fields instead of 3"),
    ]  # fmt: skip
    assert (landing.rows_in, landing.blank_lines, landing.balanced) == (5, 1, True)


def test_a_text_with_every_control_character_loses_no_line(exports, rows_of, rejects_of):
    obj = exports.declare(more=MORE % '"||", encoding: utf-8, header: false')
    signs = "".join(chr(code) for code in (*range(1, 9), *range(0x0E, 0x20)))
    landing = exports.land(obj, f"1||{signs}||1\n2||x||2\n".encode())
    assert [row[0] for row in rows_of(landing)] == [2]
    assert [(line, raw) for line, raw, *_ in rejects_of(landing)] == [(1, f"1||{signs}||1")]


def test_a_header_and_a_control_file_have_the_delimiter_too(exports):
    rule = 'complete_through: {control_file: c.txt, otherwise: unknown}\nformat: {delimiter: "||"}'
    obj = exports.declare(more=rule)
    exports.write(b"object||rows||complete_through\nthing||1||2024-05-31\n", "c.txt")
    assert exports.land(obj, b'n||"t"||a\n1||x||1\n').complete_through.isoformat() == "2024-05-31"
    with pytest.raises(LegacyFileError, match="the header line is not well formed"):
        exports.land(obj, b"n|||t||a\n1||x||1\n")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('{delimiter: "123456789"}', "delimiter must be one to 8 ASCII characters, or whitespace"),
        ('{delimiter: "§"}', "delimiter must be one to 8 ASCII characters"),
        ('{delimiter: ";\\n"}', "delimiter must be one to 8 ASCII characters"),
        ("{quote: \"''\"}", "quote must be one ASCII character"),
        ("{delimiter: '\"\"'}", "quote and delimiter must differ"),
        ("{delimiter: whitespace}", "declare `quote: null`"),
        ('{delimiter: "||", multiline: true}', "values over several lines need a delimiter of one character"),
        ('{delimiter: whitespace, quote: null, thousands: " "}', 'thousands of .* is " ", the delimiter'),
    ],
)
def test_impossible_delimiters_are_faults(exports, written, problem):
    with pytest.raises(SourceFaults, match=problem):
        exports.declare(more=f"format: {written}")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["||", "~|~", "ab", "aab", "::", "|;|"]),
    st.lists(st.lists(st.text("ab|~:;x\x1f\x1eé", max_size=5), min_size=3, max_size=3), min_size=1, max_size=12),
    st.booleans(),
)
def test_quoted_values_are_read_as_written_and_unquoted_ones_never_as_others(delimiter, rows, quoted):
    written = TextFormat(delimiter, '"' if quoted else None, "utf-8", header=False, multiline=False)
    lines = [delimiter.join(f'"{value}"' if quoted else value for value in row) for row in rows]
    text = "".join(f"{line}\n" for line in lines).encode()
    records = parse_delimited(text, 1, written, 3)
    values = zip(*(column.to_pylist() for column in records.table.columns), strict=True)
    found = dict(zip(records.lines.tolist(), values, strict=True))
    bad = {record.line: record for record in records.bad}
    blank = {at for at, line in enumerate(lines, 1) if not line}
    assert {*found, *bad, *blank} == set(range(1, len(rows) + 1))
    assert len(found) + len(bad) + len(blank) == len(rows)
    for at, (row, line) in enumerate(zip(rows, lines, strict=True), 1):
        if at in found:
            assert records.raw(list(found).index(at)).decode() == line
            assert found[at] == tuple(value if quoted else value or None for value in row) or not quoted
            assert split_fields(line.encode(), written) == [value or "" for value in found[at]]
            # Whatever was read gives the line again, in no other way than with that many delimiters.
            assert quoted or delimiter.join(value or "" for value in found[at]) == line
        elif at in bad:
            assert bad[at].raw.decode() == line
            assert not quoted
