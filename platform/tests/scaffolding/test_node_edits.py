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
    text = "\ufeffold: 'old'  # old\r\nlist: [\"old\", older, old]\r\ntext: |\r\n  old\r\n"
    edited = rewrite_scalars(text, lambda path, value: "new" if value == "old" and path[0] != "" else value)
    assert edited == text.replace("'old'", "'new'").replace('["old", older, old', '["new", older, new')


def renamed(text: str) -> str:
    return rewrite_scalars(text, lambda _, value: value.replace("ref('old')", "ref('a_new')"))


def test_a_text_over_several_lines_is_rewritten_and_an_alias_once() -> None:
    text = (
        "e: |\n  a in (\n    {{ ref('old') }})\nf: >-\n  b\n  {{ ref('old') }}\nin: &in\n  x: ref('old')\nmore: *in\n"
    )
    assert renamed(text) == text.replace("old", "a_new")


@pytest.mark.parametrize("written", ["&a shop.old", "!!str shop.old", '"shop.\\x6fld"'])
def test_a_whole_value_with_an_anchor_a_tag_or_escapes_is_not_passed_over(written: str) -> None:
    with pytest.raises(LayoutNotEditable, match="line 1:"):
        rewrite_scalars(f"a: {written}\n", lambda _, value: "shop.new" if value == "shop.old" else value)


def test_an_alias_that_would_change_only_one_of_its_places_is_refused() -> None:
    with pytest.raises(LayoutNotEditable, match="line 1:"):
        rewrite_scalars("a: &x [old]\nb: *x\n", lambda path, value: "new" if path == ("b", 0) else value)


@pytest.mark.parametrize("written", ["'{{ ref(''old'') }}'", "\"ref('\\x6fld')\""])
def test_a_scalar_that_cannot_be_rewritten_in_place_is_not_passed_over(written: str) -> None:
    with pytest.raises(LayoutNotEditable, match="line 2: its layout does not allow an edit in place"):
        renamed(f"a: b\nexpression: {written}\n")


def test_comments_of_what_follows_stay() -> None:
    rest = "  # --- customers ---\n\n  # about b\n  - name: b\n# of the rest\n  - name: c\n"
    text = f"models:\n  # about orders\n  - name: orders\n    # its columns\n    columns: [id]\n    # end\n{rest}"
    assert remove_entries(text, is_model("orders")) == f"models:\n{rest}"
    assert remove_entries(text, is_model("b")) == text.replace("  # about b\n  - name: b\n", "")


def test_comments_that_begin_the_file_stay() -> None:
    header, rest = "# Owned by shop-data.\n", "# about b\nunit_tests:\n- name: b\n"
    text = f"{header}models:\n- name: orders\n{rest}"
    assert remove_entries(text, is_model("orders")) == f"{header}{rest}"
    assert remove_entries(text, lambda path, _: path == ("unit_tests",)) == f"{header}models:\n- name: orders\n"


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
