"""The line of each row as a column of its landing."""

import polars as pl
import pytest

from bankmesh.errors import SourceFaults

MORE = 'rejects_tolerated: "100%%"\nline_as: line\nfile_as: source\nformat: {multiline: %s}'


@pytest.mark.parametrize("block_bytes", [1, 20, 1 << 20])
@pytest.mark.parametrize("header", ["true", "false"])
def test_lines_of_text_are_those_of_the_file(exports, rejects_of, block_bytes, header):
    obj = exports.declare(more=MORE % f"false, header: {header}")
    lines = ["n;t;a"] * (header == "true") + ["1;x;1", "", "bad", "2;y;x", "3;z;"]
    landing = exports.land(obj, "\r\n".join(lines).encode(), block_bytes=block_bytes)
    rows = pl.read_parquet(landing.rows_paths)
    first = 1 + (header == "true")
    assert rows.columns == ["n", "t", "a", "line", "source"]
    assert rows.select("n", "line", "source").rows() == [(1, first, "thing.txt"), (3, first + 4, "thing.txt")]
    assert [line for line, *_ in rejects_of(landing)] == [first + 2, first + 3]
    assert [(c.name, c.type, c.required) for c in landing.columns][3] == ("line", "long", True)


@pytest.mark.parametrize("block_bytes", [1, 20, 1 << 20])
def test_a_record_of_several_lines_has_its_first(exports, block_bytes):
    obj = exports.declare(more=MORE % "true")
    landing = exports.land(obj, b'n;t;a\n1;"x\n\ny";1\n2;"z\n";2\n\n3;;3\n', block_bytes=block_bytes)
    assert pl.read_parquet(landing.rows_paths).select("n", "line").rows() == [(1, 2), (2, 5), (3, 8)]


def test_rows_of_parquet_are_numbered(exports, rejects_of):
    more = 'rejects_tolerated: "100%"\nline_as: line\nfile_as: source\nformat: {kind: parquet}'
    obj = exports.declare(more=more, file="thing.parquet")
    frame = pl.DataFrame({"n": [7, None, 9], "t": ["a", "b", "c"], "a": ["1", "2", "3"]})
    frame.write_parquet(exports.base / "thing.parquet", row_group_size=2)
    landing = exports.land(obj)
    assert pl.read_parquet(landing.rows_paths).select("n", "line", "source").rows() == [
        (7, 1, "thing.parquet"), (9, 3, "thing.parquet"),
    ]  # fmt: skip
    assert [(line, raw) for line, raw, *_ in rejects_of(landing)] == [(2, '{"n": null, "t": "b", "a": "2"}')]


def test_it_is_part_of_the_meaning_and_its_name_is_checked(exports):
    assert exports.declare().digest != exports.declare(more="line_as: line").digest
    for name, rule in (("n", "duplicate-column"), ("Line", "bad-name")):
        with pytest.raises(SourceFaults) as caught:
            exports.declare(more=f"line_as: {name}")
        assert rule in {fault.rule for fault in caught.value.faults}
    with pytest.raises(SourceFaults, match="line_above_as is for fixed-width files"):
        exports.declare(more="line_above_as: {a: b}")
