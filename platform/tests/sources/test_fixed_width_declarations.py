"""Declarations of fixed-width files: each impossible one is a fault at its line."""

import datetime as dt
import re
from pathlib import Path

import polars as pl
import pytest
from fixed_width_samples import BATCHES, declared

from bankmesh.errors import SourceFaults
from bankmesh.sources import land, read_system
from bankmesh.sources.declarations.field_reader import FIELD_KEYS, RECORD_KEYS
from bankmesh.sources.declarations.layout_reader import FIXED_WIDTH_KEYS, RECORD_TYPE_KEYS, TOTAL_KEYS
from bankmesh.sources.declarations.record_layout import PADDING_SIDES, RECORD_ROLES, Padding

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "source-declaration.md").read_text(encoding="utf-8")
GOOD = """\
system: host
description: A system.
owner: team
format:
  kind: fixed_width
  record_length: 30
  encoding: cp1250
  padding: right
  decimal: ","
  selector: {start: 1, length: 2}
  records:
    opening: {value: "00", role: header}
    batch: {value: "10"}
    item: {value: ["20", "21"]}
    closing:
      value: "99"
      role: trailer
      totals:
        - {count: [item], start: 3, length: 6}
        - {sum: amount, of: item, start: 9, length: 12, decimals: 2}
objects:
  item:
    description: Items.
    files: ["day.txt"]
    record: item
    line_as: line
    line_above_as: {batch: batch_line}
    unused: [{start: 28, length: 2}]
    columns:
      amount: {start: 8, length: 9, type: "decimal(12,2)", decimals: 2, classification: internal, description: A.}
      name: {start: 17, length: 10, type: string, padding: both, pad: "*", classification: internal, description: N.}
      batch: {from: batch, start: 3, length: 5, type: long, classification: internal, description: Key.}
"""


def read(tmp_path, text):
    (tmp_path / "host.yaml").write_text(text, encoding="utf-8")
    return read_system(tmp_path / "host.yaml").objects


def test_a_declaration_is_read_whole(tmp_path):
    [item] = read(tmp_path, GOOD)
    assert (item.format.record_length, item.format.terminated, item.record) == (30, True, "item")
    amount, name, batch, line, above = item.columns
    assert (str(amount.fixed.position), amount.fixed.padding, amount.fixed.decimals) == ("8-16", Padding("right"), 2)
    assert (amount.numbers.decimal, name.fixed.padding) == (".", Padding("both", "*"))
    assert (batch.fixed.record, line.line_of, above.line_of) == ("batch", "", "batch")
    assert [column.name for column in item.in_file] == ["amount", "name", "batch"]
    assert item.summed == (("item", amount),)


def test_an_object_may_override_keys_of_the_layout(tmp_path):
    text = GOOD.replace("    record: item\n", "    record: item\n    format: {record_length: 40, terminated: false}\n")
    [item] = read(tmp_path, text)
    assert (item.format.record_length, item.format.terminated, len(item.format.records)) == (40, False, 4)


def test_the_digest_is_of_positions_types_and_totals(tmp_path):
    digest = read(tmp_path, GOOD)[0].digest
    assert read(tmp_path, GOOD.replace("description: A.", "description: B."))[0].digest == digest
    for old, new in [
        ("start: 8, length: 9", "start: 8, length: 8"),
        ("padding: both", "padding: left"),
        ("decimals: 2, classification", "decimals: 1, classification"),
        ("length: 6}", "length: 5}"),
        ('["20", "21"]', '["20"]'),
        ("start: 28", "start: 27"),
        ("{batch: batch_line}", "{opening: batch_line}"),
    ]:
        assert old in GOOD
        assert read(tmp_path, GOOD.replace(old, new))[0].digest != digest, old


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("record_length: 30", "record_length: 0", 6, "bad-number"),
        ("  record_length: 30\n", "", 5, "missing-key"),
        ("encoding: cp1250", "terminated: false", 7, "unterminated-encoding"),
        ("padding: right", "padding: middle", 8, "unknown-word"),
        ("padding: right", 'pad: "0"', 8, "one-character"),
        ("padding: right", 'title_lines: ["("]', 8, "bad-pattern"),
        ("padding: right", 'title_lines: ["a{99999999999999}"]', 8, "bad-pattern"),
        ("padding: right", 'quote: "x"', 8, "option-of-another-kind"),
        ("padding: right", "paddng: right", 8, "unknown-key"),
        ("  selector: {start: 1, length: 2}\n", "", 11, "missing-key"),
        ("selector: {start: 1,", "selector: {start: 30,", 10, "position-out-of-range"),
        ('value: "00"', 'value: "0"', 12, "bad-selector-value"),
        ('value: "00"', 'value: "21"', 14, "bad-selector-value"),
        ("role: header", "role: trailer", 16, "duplicate-role"),
        ("role: header", "role: heading", 12, "unknown-word"),
        ("role: trailer", "role: detail", 19, "totals-of-detail"),
        ("count: [item]", "count: [things]", 19, "unknown-word"),
        ("count: [item], ", "", 19, "missing-key"),
        ("count: [item], ", "count: [item], decimals: 2, ", 19, "option-of-another-type"),
        ("start: 3, length: 6}", "start: 3, length: 7}", 19, "overlapping-columns"),
        ("start: 9, length: 12,", "start: 20, length: 12,", 20, "position-out-of-range"),
        ("sum: amount, of: item", "sum: amount, of: closing", 20, "unknown-word"),
        ("sum: amount", "sum: amnt", 22, "unknown-column"),
        ("sum: amount", "sum: name", 22, "unknown-column"),
        ("sum: amount, of: item", "sum: amount, of: batch", 22, "unknown-column"),
        ("record: item", "record: closing", 25, "unknown-word"),
        ("    record: item\n", "", 23, "missing-key"),
        ("line_as: line", "line_as: Line", 26, "bad-name"),
        ("line_as: line", "line_as: amount", 26, "duplicate-column"),
        ("{batch: batch_line}", "{closing: batch_line}", 27, "unknown-word"),
        ("unused: [{start: 28", "unused: [{start: 26", 31, "overlapping-columns"),
        ("unused: [{start: 28", "unused: [{start: 30", 28, "position-out-of-range"),
        ("start: 8, length: 9", "start: 8, length: 10", 31, "overlapping-columns"),
        ("start: 8, length: 9", "start: 0, length: 9", 30, "bad-number"),
        ("start: 8, length: 9", "start: 8, length: 24", 30, "position-out-of-range"),
        ("start: 8, length: 9, ", "start: 8, ", 30, "missing-key"),
        ("decimals: 2, classification", "decimals: 3, classification", 30, "bad-number"),
        ("decimals: 2, classification", "decimals: 2, thousands: null, classification", 30, "read-and-separators"),
        ("type: string,", "type: string, decimals: 2,", 31, "option-of-another-type"),
        ("type: string,", "type: string, header_pattern: true,", 31, "option-of-another-kind"),
        ('pad: "*"', 'pad: "**"', 31, "one-character"),
        ("from: batch", "from: item", 32, "unknown-word"),
        ("from: batch", "from: closing", 32, "unknown-word"),
    ],
)  # fmt: skip
def test_each_fault_is_at_its_line(tmp_path, old, new, line, rule):
    assert old in GOOD
    with pytest.raises(SourceFaults) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert (line, rule) in {(fault.line, fault.rule) for fault in caught.value.faults}


def test_a_field_is_not_classified_lower_in_another_object(tmp_path):
    batch = """\
  batch:
    description: Batches.
    files: ["day.txt"]
    record: batch
    columns:
      key: {start: 2, length: 3, type: string, classification: %s, description: Key.}
"""
    assert len(read(tmp_path, GOOD + (batch % "internal").replace("start: 2", "start: 3"))) == 2
    with pytest.raises(
        SourceFaults, match=r"batch is internal, but its characters \(batch 3-7\) are column key"
    ) as caught:
        read(tmp_path, GOOD + batch % "restricted")
    assert [(fault.line, fault.rule) for fault in caught.value.faults] == [(32, "classified-lower")]


def test_the_keys_are_for_fixed_width_files_only(tmp_path):
    text = re.sub(r"(?s)^format:.*?^objects:", "format: {delimiter: ';'}\nobjects:", GOOD, flags=re.MULTILINE)
    with pytest.raises(SourceFaults) as caught:
        read(tmp_path, text)
    faults = [fault.message.rpartition(": ")[2] for fault in caught.value.faults]
    assert {key for key in (*FIELD_KEYS, *RECORD_KEYS) if f"{key} is for fixed-width files" in faults} == {
        *FIELD_KEYS, *RECORD_KEYS,
    }  # fmt: skip


def keys_below(title: str) -> set[str]:
    text = PAGE.split(f"\n### {title}\n")[1].split("\n## ")[0]
    table = re.search(r"\| key \|.*\n\| --- .*\n((?:\|.*\n)+)", text)
    assert table is not None
    return {key.strip(" `") for line in table[1].splitlines() for key in line.split("|")[1].split(",")}


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("The format of fixed-width files", FIXED_WIDTH_KEYS),
        ("Record types", (*RECORD_TYPE_KEYS, *RECORD_KEYS)),
        ("Fields", FIELD_KEYS),
        ("Control totals", TOTAL_KEYS),
    ],
)
def test_every_key_is_explained(title, known):
    assert keys_below(title) == set(known)


def test_every_word_is_explained():
    assert not [word for word in (*RECORD_ROLES, *PADDING_SIDES, "fixed_width") if f"`{word}`" not in PAGE]


def test_the_example_of_the_reference_is_a_declaration(tmp_path):
    example = PAGE.split("\n## Fixed width\n")[1].split("```yaml\n")[1].split("```")[0]
    order, payment = read(tmp_path, f"system: host\ndescription: A system.\nowner: team\n{example}")
    assert [column.name for column in order.columns] == ["order_id", "name", "business_day"]
    assert [column.name for column in payment.columns] == ["amount", "text", "order_id", "line", "order_line"]


def test_the_example_of_the_how_to_lands_as_it_says(tmp_path):
    page = (Path(__file__).parents[3] / "docs/how-to/land-your-own-exports.md").read_text(encoding="utf-8")
    section = page.split("\n## A fixed-width file\n")[1].split("\n## ")[0]
    text, declaration = (section.split(f"```{kind}\n")[1].split("```")[0] for kind in ("text", "yaml"))
    (tmp_path / "branch_host.yaml").write_text(declaration, encoding="utf-8")
    (tmp_path / "branch_host").mkdir()
    (tmp_path / "branch_host" / "deposits_20240531.txt").write_text(
        "".join(f"{line:26}\n" for line in text.splitlines()), encoding="cp1250"
    )
    found = {}
    for obj in read_system(tmp_path / "branch_host.yaml").objects:
        (tmp_path / obj.name).mkdir()
        landing = land(obj, tmp_path, tmp_path / obj.name)
        assert landing.acceptable
        found[obj.name] = pl.read_parquet(landing.rows_paths)
    assert found["slip"].rows() == [
        (1, "NOVAKOVA JANA", dt.date(2024, 5, 31), 2, "deposits_20240531.txt"),
        (2, "DVORAK PETR", dt.date(2024, 5, 31), 5, "deposits_20240531.txt"),
    ]
    table = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    assert table[0] == found["cheque"].columns
    assert table[2:] == [[str(value) for value in row] for row in found["cheque"].rows()]


def rules(tmp_path, text):
    with pytest.raises(SourceFaults) as caught:
        read(tmp_path, text)
    return [(fault.rule, fault.line) for fault in caught.value.faults]


OTHER = """\
  other:
    description: The same records once more.
    files: ["day.txt"]
    record: item
    unused: [{start: 3, length: 28}]
    columns:
      amount: {start: %d, length: 9, type: "decimal(12,2)", decimals: 2, classification: internal, description: A.}
"""


def test_a_summed_column_is_read_in_one_way(tmp_path):
    alike = OTHER.replace("start: 3, length: 28", "start: 17, length: 14") % 8
    assert [item.summed[0][1].name for item in read(tmp_path, GOOD + alike)] == ["amount", "amount"]
    moved = OTHER.replace("start: 3, length: 28", "start: 3, length: 6") % 9
    assert rules(tmp_path, GOOD + moved) == [("unknown-column", 22)]


def test_columns_without_a_position_overlap_nothing(tmp_path):
    text = GOOD.replace("start: 8, ", "").replace("start: 17, ", "")
    assert {rule for rule, _ in rules(tmp_path, text)} == {"missing-key"}


BATCH = """\
  batch:
    description: Batches.
    files: ["day.txt"]
    record: batch
    columns:
      key: {start: 3, length: 5, type: long, classification: restricted, description: Key.}
"""


@pytest.mark.parametrize(
    "override", ["", "{padding: both}", "{minus: trailing}", "{title_lines: [x]}", "{encoding: utf-8}"]
)
def test_a_field_of_another_record_is_classified_as_there_whatever_the_object_overrides(tmp_path, override):
    text = GOOD.replace(
        "    record: item\n", f"    record: item\n    format: {override}\n" if override else "    record: item\n"
    )
    found = rules(tmp_path, text + BATCH)
    assert [rule for rule, _ in found if rule != "unknown-column"] == ["classified-lower"]
    assert ("unknown-column" in dict(found)) is (override in {"{title_lines: [x]}", "{encoding: utf-8}"})


def test_a_fault_of_files_that_objects_share_is_reported_once_with_its_line(tmp_path):
    with pytest.raises(SourceFaults) as caught:
        declared(tmp_path, BATCHES.replace("sum: amount, of: item", "sum: nothing, of: item"))
    [fault] = caught.value.faults
    assert (fault.line, fault.rule) == (BATCHES.split("\n").index("  batch:") + 1, "unknown-column")
    assert "item.nothing, which is declared by no object of these files" in fault.message
