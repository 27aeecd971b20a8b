"""Comparisons as a reader may see them: as if the version had been published without what is withheld."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from decision_samples import reader
from diff_samples import MONTH, MONTHS, key_column, party_contract, party_port, publish_party, write_party
from relation_samples import FixedKeys, Recorder, decide

from bankmesh.access.errors import AccessDenied
from bankmesh.access.relations.governed_relation import GovernedRelation, ReadFailed
from bankmesh.errors import error_chain
from bankmesh.ports import open_version
from bankmesh.products.candidates.refused_candidates import note_refusal
from bankmesh.products.version_diffs import row_comparison
from bankmesh.products.version_diffs.product_diffs import (
    compare_readable,
    compare_readable_candidate,
    compare_versions,
    earlier_version,
)

WITHHOLD = "withhold"
PSEUDONYM, REDACT, NULL, MONTH_MASK = "pseudonym", "redact", "null", "generalise(month)"
FILTER = 'resource has country && resource.country == "GB"'
COLUMNS = {
    "id": key_column("integer"),
    "name": "string",
    "secret": {"logicalType": "string", "classification": "restricted"},
    "country": "string",
    "born": "date",
    "month": MONTH,
}
ALL_SHOWN = dict.fromkeys(COLUMNS, "show")


def row(number, name="a", cell="s", country="GB", month=0):
    born = date(1980, 1 + number % 12, 1 + number)
    return {"id": number, "name": name, "secret": f"CANARY-CELL-{cell}{number}", "country": country, "born": born,
            "month": date.fromisoformat(MONTHS[month])}  # fmt: skip


def hidden(number, text, month=0):
    return row(number, f"CANARY-ROW-{text}", country="XX", month=month)


BEFORE = [
    row(1), row(2), row(3), row(4, month=1), row(5, month=2), hidden(11, "same"), hidden(12, "old"), hidden(13, "gone"),
]  # fmt: skip
AFTER = [
    row(1), row(2, "b"), row(3, cell="t"), row(4, "c", month=1), row(6, month=1), hidden(11, "same"), hidden(12, "new"),
    hidden(14, "come", 2),
]  # fmt: skip


@pytest.fixture
def port(tmp_path):
    """Two versions; both have the file of the third month, but for a row that the reader of GB may not see."""
    found = party_port(tmp_path / "home")
    publish_party(found, party_contract(COLUMNS), BEFORE)
    publish_party(found, party_contract(COLUMNS), AFTER)
    return found


def on_party(outcomes, condition=""):
    return decide(party_contract(COLUMNS), ALL_SHOWN | outcomes, condition)


def relation(opened, decision):
    return GovernedRelation(decision, party_contract(COLUMNS), opened, Recorder(), FixedKeys())


def sides(port, decision):
    later = open_version(port)
    return [relation(opened, decision) for opened in (later, earlier_version(later))]


def comparison(port, decision):
    later, earlier = sides(port, decision)
    return compare_readable(party_contract(COLUMNS), later, earlier)


def published_without(folder, port, decision):
    """The comparison of the same versions, published with only the rows and values that the reader gets."""
    kept = {name: COLUMNS[name] for name in decision.readable}
    if mask := decision.masks.get("id"):
        kept["id"] = key_column("string") if str(mask) == PSEUDONYM else "integer"
    contract, other = party_contract(kept), party_port(folder)
    for side in reversed(sides(port, decision)):
        rows = pl.concat(side.read_batches(None))
        publish_party(other, contract, rows.iter_rows(named=True))
    return compare_versions(contract, open_version(other))


@pytest.mark.parametrize(
    ("outcomes", "condition"),
    [
        ({}, ""),
        ({"secret": WITHHOLD}, ""),
        ({"secret": WITHHOLD, "month": WITHHOLD}, ""),
        ({"born": MONTH_MASK, "secret": WITHHOLD}, ""),
        ({"id": PSEUDONYM, "name": REDACT}, ""),
        ({"id": NULL, "secret": WITHHOLD}, ""),
        ({"secret": WITHHOLD}, FILTER),
        ({"secret": WITHHOLD, "country": WITHHOLD, "month": WITHHOLD}, FILTER),
        ({"id": PSEUDONYM, "born": MONTH_MASK, "secret": WITHHOLD, "country": WITHHOLD}, FILTER),
    ],
)
def test_it_is_that_of_versions_without_what_is_withheld(port, tmp_path, outcomes, condition):
    decision = on_party(outcomes, condition)
    found, expected = comparison(port, decision), published_without(tmp_path / "other", port, decision)
    assert found.rows == expected.rows
    assert found.columns == expected.columns
    assert found.partitions == expected.partitions
    assert (found.key, found.repeated_before, found.repeated_after) == (
        expected.key, expected.repeated_before, expected.repeated_after,
    )  # fmt: skip
    assert sorted(map(str, found.examples)) == sorted(map(str, expected.examples))
    withheld = {name for name in COLUMNS if name not in decision.readable}
    assert (set(found.withheld), found.is_filtered) == (withheld, bool(condition))
    text = json.dumps(found.to_json())
    assert "CANARY-CELL" not in text
    assert ("CANARY-ROW" in text) is (not condition and "name" not in decision.masks and bool(found.key))


def test_a_withheld_key_refuses_it_and_so_does_nothing_readable(port):
    for outcomes in ({"id": WITHHOLD}, dict.fromkeys(COLUMNS, WITHHOLD)):
        with pytest.raises(AccessDenied) as refused:
            comparison(port, on_party(outcomes))
        assert "CANARY" not in str(refused.value)


def test_a_masked_key_that_is_no_pseudonym_compares_whole_rows(port):
    found = comparison(port, on_party({"id": NULL}))
    assert (found.key, found.why_no_key) == (
        (),
        "id of the primary key is masked, so that different keys may look equal",
    )
    assert found.examples == ()


def test_the_files_are_queried_only_by_a_reader_of_every_row_and_cell(port, monkeypatch):
    queried = []
    original = row_comparison.diff_queries.files_relation
    monkeypatch.setattr(
        row_comparison.diff_queries,
        "files_relation",
        lambda files, *a, **k: queried.extend(files) or original(files, *a, **k),
    )
    monkeypatch.setattr(
        "bankmesh.products.version_diffs.row_sources.files_relation", row_comparison.diff_queries.files_relation
    )
    for outcomes, condition in (({"name": REDACT}, ""), ({}, FILTER)):
        comparison(port, on_party(outcomes, condition))
    assert queried == []
    comparison(port, on_party({"secret": WITHHOLD}))
    assert queried != []


@pytest.mark.parametrize("outcomes", [{"secret": WITHHOLD}, {"name": REDACT}])
def test_the_read_of_each_version_is_recorded_with_its_columns_and_rows(port, outcomes):
    decision = on_party(outcomes)
    later, earlier = sides(port, decision)
    compare_readable(party_contract(COLUMNS), later, earlier)
    for side, rows in ((earlier, len(BEFORE)), (later, len(AFTER))):
        (read,) = side.recorder.reads
        assert (set(read.columns), read.way, read.ended) == (set(decision.readable), "diff", (rows, False))


def test_a_file_that_cannot_be_read_is_refused_without_its_path(port):
    later, earlier = sides(port, on_party({"secret": WITHHOLD}))
    for file in later.opened.files():
        file.write_bytes(b"CANARY")
    with pytest.raises(ReadFailed) as failed:
        compare_readable(party_contract(COLUMNS), later, earlier)
    said = " ".join(str(error) for error in error_chain(failed.value, with_context=True))
    assert [text for text in ("CANARY", str(port.path), ".parquet") if text in said] == []
    assert [read.ended for side in (later, earlier) for read in side.recorder.reads] == [(0, True)] * 2


def test_a_refused_candidate_is_compared_for_its_owner_alone(port):
    contract = party_contract(COLUMNS)
    note_refusal(write_party(port, contract, [row(1, "z"), hidden(15, "new")]), contract, "run", None)
    owner = reader("data_owner", domains=["retail"])
    decision = replace(on_party({"secret": WITHHOLD, "name": REDACT}), principal=owner, purpose="stewardship")
    found = compare_readable_candidate(contract, relation(open_version(port), decision))
    assert (found.rows.before, found.rows.after, found.rows.added) == (len(AFTER), 2, 1)
    assert set(found.withheld) == {"secret", "name"}
    assert "CANARY" not in json.dumps(found.to_json())
    for other in (
        replace(decision, principal=reader("data_owner", domains=["investment"])),
        replace(decision, purpose="analytics"),
        replace(on_party({}, FILTER), principal=owner, purpose="stewardship"),
    ):
        with pytest.raises(AccessDenied, match="a refused candidate is not published"):
            compare_readable_candidate(contract, relation(open_version(port), other))
