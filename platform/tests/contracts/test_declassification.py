"""A column may be less confidential than its sources where a clause of its contract proves it on the data."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.contracts.comparison.contract_comparison import compare
from bankmesh.contracts.coverage import coverage
from bankmesh.contracts.model import Declassification
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.contracts.parsing.declassification import FEWEST_SUBJECTS, is_digest_pattern
from bankmesh.errors import Place

HASH = """\
      - name: client_hash
        logicalType: string
        description: Keyed hash of the client's number.
        classification: internal
        logicalTypeOptions:
          pattern: "[0-9a-f]{64}"
        customProperties:
          - property: declassification
            value:
              method: keyed_hash
              rule: client_hash__pattern
              why: The key never leaves the vault.
"""
GROUP = """\
      - name: subject_count
        logicalType: integer
        required: true
        description: Clients in the group.
        classification: internal
        logicalTypeOptions:
          minimum: 5
      - name: mean_balance
        logicalType: number
        physicalType: decimal(18,2)
        description: Mean balance of the group.
        classification: internal
        customProperties:
          - property: declassification
            value: {method: aggregation, rule: subject_count__range, why: A mean over five is about nobody.}
"""
BAND = """\
      - name: age_band
        logicalType: string
        description: Age in bands of ten years.
        classification: internal
        quality:
          - id: bands_are_wide
            metric: invalidValues
            arguments:
              validValues: ["0-9", "10-19", "20+"]
            mustBe: 0
        customProperties:
          - property: declassification
            value:
              method: generalisation
              rule: bands_are_wide
              why: Ten years of age fit many.
"""
FIRST = "        description: Number of the client.\n        classification: internal\n"


@pytest.fixture
def read(party):
    """Contract and faults, as (rule, the text of the line), of the smallest contract with more columns."""

    def make(columns, *edits):
        text = party.replace(FIRST, FIRST + columns)
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        contract, faults = read_text("party.odcs.yaml", text)
        lines = text.splitlines()
        return contract, [(fault.rule, lines[fault.line - 1].strip()) for fault in faults]

    return make


def test_what_is_said_is_what_is_read(read):
    contract, faults = read(HASH + GROUP + BAND)
    assert faults == []
    found = {c.name: c.declassification for c in contract.columns if c.declassification}
    hashed = found["client_hash"]
    assert isinstance(hashed, Declassification)
    assert (hashed.method, hashed.rule, hashed.why, hashed.subjects) == (
        "keyed_hash",
        "client_hash__pattern",
        "The key never leaves the vault.",
        None,
    )
    assert contract.text.splitlines()[hashed.place.line - 1].strip() == "- property: declassification"
    assert (found["mean_balance"].method, found["mean_balance"].subjects) == ("aggregation", "subject_count")
    assert found["age_band"].method == "generalisation"
    assert contract.column("party_id").declassification is None


def test_coverage_names_the_check_that_proves_it(read):
    contract, _ = read(HASH)
    where = {
        entry.clause.rpartition(".")[2]: entry.where for entry in coverage(contract) if "customProp" in entry.clause
    }
    assert where["method"] == where["why"] == "lineage: declassification proven by check client_hash__pattern"


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("keyed_hash", "blurring", "bad-declassification", "method: blurring"),
        ("              why: The key never leaves the vault.\n", "", "bad-declassification", "value:"),
        ("why: The key never leaves the vault.", 'why: ""', "bad-declassification", 'why: ""'),
        ("why:", "because:", "bad-declassification", "because: The key never leaves the vault."),
        ("rule: client_hash__pattern", "rule: [a]", "bad-declassification", "rule: [a]"),
        ("rule: client", "subjects: party_id\n              rule: client", "bad-declassification", "subjects: party_id"),
        ("rule: client_hash__pattern", "rule: no_such_rule", "declassification-rule", "rule: no_such_rule"),
        ("rule: client_hash__pattern", "rule: schema", "declassification-rule", "rule: schema"),
        ("rule: client_hash__pattern", "rule: party_id__required", "declassification-unproven", "rule: party_id__required"),
        ("{64}", "{16}", "declassification-unproven", "rule: client_hash__pattern"),
        ("[0-9a-f]{64}", "[a-z ]{64}", "declassification-unproven", "rule: client_hash__pattern"),
        ("method: keyed_hash", "method: aggregation", "declassification-unproven", "rule: client_hash__pattern"),
    ],
)  # fmt: skip
def test_a_hash_that_is_not_proven_is_refused_on_its_line(read, old, new, rule, line):
    _, faults = read(HASH, (old, new))
    assert {found for found, _ in faults} == {rule}
    assert (rule, line) in faults


def test_a_restricted_column_has_nothing_to_declassify(read):
    _, faults = read(
        HASH,
        ("hash of the client's number.\n        classification: internal", "x\n        classification: restricted"),
    )
    assert faults == [("bad-declassification", "value:")]


def test_a_declassification_is_a_mapping(read):
    text = HASH[: HASH.index("            value:")] + "            value: keyed_hash\n"
    assert read(text)[1] == [("bad-declassification", "value: keyed_hash")]


UNPROVEN = "declassification-unproven"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("minimum: 5", "minimum: 4", UNPROVEN),
        ("minimum: 5", "maximum: 5", UNPROVEN),
        ("minimum: 5", "exclusiveMinimum: 3", UNPROVEN),
        ("minimum: 5", "exclusiveMinimum: 4", None),
        ("minimum: 5", "minimum: 2000", None),
        ("        required: true\n", "", UNPROVEN),  # a row without a count would not be looked at
        ("logicalType: integer\n        required", "logicalType: number\n        physicalType: double\n        required", UNPROVEN),
        ("rule: subject_count__range", "rule: subject_count__range, subjects: party_id", UNPROVEN),
        ("rule: subject_count__range", "rule: subject_count__range, subjects: nobody", UNPROVEN),
        ("rule: subject_count__range", "rule: subject_count__required", UNPROVEN),
    ],
)  # fmt: skip
def test_an_aggregation_counts_at_least_five_subjects_in_every_row(read, old, new, expected):
    _, faults = read(GROUP, (old, new))
    assert [rule for rule, _ in faults] == ([expected] if expected else [])


def test_another_column_may_count_the_subjects(read):
    edits = (
        ("name: subject_count", "name: clients"),
        ("rule: subject_count__range", "rule: clients__range, subjects: clients"),
    )
    contract, faults = read(GROUP, *edits)
    assert faults == []
    assert contract.column("mean_balance").declassification.subjects == "clients"


@given(least=st.integers(-10, 40))
def test_the_bound_is_five_wherever_it_is_drawn(party, least):
    text = party.replace(FIRST, FIRST + GROUP).replace("minimum: 5", f"minimum: {least}")
    contract, faults = read_text("party.odcs.yaml", text)
    assert (contract is not None) is (least >= FEWEST_SUBJECTS)
    assert [fault.rule for fault in faults] == ([UNPROVEN] if least < FEWEST_SUBJECTS else [])


RULE = '            metric: invalidValues\n            arguments:\n              validValues: ["0-9", "10-19", "20+"]\n            mustBe: 0\n'


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (RULE + "            severity: warning\n", "declassification-rule"),
        (RULE.replace("mustBe: 0", "mustBeLessThan: 3"), "declassification-rule"),
        (RULE.replace("mustBe: 0", "mustBe: 0\n            unit: percent"), None),
        (RULE.replace("mustBe: 0", "mustBeLessOrEqualTo: 0"), None),
        (RULE.replace('validValues: ["0-9", "10-19", "20+"]', 'pattern: "[0-9]0-[0-9]9"'), None),
        (RULE.replace('validValues: ["0-9", "10-19", "20+"]', 'pattern: ".*"'), UNPROVEN),
        ("            type: sql\n            query: select count(*) from ${table} where ${column} = ''\n            mustBe: 0\n", UNPROVEN),
        ("            metric: nullValues\n            mustBe: 0\n", UNPROVEN),
    ],
)  # fmt: skip
def test_a_generalised_value_is_one_of_a_limited_domain(read, new, expected):
    _, faults = read(BAND, (RULE, new))
    assert [rule for rule, _ in faults] == ([expected] if expected else [])


TOTAL = """\
      - name: total
        logicalType: number
        physicalType: decimal(18,2)
        description: Rounded to thousands.
        classification: internal
        logicalTypeOptions: {OPTIONS}
        customProperties:
          - property: declassification
            value: {method: generalisation, rule: total__RULE, why: A thousand hides who.}
"""


@pytest.mark.parametrize(
    ("options", "rule", "expected"),
    [
        ("multipleOf: 1000", "multiple_of", None),
        ("multipleOf: 0.01", "multiple_of", UNPROVEN),  # every value is a multiple of that
        ("minimum: 0, maximum: 9", "range", None),
        ("exclusiveMinimum: 0, exclusiveMaximum: 9", "range", None),
        ("minimum: 0", "range", UNPROVEN),
    ],
)
def test_a_number_is_generalised_by_a_step_or_by_both_bounds(read, options, rule, expected):
    _, faults = read(TOTAL.replace("OPTIONS", options).replace("RULE", rule))
    assert [rule for rule, _ in faults] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[0-9a-f]{64}", True),
        ("^[a-f0-9]{32}$", True),
        ("[A-F0-9]{40,64}", True),
        ("[0-9a-fA-F]{32,}", True),
        ("[A-Za-z0-9+/]{43}=", True),
        ("[A-Za-z0-9+/]{43}=.*", False),
        ("[A-Za-z0-9+/]{43}={0,2}", True),
        ("[A-Za-z0-9_-]{22}", True),
        ("[0-9a-f]{31}", False),
        ("[0-9a-f]{22}", False),  # no base64, and too short for hexadecimal
        ("[0-9]{32}", False),  # a number
        ("[a-z0-9]{64}", False),
        ("[A-Za-z0-9+/]{22,44}", False),  # a digest has one length
        ("[A-Za-z0-9+/]{30}", False),
        ("[^0-9a-f]{64}", False),
        ("[0-9a-f]{64}|.*", False),
        ("[0-9a-f]+", False),
        (".*", False),
        ("", False),
    ],
)
def test_only_digests_have_the_form_of_a_digest(pattern, expected):
    assert is_digest_pattern(pattern) is expected


CLASSES = st.sampled_from(["0-9", "a-f", "A-F", "a-z", "A-Z", "+/", "_-", " ", ".", "g"])


@given(
    parts=st.lists(CLASSES, min_size=1, max_size=5),
    least=st.integers(0, 70),
    tail=st.sampled_from(["", ",", ",70"]),
    data=st.data(),
)
def test_all_that_an_accepted_pattern_matches_is_long_and_of_digest_letters(parts, least, tail, data):
    pattern = f"[{''.join(parts)}]{{{least}{tail}}}"
    if not is_digest_pattern(pattern):
        return
    matched = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))
    if set(matched) <= set(string.hexdigits) and not {"a-z", "A-Z"} & set(parts):
        assert len(matched) >= 32
    else:
        assert len(matched) >= 22
        assert set(matched) <= set(string.ascii_letters + string.digits + "+/-_")


def test_a_declassification_that_comes_changes_or_goes_is_told(party):
    def made(columns):
        contract, faults = read_text("party.odcs.yaml", party.replace(FIRST, FIRST + columns))
        assert faults == ()
        return contract

    without = made(HASH[: HASH.index("        customProperties")])
    reworded = made(HASH.replace("vault", "bank"))
    names = [
        next(change.rule for change in compare(*pair))
        for pair in ((without, made(HASH)), (made(HASH), reworded), (made(HASH), without))
    ]
    assert names == ["declassification-added", "declassification-changed", "declassification-removed"]
    moved = made("# a remark\n" + HASH)
    assert moved.column("client_hash").declassification.place == Place("party.odcs.yaml", 26)
    assert compare(made(HASH), moved) == ()
