"""Statements are recorded without what the reader looks for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.access.audit.statement_text import without_literals

COLUMNS = ("id", "full_name", "amount")


@pytest.mark.parametrize(
    ("statement", "recorded"),
    [
        ("select * from product where id = 42", "select * from product where id = ?"),
        ("SELECT sum(amount) FROM product", "select sum ( amount ) from product"),
        ("select full_name from product where full_name like 'Ca%'", "select full_name from product where full_name like ?"),
        ('select id as "Canary" from product -- Canary', "select id as _ from product"),
        ("select /* Canary */ $$Canary$$, e'Canary', x'CA', 0x1F, 1e5", "select ? , ? , _ ? , ? _ , ?"),
        ("with canary as (select 1) select * from canary", "with _ as ( select ? ) select * from _"),
        ("select 'Canary", "(no SQL)"),
        ("select * from 'Canary.csv'", "select * from ?"),
        ("select canary_function(id) from product", "select _ ( id ) from product"),
        ("select id from product where id in (1, 2) limit 5", "select id from product where id in ( ? , ? ) limit ?"),
        ("", ""),
    ],
)  # fmt: skip
def test_literals_comments_and_own_names_are_left_out(statement, recorded):
    assert without_literals(statement, COLUMNS) == recorded


QUOTED = st.sampled_from(
    ["'{}'", '"{}"', "$${}$$", "E'{}'", "-- {}\n", "/* {} */", "{}", "[{}]", "`{}`", "@{}", "${}", "'a''{}'"]
)


@settings(max_examples=60)
@given(st.lists(QUOTED, min_size=1, max_size=4), st.text("abcXYZ019_", min_size=1, max_size=6), st.booleans())
def test_no_text_of_a_reader_is_recorded(forms, word, is_whole):
    secret = f"Canary{word}"
    wrapped = " ".join(form.format(secret) for form in forms)
    statement = f"select {wrapped} from product where full_name = {wrapped}" if is_whole else wrapped
    assert "canary" not in without_literals(statement, COLUMNS).lower()


def test_a_long_statement_is_cut():
    assert len(without_literals("select id from product union all " * 500, COLUMNS)) == 4_000
