"""Exports of other shapes: Zstandard, folders, the file's name as a column, patterns for headings, nameless columns."""

import hashlib

import polars as pl
import pyarrow as pa
import pytest

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources import fingerprint, prepare

NAMED = 'file_as: source_file\nrejects_tolerated: "100%"'


def zstd(content: bytes) -> bytes:
    return pa.Codec("zstd").compress(content, asbytes=True)


def put(exports, file: str, content: bytes):
    path = exports.base / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
def test_zstandard_files_are_read_like_gzip_ones(exports, rows_of, rejects_of, block_bytes):
    obj = exports.declare(file="thing.txt.zst")
    stored = zstd(b"n;t;a\r\n1;x;1\r\n") + zstd(b"\r\n2;y\r\n3;z;3.5")  # two frames, one after the other
    put(exports, "thing.txt.zst", stored)
    landing = exports.land(obj, block_bytes=block_bytes)
    assert [row[0] for row in rows_of(landing)] == [1, 3]
    assert rejects_of(landing) == [(4, "2;y", "2 fields instead of 3", None)]
    [file] = landing.files
    assert (file.name, file.size, file.sha256) == ("thing.txt.zst", len(stored), hashlib.sha256(stored).hexdigest())
    assert (landing.rows_in, landing.blank_lines, landing.balanced) == (3, 1, True)


def test_damaged_zstandard_files_are_refused(exports):
    obj = exports.declare(file="thing.txt.zst")
    content = b"n;t;a\n" + b"".join(b"%d;x;1\n" % n for n in range(50_000))
    whole = zstd(content)
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 0xFF
    for damaged, problem in [
        (whole[:-1], "the Zstandard file is cut short"),
        (whole[: len(whole) // 2], "the Zstandard file is cut short"),
        (whole + whole[:9], "the Zstandard file is cut short"),
        (content, "is not valid Zstandard"),
        (whole + b"garbage", "is not valid Zstandard"),
        (bytes(flipped), "is not valid Zstandard"),
        (b"", "the file is empty"),
        (zstd(b""), "the file is empty"),
    ]:
        put(exports, "thing.txt.zst", damaged)
        with pytest.raises(LegacyFileError, match=problem):
            exports.land(obj)


def test_a_zstandard_file_that_cannot_be_read_is_told_as_such(exports, monkeypatch):
    path = put(exports, "thing.txt.zst", zstd(b"n;t;a\n1;x;1\n"))
    obj = exports.declare(file="thing.txt.zst")

    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(LegacyFileError, match=r"cannot be read \(Permission denied\)"):
        exports.land(obj)


def test_a_pattern_reaches_into_folders_in_order_of_path(exports):
    obj = exports.declare(file='Batch*/Thing.txt", "Thing.txt', more=NAMED)
    for file, line in {
        "Batch2/Thing.txt": b"2;x;1",
        "Batch1/Thing.txt": b"1;x;1\nbad",
        "Batch1/Other.txt": b"9;x;1",
        "Thing.txt": b"8;x;1",
    }.items():
        put(exports, file, b"n;t;a\n" + line)
    landing = exports.land(obj)
    assert [file.name for file in landing.files] == ["Batch1/Thing.txt", "Batch2/Thing.txt"]
    assert pl.read_parquet(landing.rows_paths).select("n", "source_file").rows() == [
        (1, "Batch1/Thing.txt"),
        (2, "Batch2/Thing.txt"),
    ]
    assert pl.read_parquet(landing.rejects_paths).select("file", "line").rows() == [("Batch1/Thing.txt", 3)]


def test_files_of_one_name_in_two_folders_are_told_apart_in_the_fingerprint(exports, tmp_path):
    obj = exports.declare(file="*/thing.txt")
    put(exports, "a/thing.txt", b"n;t;a\n1;x;1\n")
    put(exports, "b/thing.txt", b"n;t;a\n2;x;1\n")
    before = fingerprint(obj, exports.base)
    assert prepare(obj, exports.base, tmp_path / "home", "d").fingerprint == before
    (exports.base / "b").rename(exports.base / "c")
    assert fingerprint(obj, exports.base) != before


def test_the_file_name_is_a_column_of_the_landing(exports):
    plain, named = exports.declare(), exports.declare(more=NAMED)
    assert named.digest != plain.digest
    assert [column.name for column in named.columns] == ["n", "t", "a", "source_file"]
    assert named.headers == ("n", "t", "a")
    landing = exports.land(named, b"n;t;a\n1;x;1\n")
    [column] = [column for column in landing.columns if column.name == "source_file"]
    assert (column.type, column.classification, column.required) == ("string", "internal", True)
    assert pl.read_parquet(landing.rows_paths)["source_file"].to_list() == ["thing.txt"]


def test_an_optional_object_without_a_file_has_the_file_name_column_too(exports):
    landing = exports.land(exports.declare(more="optional: true\nfile_as: source_file"))
    assert pl.read_parquet(landing.rows_paths).columns == ["n", "t", "a", "source_file"]


@pytest.mark.parametrize(("name", "rule"), [("t", "duplicate-column"), ("Source", "bad-name"), ("[a]", "wrong-type")])
def test_a_file_name_column_that_cannot_be(exports, name, rule):
    with pytest.raises(SourceFaults) as caught:
        exports.declare(more=f"file_as: {name}")
    assert rule in {fault.rule for fault in caught.value.faults}


YIELDS = """
day: {type: date, format: "%Y-%m-%d", required: true, classification: public, description: Day.}
"DGS[0-9]+(MO)?": {type: "decimal(6,2)", header_pattern: true, as: yield, classification: public, description: Yield.}
"""


def test_a_heading_given_as_a_pattern(exports):
    obj = exports.declare(YIELDS, file="DGS*.txt", more="file_as: series")
    for series, value in {"DGS10": "4.23", "DGS1MO": "1.99", "DGS2": ""}.items():
        put(exports, f"{series}.txt", f"day;{series}\n2005-01-03;{value}\n".encode())
    rows = pl.read_parquet(exports.land(obj).rows_paths).select("series", "yield").rows()
    assert [(series, value and float(value)) for series, value in rows] == [
        ("DGS10.txt", 4.23), ("DGS1MO.txt", 1.99), ("DGS2.txt", None),
    ]  # fmt: skip


@pytest.mark.parametrize("heading", ["DGS", "DGS10X", "xDGS10", "DFF"])
def test_a_heading_that_the_pattern_does_not_match_in_full_is_refused(exports, heading):
    obj = exports.declare(YIELDS, file="y.txt")
    with pytest.raises(LegacyFileError, match=r"lacks DGS\[0-9\]\+\(MO\)\?; not declared are its fields 2") as caught:
        exports.land(obj, f"day;{heading}\n2005-01-03;1\n".encode())
    assert caught.value.expected == "2 columns: day, DGS[0-9]+(MO)?"


def test_a_pattern_for_a_heading_must_be_one(exports):
    with pytest.raises(SourceFaults) as caught:
        exports.declare(YIELDS.replace("(MO)?", "(MO"), file="y.txt")
    assert "bad-pattern" in {fault.rule for fault in caught.value.faults}
    with pytest.raises(SourceFaults) as caught:
        exports.declare(YIELDS.replace("as: yield, ", ""), file="y.txt")
    assert "bad-name" in {fault.rule for fault in caught.value.faults}


TRAILING = """
n: {type: long, required: true, classification: internal, description: A number.}
"": {type: string, codes: {A: B}, as: nothing, classification: public, description: The empty column at the end.}
"""


def test_a_column_without_a_heading(exports, rows_of, rejects_of):
    obj = exports.declare(TRAILING, more='rejects_tolerated: "100%"')
    landing = exports.land(obj, b"n;\n1;\n2;A\n3;C\n")
    assert rows_of(landing) == [(1, None), (2, "B")]
    assert rejects_of(landing) == [(4, "3;C", '"": not in the code table, which knows A', '""')]
    with pytest.raises(LegacyFileError, match='Expected 2 columns: n, ""'):
        exports.land(obj, b"n\n1\n")


def test_a_column_without_a_heading_needs_a_name(exports):
    with pytest.raises(SourceFaults, match=r'column thing\."" needs a name to land as'):
        exports.declare(TRAILING.replace("as: nothing, ", ""))


def test_an_object_may_be_written_otherwise_than_its_system(exports, rows_of):
    obj = exports.declare(more='format: {delimiter: "|", header: false, quote: null}')
    assert (obj.format.encoding, obj.format.delimiter, obj.format.header) == ("ascii", "|", False)
    assert len(rows_of(exports.land(obj, b'1|"x|1\r\n2||\r\n'))) == 2


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ('{delimiter: ";", quote: ";"}', "one-character"),
        ("{quote: null, multiline: true}", "multiline"),
        ("{encodng: ascii}", "unknown-key"),
        ("parquet", "wrong-type"),
    ],
)
def test_a_format_of_an_object_is_read_as_strictly(exports, written, rule):
    with pytest.raises(SourceFaults) as caught:
        exports.declare(more=f"format: {written}")
    assert rule in {fault.rule for fault in caught.value.faults}
