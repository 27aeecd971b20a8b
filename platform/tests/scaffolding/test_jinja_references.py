"""References in dbt code are rewritten where they are calls with literal names, and nothing else changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.scaffolding.dbt_import.jinja_references import ModelReference, rewrite_config, rewrite_references

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="{}"), max_size=30)
CALLS = st.builds(
    lambda name, quote, blanks: f"ref({blanks}{quote}{name}{quote}{blanks})",
    NAMES,
    st.sampled_from("'\""),
    st.sampled_from(["", " ", "\n"]),
)


def as_product(reference: ModelReference) -> ModelReference:
    return ModelReference("source", ("shop", reference.arguments[-1]))


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("from {{ ref('a') }}", "from {{ source('shop', 'a') }}"),
        ('from {{ref("x", "a")}}', "from {{source('shop', 'a')}}"),
        ("{% set a = ref('a', v=2) %}", "{% set a = source('shop', 'a') %}"),
        ("{{ star(from=ref('a'), except=['b)']) }}", "{{ star(from=source('shop', 'a'), except=['b)']) }}"),
        ("{{ ref(name) }}", "{{ ref(name) }}"),
        ("{{ my_ref('a') }} {{ x.ref('a') }}", "{{ my_ref('a') }} {{ x.ref('a') }}"),
        ("{# ref('a') #} -- ref('a')", "{# ref('a') #} -- ref('a')"),
        ("{% raw %}{{ ref('a') }}{% endraw %}", "{% raw %}{{ ref('a') }}{% endraw %}"),
        ("{{ ref('a' }}", "{{ ref('a' }}"),
    ],
)
def test_references(text: str, rewritten: str) -> None:
    assert rewrite_references(text, as_product) == rewritten


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TEXTS, CALLS), max_size=4), TEXTS)
def test_text_outside_of_calls_is_kept(parts: list[tuple[str, str]], end: str) -> None:
    code = "".join(f"{text}{{{{ {call} }}}}" for text, call in parts) + end
    expected = "".join(
        f"{text}{{{{ {as_product(ModelReference('ref', (re.findall('[a-z][a-z0-9_]*', call)[1],)))} }}}}"
        for text, call in parts
    )
    assert rewrite_references(code, as_product) == expected + end
    assert rewrite_references(code, lambda _: None) == code


def test_calls_in_python_are_rewritten() -> None:
    assert (
        rewrite_references("x = dbt.ref('a')\nref('b')", as_product, python=True)
        == "x = dbt.source('shop', 'a')\nref('b')"
    )


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("{{ config(materialized='table') }}\nselect 1", "select 1"),
        (
            "{{ config(materialized='table', tags=['a,b', f(1, 2)]) }}\nselect 1",
            "{{ config(tags=['a,b', f(1, 2)]) }}\nselect 1",
        ),
        ("{{ config(\n  pre_hook=\"x = '1'\",\n  tags='t'\n) }}\n\nselect 1", "{{ config(tags='t') }}\n\nselect 1"),
        ("select 1", "select 1"),
    ],
)
def test_settings_are_kept_or_dropped(text: str, rewritten: str) -> None:
    assert rewrite_config(text, lambda key, _: key == "tags") == rewritten
