"""SQL of quality rules reads the candidate alone and returns one number."""

import pytest

from bankmesh.contracts.queries import read_query


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
        ("select count(${column}) from ${table}", "stands at no column"),
    ],
)
def test_anything_else_is_refused_with_a_reason(text, word):
    with pytest.raises(ValueError, match=word):
        read_query(text, None)
