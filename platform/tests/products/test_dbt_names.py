"""What is read of dbt's code without running it: calls with their lines, in each of the languages that dbt reads."""

from __future__ import annotations

import pytest
from dbt.context import providers
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.products.dbt.faults.reference_hints import ReadableNames, Reference, explain_reference, reference_of
from bankmesh.products.dbt.faults.unknown_names import CONTEXT, explain_macro
from bankmesh.products.dbt.jinja_calls import CodeUnreadable, read_jinja, read_macro_file, read_python, read_yaml_calls

WORD = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VERSION = st.none() | st.integers(1, 30).map(str)
REFERENCE = st.builds(Reference, WORD, st.none() | WORD, VERSION)
BEFORE = st.integers(0, 20).map(lambda lines: "\n" * lines)


def test_the_names_that_dbt_gives_are_those_of_its_own_classes() -> None:
    """A later dbt that gives another name would have models refused that use it."""
    names = ("ModelContext", "MacroContext", "TestContext", "UnitTestContext")
    classes = [getattr(providers, name) for name in names]
    assert {name for context in classes for name in context._context_members_} == CONTEXT


@given(REFERENCE, BEFORE)
def test_a_reference_is_read_as_it_is_written_wherever_it_is_written(reference: Reference, before: str) -> None:
    texts = {
        read_jinja: f"{before}select * from {{{{ {reference.written} }}}}",
        read_macro_file: f"{before}{{% macro m() %}}{{{{ {reference.written} }}}}{{% endmacro %}}",
        read_python: f"{before}dbt.{reference.written}",
        read_yaml_calls: f"{before}to: {reference.written}",
    }
    for read, text in texts.items():
        assert [(reference_of(call), call.line) for call in read(text).calls] == [(reference, len(before) + 1)]


TAGS = ("{{", "}}", "{%", "%}", "{#", "#}", "macro", "endmacro", "test", "endtest", "materialization", "if", "endif")
PIECES = (*TAGS, "set", "ref", "adapter", "(", ")", "'", ",", "=", "a", "1", "+", "def", ":", " ", "\n", "\r\n")
CODE = st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)


@given(CODE | st.text(max_size=80))
def test_any_text_is_read_or_refused_with_a_line_of_it(text: str) -> None:
    for read in (read_jinja, read_macro_file, read_python, read_yaml_calls):
        try:
            read(text)
        except CodeUnreadable as error:
            refused = error
        else:
            continue
        assert 1 <= refused.line <= len(text.splitlines()) + 1
        assert refused.problem


@pytest.mark.parametrize("line", ["# ref('gone')", "to: 1  # ref('gone')"])
def test_a_comment_in_yaml_calls_nothing(line: str) -> None:
    assert read_yaml_calls(line).calls == ()


@given(REFERENCE, st.frozensets(st.tuples(WORD, WORD), max_size=4), st.frozensets(WORD, max_size=4))
def test_a_product_of_that_name_is_what_a_reference_means(
    reference: Reference, products: frozenset[tuple[str, str]], models: frozenset[str]
) -> None:
    names = ReadableNames("shop", frozenset({"own"}), models, products | {("bank", reference.table)}, frozenset())
    said = explain_reference(reference, names)
    assert said.startswith(f"{reference.written}: ")
    schema, table = said.rpartition("write source('")[2].removesuffix("')").split("', '")
    assert (schema, table) in names.products
    assert table in {reference.table, reference.name}


def test_a_macro_that_is_not_there_is_named_with_the_nearest_one() -> None:
    known = {"": frozenset({"exact_mean"}), "dbt_utils": frozenset({"star"})}
    assert "Did you mean exact_mean?" in explain_macro("exact_means", known)
    assert explain_macro("dbt_utils.stars", known) == "the package dbt_utils has no macro stars. Did you mean star?"
    assert "there is no package audit" in explain_macro("audit.star", known)
