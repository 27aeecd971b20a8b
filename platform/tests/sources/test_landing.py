"""Landing of files: line numbers, quoting, header, encoding, compression, control files, and clear refusals."""

import datetime as dt
import gzip

import polars as pl
import pytest

from bankmesh.errors import LegacyFileError
from bankmesh.sources.declarations.source_declaration import ENCODINGS, UTF16

LATIN = "encoding: latin-1"


def test_rows_and_rejects_with_exact_physical_lines(exports, rows_of, rejects_of):
    content = (
        b'n;t;a\r\n1;"x";1.00\r\n\r\n2;y\r\n3;"z;2\r\nfour;"";4\r\n\r\n5;q"q;1\r\n6;"a""b;c";-0.5\n7;"";7;7\r\n8; ;8'
    )
    landing = exports.land(exports.declare(), content)
    assert [(n, t, float(a)) for n, t, a in rows_of(landing)] == [(1, "x", 1.0), (6, 'a"b;c', -0.5), (8, " ", 8.0)]
    assert rejects_of(landing) == [
        (4, "2;y", "2 fields instead of 3", None),
        (5, '3;"z;2', "a quote that is not closed", None),
        (6, 'four;"";4', "n: cannot be read as long", "n"),
        (8, '5;q"q;1', "a quote that is not closed", None),
        (10, '7;"";7;7', "4 fields instead of 3", None),
    ]
    assert (landing.rows_in, landing.rows, landing.rejects, landing.blank_lines) == (8, 3, 5, 2)
    assert landing.balanced
    assert not landing.within_tolerance


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("file", ["thing.txt", "thing.txt.gz"])
def test_where_blocks_are_cut_changes_nothing(exports, rows_of, rejects_of, block_bytes, file):
    lines = [b'%d;"t%d";%d.25' % (n, n, n) if n % 7 else b'%d;"bad' % n for n in range(1, 200)]
    lines[0] += b"\r\n"  # a blank line, which may be cut anywhere
    landing = exports.land(exports.declare(file=file), b"n;t;a\n" + b"\r\n".join(lines), block_bytes=block_bytes)
    assert [row[0] for row in rows_of(landing)] == [n for n in range(1, 200) if n % 7]
    assert [(line, raw) for line, raw, *_ in rejects_of(landing)] == [(n + 2, f'{n};"bad') for n in range(7, 200, 7)]
    assert (landing.balanced, landing.blank_lines) == (True, 1)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_and_a_missing_last_one(exports, rows_of, end, last):
    landing = exports.land(exports.declare(), end.join([b"n;t;a", b"1;x;1", b"2;y;2"]) + (end if last else b""))
    assert len(rows_of(landing)) == landing.rows_in == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'1;"x"y;1', "a quote within a field"),
        (b'1;x"y";1', "a quote within a field"),
        (b'1; "x";1', "a quote within a field"),
        (b'1;"x" ;1', "a quote within a field"),
        (b'1;"x;1', "a quote that is not closed"),
        (b'"', "a quote that is not closed"),
        (b"1;x\r;1", "carriage return within the line"),
        (b"1;x;1\r", "carriage return within the line"),
        (b'1;"x\ry";1', "carriage return within the line"),
        (b"1", "1 fields instead of 3"),
        (b" ", "1 fields instead of 3"),
        (b";;;", "4 fields instead of 3"),
        (b'1;"a;b";1;"c;d"', "4 fields instead of 3"),
    ],
)
@pytest.mark.parametrize("multiline", ["", "multiline: true"])
def test_what_is_no_record_is_rejected_alone(exports, rows_of, rejects_of, line, reason, multiline):
    obj = exports.declare(written=multiline)
    if multiline and line == b'1;"x\ry";1':
        return  # a value over several lines may hold any line end
    landing = exports.land(obj, b'n;t;a\r\n7;"a";1\r\n' + line + b'\r\n8;"b";2\r\n')
    assert [row[0] for row in rows_of(landing)] == [7, 8]
    [(number, raw, told, _)] = rejects_of(landing)
    assert (number, raw) == (3, line.decode())
    assert told == reason
    assert landing.balanced


def test_files_without_quoting_keep_their_quotes(exports, rows_of):
    landing = exports.land(exports.declare(written="quote: null"), b'n;t;a\n1;"x;1\n2;5" pipe;2\n')
    assert [row[1] for row in rows_of(landing)] == ['"x', '5" pipe']


def test_values_over_several_lines(exports, rows_of, rejects_of):
    content = b'n;t;a\r\n1;"x\r\n\r\ny";1\r\n\r\n2;"z";2\r\nbad;"1\n2";3\r\n4;"";4'
    for block_bytes in (1, 10, 1 << 20):
        landing = exports.land(exports.declare(written="multiline: true"), content, block_bytes=block_bytes)
        assert [row[:2] for row in rows_of(landing)] == [(1, "x\r\n\r\ny"), (2, "z"), (4, "")]
        assert rejects_of(landing) == [(7, 'bad;"1\n2";3', "n: cannot be read as long", "n")]
        assert (landing.rows_in, landing.blank_lines) == (4, 2)


def test_a_stray_quote_costs_one_line_even_if_values_may_span_lines(exports, rows_of, rejects_of):
    lines = b"".join(b'%d;"t";1\n' % n for n in range(1000))
    for block_bytes in (64, 1 << 20):
        landing = exports.land(
            exports.declare(written="multiline: true"), b'n;t;a\n-1;"x;1\n' + lines, block_bytes=block_bytes
        )
        assert [row[0] for row in rows_of(landing)] == list(range(1000))
        assert [(line, raw) for line, raw, *_ in rejects_of(landing)] == [(2, '-1;"x;1')]


def test_a_quote_that_never_closes_does_not_take_the_file_with_it(exports, monkeypatch):
    monkeypatch.setattr("bankmesh.sources.parsing.multiline_records.LONGEST_RECORD", 1000)
    landing = exports.land(
        exports.declare(written="multiline: true"), b'n;t;a\n0;"x;1\n' + b"1;y;1\n" * 5000, block_bytes=512
    )
    assert (landing.rows, landing.rejects, landing.balanced) == (5000, 1, True)


def test_encodings_land_as_the_same_text(exports, rows_of, rejects_of):
    for encoding in ("utf-8", "cp1250", "iso8859-2", "cp1252", "latin-1"):
        word = "Jihlava é" if encoding in ("cp1252", "latin-1") else "Přerov šž"
        content = f'n;t;a\n1;"{word}";1\nx;{word};1\n'.encode(encoding)
        landing = exports.land(exports.declare().__class__(**_with_encoding(exports.declare(), encoding)), content)
        assert [row[1] for row in rows_of(landing)] == [word]
        assert [raw for _, raw, *_ in rejects_of(landing)] == [f"x;{word};1"]


def _with_encoding(obj, encoding):
    return vars(obj) | {"format": obj.format.__class__(**vars(obj.format) | {"encoding": encoding})}


@pytest.mark.parametrize(
    ("encoding", "byte"), [("ascii", b"\xe9"), ("utf-8", b"\xe9"), ("cp1250", b"\x81"), ("cp1252", b"\x8d")]
)
def test_a_byte_of_another_encoding_is_refused_wherever_it_is(exports, encoding, byte):
    obj = exports.declare()
    obj = obj.__class__(**_with_encoding(obj, encoding))
    content = b"n;t;a\r\n" + b"1;x;1\r\n" * 50 + b"2;y" + byte + b";1\r\n"
    for block_bytes in (1, 1 << 20):
        with pytest.raises(LegacyFileError) as caught:
            exports.land(obj, content, block_bytes=block_bytes)
        text = f"line 52, byte offset {content.index(byte)}: byte 0x{byte.hex().upper()} does not fit"
        assert str(caught.value) == f"{exports.base / 'thing.txt'}: {text}. Expected text in {encoding}."


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (b"n;t", "the header names 2 columns and lacks a"),
        (b"n;t;a;b", "the header names 4 columns: n, t, a, (field 4 is not declared)"),
        (b"n;t;b", "the header names 3 columns and lacks a; not declared are its fields 3"),
        (b"n;t;", "the header names 3 columns and lacks a; not declared are its fields 3"),
        (b"N;t;a", "the header names 3 columns and lacks n; not declared are its fields 1"),
        (b"t;n;a", "the columns are in another order: t, n, a"),
        (b"n,t,a", "the first line is not a header: it has 1 fields, none of them a declared column"),
        (b'n;"t;a', "the header line is not well formed"),
    ],
)
def test_another_header_is_refused(exports, header, problem):
    with pytest.raises(LegacyFileError) as caught:
        exports.land(exports.declare(), header + b"\r\n1;x;1\r\n")
    assert caught.value.problem == problem
    assert caught.value.expected == "3 columns: n, t, a"


def test_a_file_without_its_header_never_has_its_first_row_repeated(exports):
    with pytest.raises(LegacyFileError) as caught:
        exports.land(exports.declare(), b"1;Jan Novak;2\r\n2;x;1\r\n")
    assert "not a header" in str(caught.value)
    assert "Novak" not in str(caught.value)


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize("header", ["true", "false"])
@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if name != "utf-8-sig"])
@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_a_byte_order_mark_that_is_not_declared_is_refused_by_name(exports, header, encoding, block_bytes):
    obj = exports.declare(more=f"format: {{header: {header}, encoding: {encoding}}}")
    with pytest.raises(LegacyFileError) as caught:
        exports.land(obj, MARK + b"n;t;a\n1;x;1\n", block_bytes=block_bytes)
    assert caught.value.problem == "the file begins with a byte order mark"
    assert caught.value.expected == f"none in {encoding}, or `encoding: utf-8-sig`"


@pytest.mark.parametrize(("mark", "named"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
@pytest.mark.parametrize("encoding", sorted(set(ENCODINGS) - set(UTF16)))
def test_utf_16_is_refused_by_name(exports, mark, named, encoding):
    obj = exports.declare(more=f"format: {{encoding: {encoding}}}")
    with pytest.raises(LegacyFileError, match="begins with the byte order mark of UTF-16") as caught:
        exports.land(obj, mark + "n;t;a\n1;x;1\n".encode("utf-16-le"))
    assert caught.value.expected == f"text in {encoding}, or `encoding: {named}`"


@pytest.mark.parametrize("block_bytes", [1, 2, 4, 1 << 20])
@pytest.mark.parametrize("file", ["thing.txt", "thing.txt.gz"])
@pytest.mark.parametrize("mark", [MARK, b""], ids=["marked", "plain"])
def test_a_declared_byte_order_mark_may_be_there_and_is_no_text(exports, rows_of, rejects_of, block_bytes, file, mark):
    lines = "1;é;1\r\n\r\nx;é;2\r\n3;\ufeff;3".encode()
    for header in (b"n;t;a\r\n", b"\r\n", b""):
        has_header = "true" if header.strip() else "false"
        obj = exports.declare(
            file=file, more=f"format: {{header: {has_header}, encoding: utf-8-sig}}\nrejects_tolerated: 1"
        )
        landing = exports.land(obj, mark + header + lines, block_bytes=block_bytes)
        # A mark elsewhere is a character like any other.
        assert [row[:2] for row in rows_of(landing)] == [(1, "é"), (3, "\ufeff")]
        assert [(line, raw) for line, raw, *_ in rejects_of(landing)] == [(3 + bool(header), "x;é;2")]
        assert (landing.rows_in, landing.blank_lines, landing.balanced) == (3, 1 + (header == b"\r\n"), True)


@pytest.mark.parametrize("content", [MARK, MARK + b"n;t;a\n"])
def test_a_byte_order_mark_alone_is_an_empty_file(exports, content):
    obj = exports.declare(more="format: {encoding: utf-8-sig}")
    with pytest.raises(LegacyFileError, match="the file is empty" if content == MARK else "has a header and no rows"):
        exports.land(obj, content)


def test_an_offset_behind_a_byte_order_mark_is_that_in_the_file(exports):
    obj = exports.declare(more="format: {encoding: utf-8-sig}")
    content = MARK + b"n;t;a\n1;x;1\n2;\xe9;1\n"
    for block_bytes in (1, 1 << 20):
        with pytest.raises(LegacyFileError, match=f"line 3, byte offset {content.index(bytes([0xE9]))}: byte 0xE9"):
            exports.land(obj, content, block_bytes=block_bytes)


def test_a_quoted_header_is_the_same_header(exports):
    assert exports.land(exports.declare(), b'"n";"t";"a"\n1;x;1\n').rows == 1


def test_files_without_a_header(exports, rows_of, rejects_of):
    landing = exports.land(exports.declare(written="header: false"), b"1;x;1\nn;t;a\n")
    assert len(rows_of(landing)) == 1
    assert rejects_of(landing)[0][0] == 2


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0)], ids=["plain", "gzipped"])
def test_an_empty_file_is_refused(exports, content):
    file = "thing.txt.gz" if content else "thing.txt"
    exports.write(b"", file)
    (exports.base / file).write_bytes(content)
    with pytest.raises(LegacyFileError, match=r"the file is empty[.] Expected at least a header line"):
        exports.land(exports.declare(file=file, more="may_be_empty: true"))


def test_a_header_alone_is_refused_unless_the_object_may_be_empty(exports, rows_of):
    with pytest.raises(LegacyFileError, match="the file has a header and no rows"):
        exports.land(exports.declare(), b"n;t;a\r\n")
    landing = exports.land(exports.declare(more="may_be_empty: true"), b"n;t;a")
    assert (rows_of(landing), landing.rows_in, landing.balanced) == ([], 0, True)


def test_a_missing_file_is_refused_with_the_names_looked_for(exports):
    with pytest.raises(LegacyFileError, match=r"has no file of that object[.] Expected thing.txt for legacy.thing"):
        exports.land(exports.declare())


def test_an_optional_object_without_a_file_lands_as_an_empty_table(exports):
    landing = exports.land(exports.declare(more="optional: true"))
    assert (landing.files, landing.rows_in, landing.rows, landing.acceptable) == ((), 0, 0, True)
    assert pl.read_parquet(landing.rows_paths).columns == ["n", "t", "a"]


def test_damaged_gzip_files_are_refused(exports):
    obj = exports.declare(file="thing.txt.gz")
    content = b"n;t;a\n" + b"".join(b"%d;x;1\n" % n for n in range(5000))
    path = exports.write(content, "thing.txt.gz")
    whole = path.read_bytes()
    for damaged, problem in [
        (whole[:-1], "the gzip file is cut short"),
        (whole[: len(whole) // 2], "the gzip file is cut short"),
        (content, "is not valid gzip"),
        (whole + b"garbage", "is not valid gzip"),
        (whole[:-8] + b"\1\2\3\4" + whole[-4:], "is not valid gzip"),
    ]:
        path.write_bytes(damaged)
        with pytest.raises(LegacyFileError, match=problem):
            exports.land(obj)


def test_gzip_files_of_several_members_padded_with_zeros(exports):
    obj = exports.declare(file="thing.txt.gz")
    parts = gzip.compress(b"n;t;a\n1;x;1\n") + b"\0" * 9 + gzip.compress(b"2;x;1\n") + b"\0" * 512
    (exports.base / "thing.txt.gz").write_bytes(parts)
    assert exports.land(obj).rows == 2


def test_highly_compressed_text_comes_out_whole(exports):
    landing = exports.land(exports.declare(file="thing.txt.gz"), b"n;t;a\n" + b"1;x;1\n" * 400_000, block_bytes=5000)
    assert (landing.rows, landing.balanced) == (400_000, True)


def test_several_files_of_a_pattern_are_one_object(exports):
    obj = exports.declare(file="part-*.txt")
    exports.write(b"n;t;a\n1;x;1\n", "part-1.txt")
    exports.write(b"n;t;a\n2;x;1\nbad\n", "part-2.txt")
    landing = exports.land(obj)
    assert [file.name for file in landing.files] == ["part-1.txt", "part-2.txt"]
    assert pl.read_parquet(landing.rejects_paths).select("file", "line").rows() == [("part-2.txt", 3)]
    assert (landing.rows_in, landing.rows) == (3, 2)


def test_the_first_name_that_exists_is_taken(exports):
    obj = exports.declare(file='thing.new", "thing.old')
    exports.write(b"n;t;a\n1;x;1\n", "thing.old")
    assert exports.land(obj).files[0].name == "thing.old"
    exports.write(b"n;t;a\n1;x;1\n", "thing.new")
    assert [file.name for file in exports.land(obj).files] == ["thing.new"]


DATED = (
    'd: {type: date, format: "%Y-%m-%d", classification: internal, description: Day.}\n'
    "n: {type: long, classification: internal, description: A number.}"
)
DAYS = b"d;n\n2024-05-30;1\n2024-05-31;1\n2024-05-29;1\n2024-06-30;x\n"
THROUGH = "rejects_tolerated: 1\ncomplete_through: {control_file: c.csv, otherwise: %s, column: d}"


@pytest.mark.parametrize(
    ("rule", "day"), [("day_before_last", dt.date(2024, 5, 30)), ("last_day", dt.date(2024, 5, 31)), ("unknown", None)]
)
def test_without_a_control_file_the_rule_says_how_far_the_export_goes(exports, rule, day):
    assert exports.land(exports.declare(DATED, more=THROUGH % rule), DAYS).complete_through == day


def test_a_control_file_has_the_last_word(exports):
    obj = exports.declare(DATED, more=THROUGH % "day_before_last")
    exports.write(b"object;rows;complete_through\r\nother;7;2024-01-01\r\nthing;4;2024-05-31\r\n", "c.csv")
    landing = exports.land(obj, DAYS)
    assert (landing.complete_through, landing.acceptable) == (dt.date(2024, 5, 31), True)


@pytest.mark.parametrize(
    ("control", "problem"),
    [
        (b"object;rows;complete_through\nthing;5;2024-05-31\n", "says 5 rows of thing; the export has 4"),
        (b"object;rows\nthing;4\n", "the header differs"),
        (b"", "the header differs"),
        (b"object;rows;complete_through\n", "has 0 usable lines for thing"),
        (b"object;rows;complete_through\n" + b"thing;4;2024-05-31\n" * 2, "has 2 usable lines for thing"),
        (b"object;rows;complete_through\nthing;4;31.5.2024\n", "the line for thing cannot be read"),
        (b"object;rows;complete_through\nthing;4\n", "has 1 usable lines for thing"),
        (b"\xff", "byte offset 0 is not UTF-8"),
    ],
)
def test_a_control_file_that_does_not_fit_is_refused(exports, control, problem):
    obj = exports.declare(DATED, more=THROUGH % "last_day")
    exports.write(control, "c.csv")
    with pytest.raises(LegacyFileError, match=problem):
        exports.land(obj, DAYS)


def test_tolerance_in_percent(exports):
    obj = exports.declare(more="rejects_tolerated: 10%")
    good = b"n;t;a\n" + b"1;x;1\n" * 9
    assert exports.land(obj, good + b"bad\n").acceptable
    assert not exports.land(obj, good + b"bad\nbad\n").acceptable


def test_importing_the_room_imports_no_engine():
    import subprocess
    import sys

    code = "import sys, bankmesh.sources; print([m for m in ('polars','pyarrow','numpy','duckdb') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
