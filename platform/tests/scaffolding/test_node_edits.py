"""Edits of YAML in place: what is meant changes, and every other character stays."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.yaml.node_edits import LayoutNotEditable, remove_entries, rewrite_scalars

TEXT = """\
# All objects.
version: 2

models:
  # About orders.
  - name: orders   # the fact table
    columns: [{name: id}]

  # About refunds.
  - name: refunds
    description: >-
      Money that went
      back.
  # The end.
unit_tests:
- name: sums
  model: orders
"""


def is_model(name: str):
    return lambda path, value: path[:1] == ("models",) and isinstance(value, dict) and value.get("name") == name


def test_an_entry_goes_with_the_comment_above_it_and_others_stay() -> None:
    assert remove_entries(TEXT, is_model("orders")) == TEXT.replace(
        "  # About orders.\n  - name: orders   # the fact table\n    columns: [{name: id}]\n\n", ""
    )
    assert remove_entries(TEXT, is_model("refunds")) == TEXT.replace(
        "  # About refunds.\n  - name: refunds\n    description: >-\n      Money that went\n      back.\n", ""
    )


def test_a_list_that_would_be_empty_goes_too() -> None:
    edited = remove_entries(TEXT, lambda _, value: isinstance(value, dict) and value.get("model") == "orders")
    assert edited == TEXT[: TEXT.index("unit_tests:")]
    assert remove_entries("a:\n  - x: 1\n", lambda path, _: path == ("a", 0)) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("models: [{name: orders}, {name: b}]\n", "line 1: the entry is written in braces or brackets"),
        ("- - name: orders\n  - name: b\n", "line 1: the entry begins in the line of another one"),
        ("models:\n- name: orders\n- name: b\n---\na: 1\n", "line 2: the file has several documents"),
    ],
)
def test_a_layout_that_does_not_allow_the_edit_is_refused(text: str, problem: str) -> None:
    with pytest.raises(LayoutNotEditable, match=problem):
        remove_entries(text, lambda _, value: isinstance(value, dict) and value.get("name") == "orders")


def test_text_that_is_no_yaml_stays() -> None:
    assert rewrite_scalars("a: [", lambda *_: "x") == "a: ["
    assert remove_entries("a: [", lambda *_: True) == "a: ["


def test_scalars_are_rewritten_where_they_are_with_their_quotes() -> None:
    text = '\ufeffold: \'old\'  # old\r\nlist: ["old", older, old, "o\\x6cd"]\r\ntext: |\r\n  old\r\n'
    edited = rewrite_scalars(text, lambda path, value: "new" if value == "old" and path[0] != "" else value)
    assert edited == text.replace("'old'", "'new'").replace('["old", older, old', '["new", older, new')


NAMES = st.sampled_from(["orders", "order", "refunds", "ü", "x y", "7", "true"])
VALUES = st.recursive(
    NAMES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
STYLES = st.sampled_from([None, False])


@settings(max_examples=80)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), STYLES)
def test_what_is_rewritten_reads_as_the_data_with_that_value_changed(data, style) -> None:
    text = yaml.dump(data, default_flow_style=style, allow_unicode=True)
    edited = rewrite_scalars(text, lambda path, value: "new_name" if value == "orders" and path[0] != "" else value)

    def expected(value):
        if isinstance(value, dict):
            return {key: expected(inner) for key, inner in value.items()}
        return (
            [expected(inner) for inner in value]
            if isinstance(value, list)
            else {"orders": "new_name"}.get(value, value)
        )

    assert yaml.safe_load(edited) == expected(data)


@settings(max_examples=80)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_what_is_removed_leaves_the_other_entries(data) -> None:
    text = yaml.dump(data, default_flow_style=False, allow_unicode=True)

    def pruned(value):
        """The data without keys `orders`, and without what would be empty then."""
        if isinstance(value, dict):
            kept = {key: pruned(inner) for key, inner in value.items() if key != "orders"}
        elif isinstance(value, list):
            kept = [pruned(inner) for inner in value]
        else:
            return value
        left = (
            {k: v for k, v in kept.items() if v is not None}
            if isinstance(kept, dict)
            else [v for v in kept if v is not None]
        )
        return left if left or not value else None

    try:
        edited = remove_entries(text, lambda path, _: path[-1:] == ("orders",))
    except LayoutNotEditable:
        return  # an entry in the line of another one
    assert (None if edited is None else yaml.safe_load(edited)) == pruned(data)
