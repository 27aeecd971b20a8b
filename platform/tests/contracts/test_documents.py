"""YAML is read with positions, and with one meaning only."""

import pytest

from bankmesh.yaml.documents import decode, leaves, parse, spell


def rules(text):
    return [(fault.rule, fault.line) for fault in parse("f.yaml", text)[1]]


def test_every_key_and_item_has_its_line():
    document, faults = parse("f.yaml", "a: 1\nb:\n  - c\n  - d: e\n")
    assert faults == ()
    assert document.data == {"a": 1, "b": ["c", {"d": "e"}]}
    assert [document.line(path) for path in [("a",), ("b",), ("b", 0), ("b", 1, "d")]] == [1, 2, 3, 4]


def test_something_missing_has_the_line_of_what_is_around_it():
    document, _ = parse("f.yaml", "a:\n  b: 1\n")
    assert document.line(("a", "missing", 3)) == 1


def test_scalars_mean_the_same_to_every_reader():
    document, faults = parse("f.yaml", "[true, null, ~, 1, -2.5, 2020-01-01, 1.0.0, '1.0', 1e3, text]")
    assert faults == ()
    assert document.data == [True, None, None, 1, -2.5, "2020-01-01", "1.0.0", "1.0", "1e3", "text"]


@pytest.mark.parametrize(
    "scalar", ["NO", "yes", "off", "0123", "1:30", "1_000", ".inf", ".nan", "0x1F", "!!binary aGk=", "9" * 5000]
)
def test_a_scalar_that_readers_disagree_about_is_a_fault(scalar):
    assert rules(f"a: 1\nb: {scalar}\n") == [("yaml-ambiguous", 2)]


def test_quotes_settle_it():
    assert rules("a: 'NO'\nb: \"0123\"\n") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ("yaml-duplicate-key", 3)),
        ("a: &x [1]\nb: *x\n", ("yaml-alias", 1)),
        ("a: {b: 1}\nc:\n  <<: {b: 2}\n", ("yaml-alias", 3)),
        ("? [a]\n: b\n", ("yaml-key", 1)),
        ("a: 1\nb: [\n", ("yaml-syntax", 2)),
        ("a: 1\n---\nb: 2\n", ("yaml-syntax", 2)),
        ("", ("yaml-syntax", 1)),
        ("a: \x07\n", ("yaml-syntax", 1)),
        ("[" * 3000, ("yaml-syntax", 1)),
        ("[" * 100 + "]" * 100, ("yaml-syntax", 1)),
    ],
)
def test_what_cannot_be_read_is_a_fault_with_its_line(text, expected):
    assert rules(text) == [expected]


def test_a_byte_that_is_not_utf8_has_a_line():
    text, faults = decode("f.yaml", b"a: 1\nb: \xff\n")
    assert text == ""
    assert [(fault.rule, fault.line) for fault in faults] == [("yaml-syntax", 2)]


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert decode("f.yaml", b"\xef\xbb\xbfa: 1")[0] == "a: 1"


def test_leaves_are_scalars_and_empty_collections():
    found = leaves({"a": {"b": [1, []]}, "c": {}})
    assert found == [(("a", "b", 0), 1), (("a", "b", 1), []), (("c",), {})]
    assert [spell(path) for path, _ in found] == ["a.b[0]", "a.b[1]", "c"]
