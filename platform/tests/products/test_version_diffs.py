"""Comparisons of versions: schemas, keys, partitions that are shared, candidates, and what is never shown."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from diff_samples import (
    MONTH,
    MONTHS,
    key_column,
    party_contract,
    party_port,
    publish_party,
    write_party,
)

from bankmesh.errors import NotPublished
from bankmesh.ports import open_version, roll_back
from bankmesh.ports.contract_texts import FOLDER
from bankmesh.products.candidates.refused_candidates import NOTE, last_refused, note_refusal
from bankmesh.products.version_diffs import row_comparison
from bankmesh.products.version_diffs.compared_columns import common_type, type_name
from bankmesh.products.version_diffs.product_diffs import (
    NoEarlierVersion,
    NoRefusedCandidate,
    compare_candidate,
    compare_versions,
)
from bankmesh.products.version_diffs.spill_folders import PREFIX, spill_folder
from bankmesh.products.version_diffs.version_diff import plain_value

NUMBER = {"logicalType": "number", "physicalType": "decimal(10,2)"}
COLUMNS = {"id": key_column("integer"), "name": "string", "amount": NUMBER}
BY_MONTH = {"id": key_column("integer"), "name": "string", "month": MONTH}


@pytest.fixture
def port(tmp_path):
    return party_port(tmp_path)


def row(number, name="a", amount="1.00"):
    return {"id": number, "name": name, "amount": Decimal(amount)}


def in_month(number, month, name="a"):
    return {"id": number, "name": name, "month": date.fromisoformat(month)}


def counts(found):
    rows = found.rows
    return rows.added, rows.removed, rows.changed, rows.unchanged


def test_the_newest_version_is_compared_with_the_one_before(port):
    contract = party_contract(COLUMNS)
    publish_party(port, contract, [row(9)])
    publish_party(port, contract, [row(1), row(2), row(3)])
    publish_party(port, contract, [row(2), row(3, "b"), row(4)])
    found = compare_versions(contract, open_version(port))
    assert (found.before.version, found.after.version) == (1, 2)
    assert counts(found) == (1, 1, 1, 1)
    assert found.columns == {"name": 1, "amount": 0}
    (example,) = found.examples
    assert (example.key, [(v.column, v.before, v.after) for v in example.values]) == ({"id": 3}, [("name", "a", "b")])
    backwards = compare_versions(contract, open_version(port, 0), 2, examples=0)
    assert counts(backwards) == (1, 3, 0, 0)


def test_the_same_examples_are_chosen_each_time(port, monkeypatch):
    contract = party_contract(COLUMNS | {"id": key_column("integer", classification="restricted")})
    numbers = [n * 7919 % 50_000 for n in range(50_000)]
    for name in ("a", "b"):
        publish_party(port, contract, [row(n, f"{name}{n}") for n in numbers])
    chosen = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(row_comparison, "_MOST_THREADS", threads)
        chosen.append(compare_versions(contract, open_version(port)).examples)
    assert chosen[0] == chosen[1] == chosen[2]
    assert [example.number for example in chosen[0]] == [1, 2, 3, 4, 5]
    assert {example.key for example in chosen[0]} == {None}


def test_a_withdrawn_version_is_passed_over_unless_it_is_named(port):
    contract = party_contract(COLUMNS)
    for name in ("a", "b", "c"):
        publish_party(port, contract, [row(1, name)])
    roll_back(port, 0, by="Ada", reason="wrong")
    found = compare_versions(contract, open_version(port))
    assert (found.before.version, found.after.version) == (0, 3)
    assert not found.differs
    assert counts(compare_versions(contract, open_version(port), 2, withdrawn=True)) == (0, 0, 1, 0)


def test_without_another_version_there_is_nothing_to_compare(port):
    contract = party_contract(COLUMNS)
    publish_party(port, contract, [row(1)])
    with pytest.raises(NoEarlierVersion, match="no version before 0"):
        compare_versions(contract, open_version(port))
    with pytest.raises(NotPublished, match="Readable versions: 0"):
        compare_versions(contract, open_version(port), 7)
    with pytest.raises(NoRefusedCandidate, match="no candidate"):
        compare_candidate(contract, port)


def test_columns_that_come_go_and_change_their_type(port):
    before = party_contract({"id": key_column("integer"), "old": "string", "name": "string", "amount": NUMBER})
    wider = NUMBER | {"physicalType": "decimal(20,4)"}
    after = party_contract({"id": key_column("integer"), "name": "date", "amount": wider, "new": "boolean"})
    publish_party(port, before, [{"id": n, "old": "x", "name": "y", "amount": Decimal("1.50")} for n in (1, 2)])
    rows = [{"id": n, "name": None, "amount": Decimal(a), "new": True} for n, a in ((1, "1.5000"), (2, "1.5001"))]
    note_refusal(write_party(port, after, rows), after, "run", None)
    found = compare_candidate(after, port)
    assert found.schema.added == (("new", "boolean"),)
    assert found.schema.removed == (("old", "string"),)
    assert [(c.name, c.before, c.after, c.is_compared) for c in found.schema.retyped] == [
        ("name", "string", "date", False),
        ("amount", "decimal(10,2)", "decimal(20,4)", True),
    ]
    assert found.columns == {"amount": 1}
    assert counts(found) == (0, 0, 1, 1)


def test_a_key_that_one_side_lacks_compares_whole_rows(port):
    publish_party(port, party_contract({"name": "string"}), [{"name": "a"}, {"name": "a"}, {"name": "b"}])
    contract = party_contract({"id": key_column("integer"), "name": "string"})
    publish_party(port, contract, [{"id": 1, "name": "a"}, {"id": 2, "name": "c"}])
    found = compare_versions(contract, open_version(port))
    assert (found.key, found.why_no_key) == ((), "id of the primary key is not in both, or not of comparable types")
    assert counts(found) == (1, 2, None, 1)


def test_versions_without_a_common_column_and_without_rows(port):
    publish_party(port, party_contract({"old": "string"}), [{"old": "a"}])
    contract = party_contract({"new": "string"})
    note_refusal(write_party(port, contract, [{"new": "a"}, {"new": "b"}]), contract, "run", None)
    assert counts(compare_candidate(contract, port)) == (2, 1, None, 0)
    for _ in range(2):
        publish_party(port, party_contract({"old": "string"}), [])
    assert counts(compare_versions(contract, open_version(port, 1))) == (0, 1, None, 0)
    assert not compare_versions(contract, open_version(port)).differs


def test_files_that_both_versions_have_are_read_only_for_keys(port, monkeypatch):
    contract = party_contract(BY_MONTH)
    publish_party(port, contract, [in_month(n, month) for n, month in enumerate(MONTHS)], MONTHS)
    publish_party(port, contract, [in_month(1, MONTHS[1], "b"), in_month(7, MONTHS[1])], MONTHS[1:2])
    read = []
    original = row_comparison.diff_queries.files_relation

    def noted(files, *rest):
        read.append(sorted(path.parent.name for path in files))
        return original(files, *rest)

    monkeypatch.setattr(row_comparison.diff_queries, "files_relation", noted)
    found = compare_versions(contract, open_version(port))
    assert read == [["month=2024-01-01", "month=2024-03-01"]]
    assert counts(found) == (1, 0, 1, 2)
    (part,) = found.partitions
    assert (part.partition, part.rows.before, part.rows.after) == ("2024-02-01", 1, 2)


def test_a_row_that_moves_to_another_month(port):
    contract = party_contract(BY_MONTH)
    publish_party(port, contract, [in_month(1, MONTHS[0]), in_month(2, MONTHS[1])], MONTHS)
    publish_party(port, contract, [in_month(1, MONTHS[1]), in_month(2, MONTHS[1])], MONTHS)
    found = compare_versions(contract, open_version(port))
    assert counts(found) == (0, 0, 1, 1)
    assert found.columns == {"name": 0, "month": 1}
    assert [(p.partition, p.rows.added, p.rows.removed, p.rows.changed) for p in found.partitions] == [
        ("2024-01-01", 0, 1, 0),
        ("2024-02-01", 1, 0, 0),
    ]


def test_a_key_that_a_shared_file_has_too_is_counted_as_repeated(port):
    contract = party_contract(BY_MONTH)
    publish_party(port, contract, [in_month(1, MONTHS[0]), in_month(2, MONTHS[1])], MONTHS)
    publish_party(port, contract, [in_month(1, MONTHS[1]), in_month(2, MONTHS[1], "b")], MONTHS[1:2])
    found = compare_versions(contract, open_version(port))
    assert counts(found) == (1, 0, 1, 1)
    assert (found.repeated_before.keys, found.repeated_after.keys, found.repeated_after.rows) == (0, 1, 2)


def test_the_last_refused_candidate_replaces_its_partitions(port):
    contract = party_contract(BY_MONTH)
    publish_party(port, contract, [in_month(n, month) for n, month in enumerate(MONTHS)], MONTHS)
    write_party(port, contract, [in_month(9, MONTHS[0])])  # a build that crashed: it has no note
    first = write_party(port, contract, [])
    assert note_refusal(first, contract, "run 1", MONTHS)
    second = write_party(port, contract, [in_month(1, MONTHS[1], "b")])
    assert note_refusal(second, contract, "run 2", MONTHS[1:])
    found = compare_candidate(contract, port)
    assert (found.after.candidate, found.after.version) == (second.name, None)
    assert counts(found) == (0, 1, 1, 1)
    assert [part.partition for part in found.partitions] == list(MONTHS[1:])
    (second.path / NOTE).write_text("{")
    assert last_refused(port).name == first.name
    assert counts(compare_candidate(contract, port)) == (0, 3, 0, 0)


def test_a_refused_candidate_of_a_whole_table(port):
    contract = party_contract(COLUMNS)
    publish_party(port, contract, [row(1), row(2)])
    note_refusal(write_party(port, contract, [row(2), row(2, "b"), row(None)]), contract, "run", None)
    found = compare_candidate(contract, port)
    assert counts(found) == (2, 1, 0, 1)
    assert (found.repeated_after.keys, found.repeated_after.rows) == (1, 2)


def test_a_note_that_cannot_be_written_is_left_out(port):
    contract = party_contract(COLUMNS)
    candidate = write_party(port, contract, [row(1)])
    (candidate.path / NOTE).mkdir()
    assert not note_refusal(candidate, contract, "run", None)


def test_a_column_is_shown_only_if_no_contract_of_the_two_versions_has_it_above_internal(port):
    public, secret = ({"logicalType": "string", "classification": label} for label in ("public", "restricted"))
    contract = party_contract(COLUMNS | {"was": public, "becomes": secret})
    earlier = party_contract(COLUMNS | {"was": secret, "becomes": public})
    for number, (made, text) in enumerate([(earlier, "old"), (contract, "new")]):
        publish_party(port, made, [row(1, text) | {"was": f"canary-{number}", "becomes": f"canary-{number}"}])
    found = compare_versions(contract, open_version(port))
    (example,) = found.examples
    assert [(value.column, value.is_shown, value.after) for value in example.values] == [
        ("name", True, "new"),
        ("was", False, None),
        ("becomes", False, None),
    ]
    assert "canary" not in json.dumps(found.to_json())


@pytest.mark.parametrize("damage", ["a key that this release refuses", "not kept"])
def test_what_a_version_was_classified_as_is_read_whatever_the_release_accepts(port, damage):
    secret = party_contract(COLUMNS | {"name": {"logicalType": "string", "classification": "restricted"}})
    publish_party(port, secret, [row(1)])
    publish_party(port, party_contract(COLUMNS), [row(1, "b")])
    kept = sorted((port.path / FOLDER).glob("*.odcs.yaml"))
    assert len(kept) == 2
    for file in kept:
        if damage == "not kept":
            file.unlink()
        else:
            file.write_text(f"{file.read_text()}noSuchKey: 1\n")
    (example,) = compare_versions(party_contract(COLUMNS), open_version(port)).examples
    assert [(value.column, value.is_shown, value.before, value.after) for value in example.values] == [
        ("name", False, None, None),
    ]  # fmt: skip


def test_a_column_that_no_contract_has_is_not_shown(port):
    contract = party_contract(COLUMNS | {"gone": "string"})
    for text in ("a", "b"):
        publish_party(port, contract, [row(1) | {"gone": text}])
    for kept in (port.path / "_contracts").iterdir():
        kept.unlink()
    found = compare_versions(party_contract(COLUMNS), open_version(port))
    assert [value.is_shown for value in found.examples[0].values] == [False]


def test_what_does_not_fit_into_memory_is_spilled_into_the_home_and_removed(port, monkeypatch):
    contract = party_contract(COLUMNS)
    publish_party(port, contract, [row(n, f"name {n}" * 20) for n in range(60_000)])
    publish_party(port, contract, [row(n, f"name {n}" * 20, "2.00") for n in range(60_000)])
    monkeypatch.setattr(row_comparison, "MEMORY_LIMIT", "48MB")
    seen = []
    found = compare_versions(
        contract, open_version(port), notify=lambda step: seen.append((step, len(list(port.home.glob(f"{PREFIX}*")))))
    )
    assert counts(found) == (0, 0, 60_000, 0)
    assert {step for step, folders in seen if folders == 1} == {"counting keys", "comparing rows", "choosing examples"}
    assert list(port.home.glob(f"{PREFIX}*")) == []


def test_folders_that_killed_processes_left_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("bankmesh.products.version_diffs.spill_folders._ABANDONED_SECONDS", -1.0)
    (tmp_path / f"{PREFIX}left").mkdir()
    with spill_folder(tmp_path) as one, spill_folder(tmp_path) as other:
        assert sorted(tmp_path.iterdir()) == sorted([one, other])
    assert list(tmp_path.iterdir()) == []
    with spill_folder(tmp_path / "missing") as none:
        assert none is None


@pytest.mark.parametrize(
    ("before", "after", "common"),
    [
        ("INTEGER", "BIGINT", "BIGINT"),
        ("DECIMAL(10,2)", "BIGINT", "DECIMAL(21,2)"),
        ("DECIMAL(38,0)", "DECIMAL(38,2)", None),
        ("DOUBLE", "BIGINT", None),
        ("VARCHAR", "VARCHAR", "VARCHAR"),
        ("DATE", "TIMESTAMP WITH TIME ZONE", None),
    ],
)
def test_types_that_hold_the_values_of_both(before, after, common):
    assert common_type(before, after) == common_type(after, before) == common


def test_types_are_named_as_in_contracts():
    names = ["BIGINT", "DECIMAL(18,2)", "TIMESTAMP WITH TIME ZONE", "VARCHAR[]", "STRUCT(a INTEGER)"]
    assert [type_name(kind) for kind in names] == [
        "long",
        "decimal(18,2)",
        "timestamp",
        "array<string>",
        "struct(a integer)",
    ]


def test_json_has_no_nan():
    values = [float("nan"), [float("-inf"), None, True], {"a": Decimal("1.50")}, date(2024, 1, 1)]
    assert [plain_value(value) for value in values] == ["NaN", ["-inf", None, True], {"a": "1.50"}, "2024-01-01"]
