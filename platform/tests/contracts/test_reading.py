"""Contracts are read strictly: every fault of every contract, each on its line."""

import contextlib
import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts.coverage import coverage
from bankmesh.contracts.model import Classification, ColumnType, Partitioning, Status
from bankmesh.contracts.parsing.contract_reader import find_faults, read_contract, read_contracts, read_text
from bankmesh.errors import ContractFaults
from bankmesh.yaml.documents import parse


def test_a_sound_contract_becomes_a_value(build, booking):
    contract = read_contract(build(text=booking))
    assert (contract.product, contract.port, contract.version) == ("retail.booking", "retail.booking", "1.2.0")
    assert contract.status is Status.ACTIVE
    assert contract.owner == "retail-core"
    assert contract.primary_key == ("booking_id",)
    assert contract.classification is Classification.RESTRICTED
    assert contract.partitioning == Partitioning("month", "month", "1993-01-01", None)
    assert contract.service_level("freshness").seconds == 86_400
    assert contract.service_level("availability").seconds is None
    assert contract.column("amount").type == ColumnType("decimal", 18, 2)
    assert contract.column("labels").type == ColumnType("array", item=ColumnType("string"))
    assert contract.column("account_id").place.line == 35
    assert contract.custom["x-cost-centre"] == 4711
    assert contract.text == booking


@pytest.mark.parametrize(
    ("written", "hint"),
    [("availabilty", " Did you mean availability?"), ("freshnes", " Did you mean freshness?"), ("magic", "")],
)
def test_a_service_level_that_nobody_knows_is_a_fault(build, booking, written, hint):
    text = booking.replace("property: availability", f"property: {written}")
    with pytest.raises(ContractFaults) as caught:
        read_contract(build(text=text))
    [fault] = caught.value.faults
    assert (fault.rule, fault.line) == (
        "unknown-service-level",
        1 + text[: text.index(f"property: {written}\n")].count("\n"),
    )
    assert fault.message.startswith(f"service level {written} is not known.{hint} Known: freshness, latency")


@pytest.mark.parametrize("written", ["timeToRepair", "generalAvailability", "x-on-call"])
def test_service_levels_of_the_standard_and_your_own_are_kept(build, booking, written):
    contract = read_contract(build(text=booking.replace("property: availability", f"property: {written}")))
    [entry] = [
        e
        for e in coverage(contract)
        if e.clause.startswith("slaProp") and e.clause.endswith("value") and "measured" in (e.reason or "")
    ]
    assert entry.reason == "this service level is not measured"


def test_the_smallest_contract_is_enough(build):
    contract = read_contract(build())
    assert contract.table_description == contract.purpose
    assert [clause.name for clause in contract.clauses] == [
        "schema",
        "lossless_casts",
        "classification",
        "primary_key_unique",
        "party_id__required",
        "volume",
    ]


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("apiVersion: v3.1.0", "apiVersion: v3.0.2", "standard-version", 1),
        ("id: retail.booking", "id: booking", "bad-id", 3),
        ("id: retail.booking", "id: Retail.booking", "bad-id", 3),
        ("domain: retail", "domain: investment", "bad-domain", 4),
        ("name: booking\ndata", "name: bookings\ndata", "bad-name", 5),
        ("dataProduct: booking", "dataProduct: bookings", "bad-name", 6),
        ("version: 1.2.0", "version: 1.2", "wrong-type", 7),
        ("version: 1.2.0", "version: v1.2.0", "bad-version", 7),
        ("version: 1.2.0", 'version: ""', "blank-text", 7),
        ("  - name: booking\n    phys", "  - name: ' '\n    phys", "blank-text", 19),
        ("property: x-cost-centre", "property: ''", "blank-text", 164),
        ("version: 1.2.0", "version: 0.2.0", "bad-version", 7),
        ("version: 1.2.0", "version: 2.2.0", "file-name", 7),
        ("status: active", "status: live", "bad-status", 8),
        ("  - name: booking\n    phys", "  - name: bookings\n    phys", "bad-name", 19),
        ("name: amount", "name: Amount", "column-name", 64),
        ("name: amount", "name: currency", "duplicate-column", 64),
        ("classification: public", "classification: secret", "bad-classification", 53),
        ("        classification: public\n", "", "missing-classification", 49),
        ("        description: ISO 4217 code.\n", "", "missing-description", 49),
        ("        logicalType: timestamp\n", "", "missing-type", 109),
        ("logicalType: timestamp", "logicalType: time", "bad-type", 110),
        ("decimal(18,2)", "decimal(39,2)", "bad-type", 66),
        ("decimal(18,2)", "float", "bad-type", 66),
        (
            "        items:\n          logicalType: string\n          logicalTypeOptions:\n            maxLength: 20\n",
            "",
            "bad-type",
            99,
        ),
        (
            "          logicalType: string\n",
            "          logicalType: string\n          unique: true\n",
            "item-rules",
            104,
        ),
        ("examples: [CZK]", "examples: [7]", "bad-example", 54),
        ("partitionKeyPosition: 1", "partitionKeyPosition: 0", "bad-key-position", 119),
        ("        partitioned: true\n        partitionKeyPosition: 1\n", "", "bad-partitioning", 159),
        ("granularity: month", "granularity: week", "bad-partitioning", 162),
        ('start: "1993-01-01"', 'start: "1993-01-02"', "bad-partitioning", 163),
        ('start: "1993-01-01"', 'start: "1993-01-01"\n      end: "1992-01-01"', "bad-partitioning", 164),
        ('start: "1993-01-01"', 'start: "1993-01-01"\n      stop: "1994-01-01"', "bad-partitioning", 164),
        ("property: partitioning", "property: x-partitioning", "bad-partitioning", 118),
        ("property: x-cost-centre", "property: costCentre", "unknown-custom-property", 164),
        ("property: x-cost-centre", "property: productType", "duplicate-custom-property", 164),
        ("value: source-aligned", "value: source", "bad-product-type", 159),
        ("property: productType", "property: x-type", "missing-product-type", 157),
        ("property: x-cost-centre", "property: consumers", "bad-consumers", 165),
        ("property: x-cost-centre", "property: endOfSupport", "bad-end-of-support", 165),
        ("property: x-cost-centre", "property: replacedBy", "bad-replaced-by", 165),
        ("  name: retail-core\n", "", "missing-owner", 135),
        ("  purpose: Every movement of money on an account.\n", "", "missing-purpose", 11),
        ("  - role: analyst\n", "  - role: analyst\n  - role: analyst\n", "duplicate-role", 142),
        ("    unit: d\n", "    unit: fortnight\n", "bad-duration", 145),
        ("    unit: d\n", "", "bad-duration", 144),
        ("property: retention", "property: freshness", "duplicate-service-level", 147),
        ("    unit: d\n", "    unit: d\n    element: booking.month_\n", "unknown-element", 147),
        ("    value: 1\n", "    value: 0\n", "bad-duration", 145),
    ],
)
def test_a_broken_rule_is_told_on_its_line(faults_of, old, new, rule, line):
    assert faults_of((old, new)) == [(rule, line)]


def test_a_list_of_team_members_names_no_owner(faults_of, party):
    assert faults_of(("team:\n  name: retail-core", "team:\n  - username: a"), text=party) == [("missing-owner", 18)]


def test_what_is_left_out_altogether_is_told(faults_of, party):
    head = party[: party.index("description:")] + "schema: []\n"
    assert {rule for rule, _ in faults_of(text=head)} == {
        "one-table", "missing-owner", "missing-purpose", "missing-support", "missing-product-type",
    }  # fmt: skip


def test_all_faults_of_all_contracts_are_raised_at_once(build, booking):
    first = build(("status: active", "status: live"), ("unit: d\n", "unit: x\n"), text=booking)
    second = build(("logicalType: integer", "logicalType: int"))
    with pytest.raises(ContractFaults) as raised:
        read_contracts([first, second])
    assert [(Path(f.file).name, f.rule) for f in raised.value.faults] == [
        ("booking.odcs.yaml", "bad-status"), ("booking.odcs.yaml", "bad-duration"), ("party.odcs.yaml", "bad-value"),
    ]  # fmt: skip
    assert str(raised.value).startswith("3 faults in 2 contracts:")


def test_a_message_says_what_is_allowed(build, booking):
    [fault] = find_faults([build(("classification: public", "classification: pubic"), text=booking)])
    assert "Did you mean public? Allowed: public, internal, confidential, restricted" in fault.message


def test_a_second_contract_of_the_same_major_names_both_files(build):
    first, second = build(), build(file="other/party.odcs.yaml")
    [fault] = find_faults([first, second])
    assert (fault.rule, fault.file) == ("duplicate-contract", str(second))
    assert str(first) in fault.message


def test_a_second_major_lives_in_a_file_of_its_own(build):
    first, second = build(), build(("version: 1.0.0", "version: 2.1.0"), file="party.v2.odcs.yaml")
    assert [contract.port for contract in read_contracts([first, second])] == ["retail.party", "retail.party@2"]


def test_a_reference_to_a_contract_at_hand_is_looked_up(build, party):
    account = party.replace("party", "account")
    owner = "classification: internal\n        relationships:\n          - to: party.{}\n"
    for column, logical, expected in [("party_id", "integer", 0), ("id", "integer", 1), ("party_id", "string", 1)]:
        text = account.replace("classification: internal\n", owner.format(column)).replace("integer", logical)
        faults = find_faults([build(), build(text=text, file="account.odcs.yaml")])
        assert [f.rule for f in faults] == ["unknown-reference"] * expected


def test_twenty_contracts_are_read_quickly(build, booking):
    paths = [build(text=booking.replace("booking", f"b{n}"), file=f"b{n}.odcs.yaml") for n in range(20)]
    read_contracts(paths)  # imports
    start = time.perf_counter()
    assert len(read_contracts(paths)) == 20
    assert time.perf_counter() - start < 2  # 0.1 s on an idle machine; a guard against a change of order


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_edit_of_the_text_crashes_the_reader(booking, data):
    at = data.draw(st.integers(0, len(booking) - 1))
    until = data.draw(st.integers(at, min(len(booking), at + 30)))
    pieces = st.one_of(
        st.text(max_size=8), st.sampled_from(["\n", ": ", "- ", "[", "{a: 1}", "null", "1", "true", "''", "NO"])
    )
    text = booking[:at] + data.draw(pieces) + booking[until:]
    contract, faults = read_text("booking.odcs.yaml", text)
    assert (contract is None) == bool(faults)
    last = len(text.splitlines()) + 1
    assert all(1 <= fault.line <= last for fault in faults)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_line_taken_out_or_doubled_crashes_the_reader(booking, data):
    lines = booking.splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at : at + data.draw(st.integers(1, 3))] = data.draw(st.sampled_from([[], [lines[at]] * 2]))
    contract, faults = read_text("booking.odcs.yaml", "".join(lines))
    assert (contract is None) == bool(faults)
    assert all(1 <= fault.line <= len(lines) + 1 for fault in faults)


def _steps(value, path=()):
    """Paths of everything in a document, containers too."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _steps(item, (*path, key))


ODD = st.sampled_from(
    [None, 0, -1, 1.5, True, "", "text", [], [1, 2], {}, {"a": 1}, [None], [[]], [{}], 10**50, 1e300, "array", "object"]
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_odd_value_anywhere_crashes_the_reader(booking, data):
    document = parse("f", booking)[0].data
    for path in data.draw(st.lists(st.sampled_from(sorted(_steps(document), key=str)), min_size=1, max_size=2)):
        at = document
        with contextlib.suppress(KeyError, IndexError, TypeError):  # the first edit may have taken the second's place
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = data.draw(ODD)
    text = json.dumps(document, indent=1, default=float)
    contract, faults = read_text("booking.odcs.yaml", text)
    assert (contract is None) == bool(faults)
    assert all(1 <= fault.line <= len(text.splitlines()) for fault in faults)


@pytest.mark.realdata
def test_the_examples_of_the_standard_give_clear_faults():
    root = Path(os.environ.get("BANKMESH_REALDATA", Path(__file__).parents[3].parent / "shared" / "data"))
    paths = sorted((root / "odcs_contracts" / "examples").rglob("*.odcs.yaml"))
    if not paths:
        pytest.skip(f"no examples of the standard under {root}")
    for path in paths:
        text = path.read_text(encoding="utf-8")
        faults = find_faults([path])
        assert faults, path  # they are examples of the standard, not products of a bank
        assert all(1 <= fault.line <= len(text.splitlines()) and fault.message for fault in faults)
        if "apiVersion: v3.1.0" in text:
            standard = {"unknown-key", "wrong-type", "missing-key", "bad-value"}
            assert not standard & {fault.rule for fault in faults}, path
