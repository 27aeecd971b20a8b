"""SQL of quality rules reads the candidate alone and returns one number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.contracts.parsing.sql_rules import read_query


@pytest.mark.parametrize("written", ["{table}", "${table}", "{object}", "${object}", "${ table }"])
def test_every_spelling_of_the_table_is_one(written):
    query = read_query(f"SELECT count(*) FROM {written} WHERE amount < 0;", None)
    assert query.text == "SELECT count(*) FROM ${table} WHERE amount < 0"
    assert query.columns == {"amount"}


@pytest.mark.parametrize("written", ["{column}", "${column}", "{property}", "${property}"])
def test_every_spelling_of_the_column_is_one(written):
    query = read_query(f"select max({written}) from ${{table}}", "amount")
    assert query.text == "select max(${column}) from ${table}"
    assert query.columns == {"amount"}


@pytest.mark.parametrize(
    "text",
    [
        "with x as (select count(*) n from ${table} group by account_id) select max(n) from x",
        "select count(*) from (select 1 from ${table} limit 3)",
        "select 1 from ${table} union all select 2 from ${table}",
        "select count(*) from ${table} a join ${table} b using (booking_id)",
    ],
)
def test_ctes_and_subqueries_are_fine(text):
    assert read_query(text, None).text == text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("select 1", "must read"),
        ("select count(*) from ${table} where", "DuckDB SQL"),
        ("delete from ${table}", "single select"),
        ("select 1 from ${table}; drop table x", "single select"),
        ("select * from ${table}", "one expression"),
        ("select count(*), max(a) from ${table}", "one expression"),
        ("select count(*) from ${table}, retail.party", "may read only"),
        ("select count(*) from ${table}, other", "may read only"),
        ("select count(*) from ${table}, read_csv('/etc/passwd')", "may read only"),
        ("select count(*) from ${table}, 'file.parquet'", "may read only"),
        ("select count(*) from ${tabel}", "placeholder"),
        ("select count(${column}) from ${table}", "has no column"),
        ("select count(*) from ${tabel}", "Did you mean table"),
        ("select count(*) from ${table} where {x} = 1", "placeholder"),
        ("select count(*) from ${table} where x = '${table}'", "is in quotes"),
        ("select count(*) from '${table}'", "is in quotes"),
        ("select count(*) from ${table} where x = $$ {column} $$", "is in quotes"),
        ("select '${2}'", "must read"),
        ("select 1 -- ${table}", "must read"),
    ],
)
def test_anything_else_is_refused_with_a_reason(text, word):
    with pytest.raises(ValueError, match=word):
        read_query(text, None)


@pytest.mark.parametrize(
    "condition",
    [
        "not regexp_full_match(x, '[A-Z]{2}[0-9]{2}')",
        "x = '{x}' or x = '${tabel}' or x = '{}'",
        "x = 'it''s {2}' and y = E'it\\'s {2}'",
        "x = $$ {2} 'n' $$ or x = $q$ {2} $q$",
        "x = '--' and y = '{2}' -- no more than {2}, don't",
        "/* {2} 'n */ x = {'a': 1}",
    ],
)
def test_braces_in_texts_and_comments_are_no_placeholders(condition):
    query = f"select count(*) from ${{table}} where {condition}"
    assert read_query(query, "x").text == query


def test_a_placeholder_may_be_quoted_as_a_name():
    query = read_query('select max("${column}") from "{object}" where x = \'{2}\'', "amount")
    assert query.text == "select max(${column}) from ${table} where x = '{2}'"
    assert query.columns == {"amount", "x"}


pieces = st.sampled_from(["'", "{2}", "a", " ", '"', "--", "\n", "$$", "{x}", "/*", "*/", "''"])


@given(st.lists(pieces, max_size=8).map("".join))
def test_a_text_of_any_characters_stays_as_it_is(text):
    literal = "'" + text.replace("'", "''") + "'"
    query = f"select count(*) from ${{table}} where x = {literal}"
    assert read_query(query, None).text == query
