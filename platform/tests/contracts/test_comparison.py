"""Changes between two versions are found, and classed breaking or compatible."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts.comparison.contract_comparison import compare, is_breaking
from bankmesh.contracts.parsing.contract_reader import read_text


def read(text, *edits):
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    contract, faults = read_text("booking.odcs.yaml", text)
    assert faults == ()
    return contract


def changes(text, *edits):
    raised = ("version: 1.2.0", "version: 1.3.0")
    found = compare(read(text), read(text, raised, *edits))
    return [(change.rule, change.breaking) for change in found if change.rule != "version-not-raised"]


def test_equal_contracts_do_not_differ(booking, party):
    assert compare(read(booking), read(booking)) == ()


BOOKED_BY = """      - name: party_id
        logicalType: integer
        description: Who booked.
        classification: confidential
        relationships:
          - to: customer_service/contact.v2.odcs.yaml#/schema/contact/properties/party_id
"""
CURRENCY = """      - name: currency
        logicalType: string
        required: true
"""


@pytest.mark.parametrize(
    ("old", "new", "rule", "breaking"),
    [
        (BOOKED_BY, "", "column-removed", True),
        ("      - name: month\n", ("      - name: note\n        logicalType: string\n        description: Free text.\n"
         "        classification: internal\n      - name: month\n"), "column-added", False),
        ("decimal(18,2)", "decimal(20,2)", "column-type-widened", True),
        ("logicalType: integer\n        description: Who", "logicalType: string\n        description: Who", "column-type-changed", True),
        (CURRENCY, CURRENCY.replace("        required: true\n", ""), "column-made-nullable", True),
        ("        description: Who booked.", "        required: true\n        description: Who booked.", "column-made-required", False),
        ("        required: true\n        partitioned: true", "        primaryKey: true\n        primaryKeyPosition: 2\n        required: true\n        partitioned: true",
         "primary-key-changed", True),
        ("classification: public", "classification: internal", "classification-raised", True),
        ("classification: restricted", "classification: confidential", "classification-lowered", False),
        ("description: Who booked.", "description: Who made it.", "description-changed", False),
        ("[CZK, EUR]", "[CZK, EUR, USD]", "valid-values-added", True),
        ("[CZK, EUR]", "[CZK]", "valid-values-removed", False),
        ("          maxItems: 5\n", "", "clause-removed", True),
        ("    quality:\n      - metric: rowCount", "    quality:\n      - metric: rowCount\n        id: fewer\n        mustBeLessThan: 9\n      - metric: rowCount", "clause-added", False),
        ("mustBeGreaterThan: 0", "mustBeGreaterThan: 10", "clause-strengthened", False),
        ("mustBeGreaterThan: 0", "mustBeGreaterOrEqualTo: 0", "clause-weakened", True),
        ("mustBeLessThan: 100", "mustBeLessThan: 200", "clause-weakened", True),
        ("mustBeLessThan: 100", "mustNotBe: 100", "clause-weakened", True),
        ("mustBeGreaterThan: 0", "mustBeBetween: [1, 5]", "clause-strengthened", False),
        ("> 1000000", "> 2000000", "clause-weakened", True),
        ("minLength: 3\n", "minLength: 2\n", "clause-weakened", True),
        ("          minimum: 0\n", "          minimum: 0\n          maximum: 9\n", "clause-strengthened", False),
        ("          minimum: 0\n", "          exclusiveMinimum: 0\n", "clause-weakened", True),
        ('"[A-Z]{3}"', '"[A-Z]+"', "clause-weakened", True),
        ("            value: table", "            value: run", "clause-weakened", True),
        ("severity: warning", "severity: error", "severity-raised", False),
        ("mustBeGreaterThan: 0", "mustBeGreaterThan: 0\n        severity: warning", "severity-lowered", True),
        ("    value: 1\n    unit: d", "    value: 2\n    unit: d", "freshness-weakened", True),
        ("    value: 1\n    unit: d", "    value: 2\n    unit: h", "freshness-strengthened", False),
        ("    value: 10\n", "    value: 5\n", "retention-shortened", True),
        ("    value: 10\n", "    value: 20\n", "retention-lengthened", False),
        ("    value: 99.5", "    value: 99", "service-level-changed", False),
        ("  - property: availability\n    value: 99.5\n    unit: percent\n", "", "service-level-removed", True),
        ("slaProperties:\n", "slaProperties:\n  - property: latency\n    value: 1\n    unit: h\n", "service-level-added", False),
        ("status: active", "status: draft", "status-reverted", False),
        ("granularity: month", "granularity: day", "partitioning-changed", True),
        ("  name: retail-core", "  name: retail-edge", "owner-changed", False),
        ("value: source-aligned", "value: aggregate", "product-type-changed", False),
        ("value: 4711", "value: 4712", "custom-property-changed", False),
        ("  - role: analyst", "  - role: scientist", "role-removed", True),
        ("  - role: analyst", "  - role: scientist\n  - role: analyst", "role-added", False),
        ("    access: read\n", "", "role-access-changed", True),
    ],
)  # fmt: skip
def test_a_change_is_named_and_weighed(booking, old, new, rule, breaking):
    found = changes(booking, (old, new))
    assert (rule, breaking) in found, found
    assert len(found) <= 3


def test_the_order_of_columns_is_part_of_the_promise(booking):
    found = changes(booking, ("name: account_id", "name: tmp"), ("name: party_id", "name: account_id"), ("name: tmp", "name: party_id"),
                    )  # fmt: skip
    assert ("column-order-changed", True) in found


def test_a_duration_counts_not_its_spelling(booking):
    assert changes(booking, ("    value: 1\n    unit: d", "    value: 24\n    unit: h")) == []


def test_a_breaking_change_needs_a_new_major(booking):
    edit = ("    value: 10\n", "    value: 5\n")
    kept = compare(read(booking), read(booking, edit, ("version: 1.2.0", "version: 1.3.0")))
    assert [change.rule for change in kept] == ["retention-shortened", "version-not-raised"]
    raised, faults = read_text("booking.v2.odcs.yaml", booking.replace("1.2.0", "2.0.0").replace(*edit))
    assert faults == ()
    found = compare(read(booking), raised)
    assert [change.rule for change in found] == ["retention-shortened"]
    assert is_breaking(found)


def test_a_change_needs_a_version_and_versions_go_up(booking):
    draft = ("status: active", "status: draft")
    rules = [change.rule for change in compare(read(booking, draft), read(booking))]
    assert rules == ["status-changed", "status-change-unrecorded", "version-unchanged"]
    lowered = compare(read(booking), read(booking, ("version: 1.2.0", "version: 1.1.0")))
    assert [change.rule for change in lowered] == ["version-lowered"]


def test_another_product_is_no_version_of_this_one(booking, party):
    other, _ = read_text("party.odcs.yaml", party)
    assert "product-renamed" in [change.rule for change in compare(read(booking), other)]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_sound_edit_goes_unnoticed_or_crashes(booking, data):
    lines = booking.splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    del lines[at : at + data.draw(st.integers(1, 2))]
    new, faults = read_text("booking.odcs.yaml", "".join(lines))
    if not faults:
        old = read(booking)
        assert compare(new, new) == ()
        for change in (*compare(old, new), *compare(new, old)):
            assert change.message
            assert str(change)


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ("{tolerance: 5}", ("clause-strengthened", False)),
        ("{distinct: [currency]}", ("clause-strengthened", False)),
        ("{tolerance: 20}", ("clause-weakened", True)),
        ("{tolerance: 20, distinct: [currency]}", ("clause-weakened", True)),
        ("free", ("clause-removed", True)),
    ],
)
def test_a_volume_that_tolerates_more_is_a_weaker_promise(booking, value, change):
    last = "  - property: x-cost-centre\n    value: 4711\n"
    found = changes(booking, (last, f"{last}  - property: volume\n    value: {value}\n"))
    assert [entry for entry in found if entry[0].startswith("clause-")] == [change]
