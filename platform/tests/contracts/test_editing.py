"""A contract's text at another stage: what was to change has changed, and nothing else."""

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts.contract_editor import CannotEdit, LifecycleEntry, move_text, scalar
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.yaml.documents import parse

DRAFT = LifecycleEntry("deprecated", "2026-01-31", "retail-core", "The second major holds more.")
END = {"endOfSupport": "2027-06-30", "replacedBy": "retail.party@2"}


def moved(text, entry=DRAFT, properties=None):
    return move_text("party.odcs.yaml", text, entry, END if properties is None else properties)


def changes(old, new):
    return [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-"]


def test_a_first_entry_comes_with_the_property(party):
    new = moved(party)
    assert changes(party, new) == [
        "- version: 1.0.0",
        "+ version: 1.1.0",
        "- status: active",
        "+ status: deprecated",
        "+   - property: endOfSupport",
        '+     value: "2027-06-30"',
        "+   - property: replacedBy",
        "+     value: retail.party@2",
        "+   - property: lifecycle",
        "+     value:",
        "+       - status: deprecated",
        '+         date: "2026-01-31"',
        "+         by: retail-core",
        "+         why: The second major holds more.",
    ]
    contract, faults = read_text("party.odcs.yaml", new)
    assert faults == ()
    assert [(step.status, step.on, step.why) for step in contract.lifecycle] == [
        ("deprecated", "2026-01-31", "The second major holds more.")
    ]


def test_the_next_entry_goes_below_the_others_and_a_property_is_set_where_it_stands(party):
    deprecated = moved(party)
    new = moved(
        deprecated,
        LifecycleEntry("retired", "2027-07-01", "Jan Novák", "Nobody reads it: 0 readers."),
        {"endOfSupport": "2027-06-01"},
    )
    assert changes(deprecated, new) == [
        "- version: 1.1.0",
        "+ version: 1.2.0",
        "- status: deprecated",
        "+ status: retired",
        '-     value: "2027-06-30"',
        '+     value: "2027-06-01"',
        "+       - status: retired",
        '+         date: "2027-07-01"',
        '+         by: "Jan Novák"',
        '+         why: "Nobody reads it: 0 readers."',
    ]  # fmt: skip


ODD = """\
# The party master.
apiVersion: v3.1.0
kind: DataContract   # always
id: retail.party
domain: retail
name: party
version: "1.0.0"     # raised by hand so far

status: 'active'     # since the start
description: {purpose: "Kdo je klient, na jednom místě 🏦."}
schema:
  - name: party
    properties:
      - {name: party_id, logicalType: integer, primaryKey: true, description: Number., classification: internal}
team: {name: retail-core}
CUSTOM
support:
  # Where help is.
  - channel: retail-help
"""
CUSTOMS = {
    "block": "customProperties:\n  - property: productType\n    value: source-aligned   # see the page\n\n  # the end of it\n",
    "not indented": "customProperties:\n- value: source-aligned\n  property: productType\n",
    "deep": "customProperties:\n      -   property: productType\n          value: source-aligned\n      - property: x-note\n        value: |\n          two\n          lines\n",
    "folded": "customProperties:\n  - property: productType\n    value: source-aligned\n  - property: x-note\n    value: >-\n      two\n      lines\n\n# behind\n",
    "flow": "customProperties: [{property: productType, value: source-aligned}]   # all of it\n",
    "flow of a record": (
        "customProperties:\n  - {property: productType, value: source-aligned}\n"
        '  - {property: lifecycle, value: [{status: active, date: "2025-01-01", by: a, why: "b, c"}]}\n'
    ),
}


@pytest.mark.parametrize("custom", CUSTOMS.values(), ids=CUSTOMS.keys())
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_layout_comments_and_line_ends_stay(custom, newline):
    text = ODD.replace("CUSTOM\n", custom).replace("\n", newline)
    new = moved(text)
    contract, faults = read_text("party.odcs.yaml", new)
    assert faults == ()
    assert (contract.status, contract.version, contract.custom["replacedBy"]) == (
        "deprecated",
        "1.1.0",
        "retail.party@2",
    )
    assert contract.lifecycle[-1].why == DRAFT.why
    # Every line but those of status and version is there still, in order, with its comment.
    changed = ("version", "status", "customProperties: [", "  - {property: lifecycle")
    kept = [line for line in text.split(newline) if not line.startswith(changed)]
    left = iter(new.split(newline))
    assert [line for line in kept if line not in left] == []
    for comment in ("# raised by hand so far", "# since the start", "# Where help is."):
        assert new.count(comment) == text.count(comment)
    assert new.count("\r") == (new.count("\n") if newline == "\r\n" else 0)


def test_a_file_without_a_last_line_end_can_be_edited(party):
    assert parse("f", moved(party.rstrip("\n")))[0].data == parse("f", moved(party))[0].data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1.0.0", "version: 1.0.0\nversion: 1.0.1"),
        ("    value: source-aligned\n", "    value: source-aligned\n  - property: endOfSupport\n    value: [1]\n"),
        ("    value: source-aligned\n", "    value: source-aligned\n  - property: lifecycle\n    value: []\n"),
    ],
    ids=["a key twice", "no text", "an empty list"],
)
def test_what_cannot_be_edited_is_refused(party, old, new):
    with pytest.raises(CannotEdit, match=r"party\.odcs\.yaml: .* Nothing was written"):
        moved(party.replace(old, new))


PRINTABLE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=40)


@settings(max_examples=200, deadline=None)
@given(why=PRINTABLE, by=PRINTABLE)
def test_words_of_any_script_are_read_as_they_were_written(party, why, by):
    new = moved(party, LifecycleEntry("deprecated", "2026-01-31", by, why))
    data = parse("f", new)[0].data["customProperties"][-1]["value"][0]
    assert (data["by"], data["why"]) == (by, why)


@given(text=PRINTABLE)
def test_a_scalar_is_one_text_to_every_reader(text):
    document, faults = parse("f", f"key: {scalar(text)}\n")
    assert (document.data, faults) == ({"key": text}, ())
