"""Facts of products as one reader may see them: nothing that was computed from withheld columns or rows."""

import json
from copy import deepcopy
from datetime import UTC, datetime

import pytest
from decision_samples import decision_on, reader
from diff_samples import MONTH, MONTHLY, key_column

from bankmesh.access.model import ColumnOutcome, Mask, MaskMethod, RowFilter
from bankmesh.catalog.product_status import OUTCOMES, ProductStatus
from bankmesh.catalog.readable_metadata import (
    clause_columns,
    readable_description,
    readable_state,
    readable_uses,
    readable_version,
)
from bankmesh.catalog.recorded_reads import RecordedRead
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.testing.contract_builder import contract_text

SHOW, WITHHOLD = ColumnOutcome.SHOW, ColumnOutcome.WITHHOLD
FILTER = RowFilter('{"any": "condition"}', frozenset({"name"}))
QUERY = {"name": "some_rows", "type": "sql", "query": "select count(*) from ${table} where name = 'Ada'", "mustBe": 0}
CANARY = 48_151


def contract():
    columns = {
        "id": key_column("integer"),
        "name": {"logicalType": "string", "required": True, "classification": "restricted"},
        "month": MONTH,
    }
    found, faults = read_text(
        "party.odcs.yaml", contract_text("retail.party", columns, quality=[QUERY], properties=MONTHLY)
    )
    assert found is not None, faults
    return found


CONTRACT = contract()
ALL_SHOWN = {"id": SHOW, "name": SHOW, "month": SHOW}
VERSION = {
    "version": 3,
    "rows": CANARY,
    "bytes": CANARY,
    "partitions": ["2024-01-01"],
    "gate": {
        "rows": CANARY,
        "seconds": 0.5,
        "counts": {"passed": 2, "warned": 1},
        "clauses": [
            {"name": "name__required", "outcome": "warned", "observed": CANARY, "failing_rows": CANARY, "rows": CANARY,
             "message": f"rows without name: {CANARY}"},
            {"name": "some_rows", "outcome": "passed", "observed": CANARY, "failing_rows": None, "rows": CANARY,
             "message": f"measure: {CANARY}"},
        ],
    },
}  # fmt: skip
DESCRIPTION = {
    "published": {"version": 3, "rows": CANARY},
    "publications": [{"version": 3, "rows": CANARY, "bytes": CANARY, "passed": 2}],
    "quality": {
        "newest": {"passed": 2},
        "not_passed": [
            {"check_name": "name__required", "outcome": "warned", "failing_rows": CANARY, "rows_seen": CANARY}
        ],
    },
    "consumers": {"declared": ["crm"], "products": [], "recorded": {"user:bob": {"columns": ["name"], "reads": 2}}},
}


def clauses(decision):
    return {entry["name"]: entry for entry in readable_version(VERSION, CONTRACT, decision)["gate"]["clauses"]}


def test_the_clauses_of_the_sample_are_those_of_the_contract():
    assert clause_columns(CONTRACT, "name__required") == ("name",)
    assert clause_columns(CONTRACT, "some_rows") == (), "a query may read any column"
    assert clause_columns(CONTRACT, "gone") == ()


def test_a_reader_of_everything_sees_everything_and_no_sample_is_changed():
    before = deepcopy(VERSION), deepcopy(DESCRIPTION)
    whole = decision_on(ALL_SHOWN)
    assert readable_version(VERSION, CONTRACT, whole) == VERSION
    owner = reader("data_owner", domains=["retail"])
    assert readable_description(DESCRIPTION, CONTRACT, whole, owner) == DESCRIPTION
    readable_version(VERSION, CONTRACT, decision_on({}, row_filter=FILTER))
    readable_description(DESCRIPTION, CONTRACT, None, None)
    assert before == (VERSION, DESCRIPTION)


@pytest.mark.parametrize("name", [WITHHOLD, Mask(MaskMethod.PSEUDONYM)])
def test_measures_of_a_column_that_is_not_shown_are_left_out(name):
    found = clauses(decision_on(ALL_SHOWN | {"name": name}))
    for entry in found.values():
        assert (entry["observed"], entry["failing_rows"], entry["message"]) == (None, None, None)
        assert entry["rows"] == CANARY
    assert [entry["outcome"] for entry in found.values()] == ["warned", "passed"]


@pytest.mark.parametrize(
    "decision", [decision_on(ALL_SHOWN, row_filter=FILTER), decision_on({}), decision_on({"name": WITHHOLD})]
)
def test_no_number_is_left_of_rows_that_are_withheld(decision):
    shown = [
        readable_version(VERSION, CONTRACT, decision),
        readable_description(DESCRIPTION, CONTRACT, decision, reader("data_owner", domains=["retail"])),
    ]
    assert str(CANARY) not in json.dumps(shown)
    assert shown[0]["partitions"] == []
    state = ProductStatus(CONTRACT, 3, CANARY, datetime(2026, 1, 1, tzinfo=UTC), dict.fromkeys(OUTCOMES, 0))
    assert readable_state(state, decision).rows is None
    assert readable_state(state, None).rows == CANARY


def test_nobody_sees_sizes_and_outcomes_and_no_measure():
    found = readable_version(VERSION, CONTRACT, None)
    assert (found["rows"], found["partitions"]) == (CANARY, ["2024-01-01"])
    assert {(e["observed"], e["failing_rows"], e["message"]) for e in found["gate"]["clauses"]} == {(None, None, None)}
    (check,) = readable_description(DESCRIPTION, CONTRACT, None, None)["quality"]["not_passed"]
    assert check == {"check_name": "name__required", "outcome": "warned", "failing_rows": None, "rows_seen": CANARY}


@pytest.mark.parametrize(
    ("principal", "is_shown"),
    [
        (reader("data_steward", domains=["retail"]), True),
        (reader("governance_auditor"), True),
        (reader("data_owner", domains=["investment"]), False),
        (reader("analyst", domains=["retail"]), False),
        (None, False),
    ],
)
def test_who_reads_a_product_is_a_fact_of_its_owners_and_of_auditors(principal, is_shown):
    shown = readable_description(DESCRIPTION, CONTRACT, decision_on(ALL_SHOWN), principal)["consumers"]
    assert ("bob" in json.dumps(shown)) is is_shown
    assert shown["declared"] == ["crm"]
    uses = [RecordedRead("2026-01-01T00:00:00+00:00", "retail.party", 3, None, "user:bob")]
    assert readable_uses(uses, "retail", principal) == (uses if is_shown else [])
