"""The walk over the standard's schema agrees with a general validator, and tells one mistake once."""

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts.parsing.odcs_schema import check, schema
from bankmesh.yaml.documents import leaves, parse


@pytest.fixture(scope="session")
def validator():
    return jsonschema.Draft201909Validator(schema())


def load(text):
    return parse("f.yaml", text)[0].data


def found(text, *edits):
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    document, _ = parse("f.yaml", text)
    return [(f.rule, document.line(f.path), f.message) for f in check(document.data)]


def test_a_sound_contract_departs_in_nothing(party, booking):
    assert check(load(party)) == check(load(booking)) == ()


def test_an_unknown_key_names_the_nearest(booking):
    assert found(booking, ("tenant:", "tennant:")) == [
        ("unknown-key", 9, "the contract has no key tennant in the standard. Did you mean tenant?")
    ]


def test_an_object_that_the_schema_forgot_to_close_is_closed(booking):
    assert [f[:2] for f in found(booking, ("  usage:", "  usages:"))] == [("unknown-key", 13)]


def test_a_number_where_text_belongs_asks_for_quotes(party):
    [(rule, line, message)] = found(party, ("version: 1.0.0", "version: 1.0"))
    assert (rule, line) == ("wrong-type", 6)
    assert message == "version must be text, not a number (1.0); put it in quotes"


@pytest.mark.parametrize(
    ("old", "new", "rule", "word"),
    [
        ("logicalType: integer", "logicalType: int", "bad-value", "integer"),
        ("metric: rowCount", "metric: rowcount", "bad-value", "rowCount"),
        ("mustBeGreaterThan: 0", "mustBeMoreThan: 0", "missing-key", "mustBe"),
        ("mustBeGreaterThan: 0", "mustBeGreaterThan: 0\n        mustBe: 1", "bad-value", "only one of"),
        ("mustBeGreaterThan: 0", "mustBeGreaterThan: zero", "wrong-type", "a number"),
        ("maxLength: 3", "maxLenght: 3", "unknown-key", "maxLength"),
        ("maxLength: 3", "maxLength: -1", "bad-value", "at least 0"),
        ("to: account.account_id\n", "to: account\n", "bad-value", "Shorthand"),
        ("to: [account.account_id, account.currency]", "to: account.account_id", "wrong-type", "text"),
        ("  name: retail-core", "  nam: retail-core", "unknown-key", "name"),
        ("  - channel: retail-help", "  - chanel: retail-help", "missing-key", "channel"),
        (
            "implementation:\n              type",
            "implementations:\n              type",
            "missing-key",
            "implementation",
        ),
        ("tags: [money]", "tags: money", "wrong-type", "a list"),
    ],
)
def test_a_mistake_is_found_where_it_is(booking, old, new, rule, word):
    faults = found(booking, (old, new))
    assert any(fault[0] == rule and word in fault[2] for fault in faults), faults
    assert len(faults) <= 2  # a mistyped key is unknown, and the key that was meant may be missing


def test_examples_of_wrong_types_are_told_once_each(booking):
    assert len(found(booking, ("query: select count(*) from ${table} where ${column} > 1000000", "query: 1"))) == 1


def _replace(data, path, value):
    copy = json.loads(json.dumps(data, default=float))
    at = copy
    for step in path[:-1]:
        at = at[step]
    if value is DELETED:
        del at[path[-1]]
    elif value is RENAMED:
        if isinstance(at, dict):
            at["renamed"] = at.pop(path[-1])
    else:
        at[path[-1]] = value
    return copy


DELETED, RENAMED = object(), object()
VALUES = st.sampled_from(
    [DELETED, RENAMED, None, 0, -1, 1.5, True, "", "text", "date", "library", [], [1, 2], {}, {"a": 1}]
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_it_agrees_with_a_general_validator(booking, validator, data):
    whole = load(booking)
    paths = [path[:length] for path, _ in leaves(whole) for length in range(1, len(path) + 1)]
    path = data.draw(st.sampled_from(sorted(set(paths), key=str)))
    changed = _replace(whole, path, data.draw(VALUES))
    ours = check(changed)
    if not validator.is_valid(changed):
        # Absent or odd logicalType: JSON Schema then holds a column to the options of every type at once.
        assert ours or path[-1] == "logicalType"
    elif ours:
        assert all(finding.rule == "unknown-key" for finding in ours)  # stricter only about open objects


def test_a_document_that_is_no_mapping_is_one_finding():
    assert [f.rule for f in check(["a"])] == ["wrong-type"]
