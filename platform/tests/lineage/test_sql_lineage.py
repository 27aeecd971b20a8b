"""What a query's lineage says, one sentence of the package's definitions after the other."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from bankmesh.lineage.sql import EVERY_OTHER, QueryNotUnderstood, TableNotDescribed, lineage_of_query
from bankmesh.lineage.sql.duckdb_functions import is_aggregate, is_masking

SCHEMAS = {
    "t": {"a": "INTEGER", "b": "INTEGER", "s": "VARCHAR", "l": "INTEGER[]", "r": "STRUCT(f INTEGER, g VARCHAR)"},
    "u": {"a": "INTEGER", "d": "INTEGER"},
    "shop.sale": {"id": "BIGINT", "paid": "DECIMAL(18,2)"},
}


def told(found) -> str:
    """Dependencies in one line: `IDENTITY t.a, AGGREGATION* t.b`, a star where the value is masked."""
    return ", ".join(sorted(f"{d.how}{'*' * d.masking} {d.source}" for d in found))


def columns_of(sql: str) -> dict[str, str]:
    return {name: told(found) for name, found in lineage_of_query(sql, SCHEMAS).columns.items()}


def column_of(expression: str, source: str = "t") -> str:
    return columns_of(f"select {expression} as x from {source}")["x"]


def rows_of(sql: str) -> str:
    return told(lineage_of_query(sql, SCHEMAS).rows)


# --- DIRECT --------------------------------------------------------------------------------------------------


def test_a_value_that_only_passes_through_is_the_same_value():
    sql = """
        with first as (select a, s as letter from t), second as (select * from first)
        select one.a, letter as name from (select * from second) as one
    """
    assert columns_of(sql) == {"a": "IDENTITY t.a", "name": "IDENTITY t.s"}


@pytest.mark.parametrize(
    "expression",
    ["a + b", "coalesce(a, b)", "greatest(a, b)", "a < b", "[a, b]", "{'x': a, 'y': b}", "struct_pack(x := a, y := b)"],
)
def test_every_argument_of_a_computation_makes_its_value(expression):
    assert column_of(expression) == "TRANSFORMATION t.a, TRANSFORMATION t.b"


@pytest.mark.parametrize("expression", ["cast(r as varchar)", "r.f", "t.r.f", "r['f']", "(r).f", "r.f.abs()"])
def test_a_cast_and_a_field_are_computed(expression):
    assert column_of(expression) == "TRANSFORMATION t.r"


@pytest.mark.parametrize(
    "expression",
    ["list_transform(l, x -> x + a)", "list_filter(l, lambda x, i: x > a + i)", "[x * a for x in l if x > 1]"],
)
def test_parameters_of_lambdas_are_no_columns(expression):
    assert column_of(expression) == "TRANSFORMATION t.a, TRANSFORMATION t.l"


@pytest.mark.parametrize("expression", ["sum(a)", "min(a + 1)", "list(a)", "sum(a) + 1", "a.sum()", "-max(a)"])
def test_an_aggregate_stays_one_whatever_is_computed_of_it(expression):
    assert column_of(expression) == "AGGREGATION t.a"


def test_a_whole_row_is_made_of_all_columns():
    assert column_of("u", "u") == "TRANSFORMATION u.a, TRANSFORMATION u.d"


@pytest.mark.parametrize("expression", ["md5(s)", "left(sha256(s), 16)", "sha1(s)", "hash(s)", "s.md5()"])
def test_nothing_remains_of_what_is_hashed(expression):
    assert column_of(expression) == "TRANSFORMATION* t.s"


@pytest.mark.parametrize("expression", ["count(s)", "count(distinct s) + 1", "approx_count_distinct(s)"])
def test_nothing_remains_of_what_is_counted(expression):
    assert column_of(expression) == "AGGREGATION* t.s"


def test_counting_rows_depends_on_no_column():
    assert columns_of("select count(*) as n from t where a > 1") == {"n": ""}


@pytest.mark.parametrize("aggregate", ["aggregate", "scalar"])
def test_the_aggregates_are_those_of_duckdb(aggregate):
    functions = duckdb.execute(
        "select distinct function_name from duckdb_functions() where function_type = $1 and function_name ~ '[a-z_0-9]+'",
        [aggregate],
    ).fetchall()
    another_row = {"lag", "lead"}
    names = {name for (name,) in functions} - another_row
    assert len(names) > 80
    method = {name for name in names if is_aggregate(sqlglot.parse_one(f"x.{name}()", read="duckdb").expression)}
    called = {name for name in names for node in parsed_calls(name) if is_aggregate(node)}
    # what has no argument, or takes one that these calls do not have, is known as a method alone
    assert method == (names if aggregate == "aggregate" else set())
    assert called <= method
    assert {"sum", "list", "arg_max", "kurtosis_pop", "regr_slope"} & names <= called


def parsed_calls(name: str) -> list[exp.Expr]:
    found = []
    for arguments in ("x", "x, y"):
        try:
            node = sqlglot.parse_one(f"{name}({arguments})", read="duckdb")
        except sqlglot.errors.ParseError:
            continue
        found.append(node.this if isinstance(node, exp.IgnoreNulls) else node)
    return found


def test_every_hash_of_duckdb_masks():
    found = duckdb.execute(
        "select distinct function_name from duckdb_functions() where function_name ~ '(md5|sha|hash).*'"
    ).fetchall()
    hashes = {name for (name,) in found}
    assert {"md5", "sha1", "sha256", "hash"} <= hashes
    assert {name for name in hashes if not is_masking(sqlglot.parse_one(f"{name}(x)", read="duckdb"))} == set()


# --- INDIRECT, by column ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("case when a > 1 then b end", "CONDITIONAL t.a, TRANSFORMATION t.b"),
        ("case a when b then s end", "CONDITIONAL t.a, CONDITIONAL t.b, TRANSFORMATION t.s"),
        ("if(a > 1, b, 0)", "CONDITIONAL t.a, TRANSFORMATION t.b"),
        ("case when a > 1 then a end", "CONDITIONAL t.a, TRANSFORMATION t.a"),
        ("nullif(a, b)", "CONDITIONAL t.a, CONDITIONAL t.b, TRANSFORMATION t.a"),
        ("sum(a) filter (where b > 1)", "AGGREGATION t.a, CONDITIONAL t.b"),
        ("count(*) filter (where b > 1)", "CONDITIONAL t.b"),
        ("sum(case when a > 1 then b end)", "AGGREGATION t.b, CONDITIONAL t.a"),
        ("list(a order by b)", "AGGREGATION t.a, SORT t.b"),
        ("arg_max(a, b)", "AGGREGATION t.a, SORT t.b"),
        ("median(a)", "AGGREGATION t.a"),
        ("percentile_cont(0.5) within group (order by a)", "AGGREGATION t.a"),
        ("row_number() over (partition by a order by b)", "WINDOW t.a, WINDOW t.b"),
        ("sum(a) over (partition by a order by b)", "AGGREGATION t.a, WINDOW t.a, WINDOW t.b"),
        ("first_value(s) over (order by a)", "AGGREGATION t.s, WINDOW t.a"),
        ("lag(s) over (order by a)", "TRANSFORMATION t.s, WINDOW t.a"),
        (
            "sum(a) over (order by a range between b preceding and current row)",
            "AGGREGATION t.a, WINDOW t.a, WINDOW t.b",
        ),
    ],
)
def test_what_decides_which_value_is_taken_is_told_apart_from_it(expression, expected):
    assert column_of(expression) == expected


def test_a_named_window_is_looked_up():
    sql = "select sum(a) over (w order by b) as x from t window w as (partition by s)"
    assert columns_of(sql) == {"x": "AGGREGATION t.a, WINDOW t.b, WINDOW t.s"}


# --- INDIRECT, by row ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select s from t where a > 1", "FILTER t.a"),
        ("select max(s) as x from t having max(a) > 1", "FILTER t.a"),
        ("select s from t qualify row_number() over (partition by a order by b) = 1", "FILTER t.a, FILTER t.b"),
        ("select s from t where exists (from u where u.a = t.a)", "FILTER t.a, FILTER u.a"),
        ("select s from t where a in (select d from u group by d)", "FILTER t.a, FILTER u.d"),
        ("select s from t semi join u on t.a = u.a", "JOIN t.a, JOIN u.a"),
        ("select s from t anti join u using (a)", "JOIN t.a, JOIN u.a"),
        ("select s from t left join u on t.a = u.a", "JOIN t.a, JOIN u.a"),
        ("select s from t natural join u", "JOIN t.a, JOIN u.a"),
        ("select s from t asof join u on t.a = u.a and t.b >= u.d", "JOIN t.a, JOIN t.b, JOIN u.a, JOIN u.d"),
        ("select s from t positional join u", ""),
        ("select s, max(a) as x from t group by s, b", "GROUP_BY t.b, GROUP_BY t.s"),
        ("select s, max(a) as x from t group by all", "GROUP_BY t.s"),
        ("select s, max(a) as x from t group by 1", "GROUP_BY t.s"),
        ("select s, max(a) as x from t group by grouping sets ((s, b), ())", "GROUP_BY t.b, GROUP_BY t.s"),
        ("select distinct s from t", "GROUP_BY t.s"),
        ("select distinct on (a) s from t order by a, b", "GROUP_BY t.a, SORT t.a, SORT t.b"),
        ("select s from t order by a", "SORT t.a"),
        ("select * from (select s from t order by a)", ""),
        ("select * from (select s from t order by a limit 1)", "SORT t.a"),
        ("select a from t union all select d from u", ""),
        ("select a from t union select d from u", "GROUP_BY t.a, GROUP_BY u.d"),
        ("select a from t intersect all select d from u", "FILTER t.a, FILTER u.d"),
        ("select a, unnest(l) as e from t", "JOIN t.l"),
        ("select a, e from t, unnest(l) as x(e)", "JOIN t.l"),
    ],
)
def test_what_decides_the_rows_is_said_once_for_all_columns(sql, expected):
    assert rows_of(sql) == expected


def test_a_scalar_subquery_gives_its_value_to_the_column_and_its_condition_to_the_rows():
    sql = "select s, (select max(d) from u where u.a = t.a) as x from t"
    assert columns_of(sql) == {"s": "IDENTITY t.s", "x": "AGGREGATION u.d"}
    assert rows_of(sql) == "FILTER t.a, FILTER u.a"


def test_what_stays_of_an_earlier_step_decides_later_rows():
    assert rows_of("with w as (select s from t where a > 1) select count(*) as n from w") == "FILTER t.a"


# --- Names as DuckDB resolves them -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a as x, x + b as y from t", {"x": "IDENTITY t.a", "y": "TRANSFORMATION t.a, TRANSFORMATION t.b"}),
        ("select b as a, a as c from t", {"a": "IDENTITY t.b", "c": "IDENTITY t.a"}),
        ("with t as (select b as a from t) select a from t", {"a": "IDENTITY t.b"}),
        ("select a, b as A from t", {"a": "IDENTITY t.a", "A_1": "IDENTITY t.b"}),
        ("select A from T", {"a": "IDENTITY t.a"}),
        ("from t select s", {"s": "IDENTITY t.s"}),
        ("select id, sale.id as i from shop.sale", {"id": "IDENTITY shop.sale.id", "i": "IDENTITY shop.sale.id"}),
        ('select paid from "memory"."shop"."sale"', {"paid": "IDENTITY shop.sale.paid"}),
        ("select t.a, u.a as b from t right join u using (a)", {"a": "IDENTITY t.a", "b": "IDENTITY u.a"}),
        ("select a from t right join u using (a)", {"a": "IDENTITY u.a"}),
        ("select a from t left join u using (a)", {"a": "IDENTITY t.a"}),
        ("select a from t full join u using (a)", {"a": "TRANSFORMATION t.a, TRANSFORMATION u.a"}),
        ("select * from u join (select a, s from t) using (a)", {"a": "IDENTITY u.a", "d": "IDENTITY u.d", "s": "IDENTITY t.s"}),
        ("select * exclude (l, r, a) rename (s as x) from t", {"b": "IDENTITY t.b", "x": "IDENTITY t.s"}),
        ("select * replace (a + d as d) from u", {"a": "IDENTITY u.a", "d": "TRANSFORMATION u.a, TRANSFORMATION u.d"}),
        ("select columns('[ab]') from t", {"a": "IDENTITY t.a", "b": "IDENTITY t.b"}),
        ("select columns(c -> c > 'b') + 1 from u", {"d": "TRANSFORMATION u.d"}),
        ("select r.* from t", {"f": "TRANSFORMATION t.r", "g": "TRANSFORMATION t.r"}),
        ("select unnest(r) from t", {"f": "TRANSFORMATION t.r", "g": "TRANSFORMATION t.r"}),
        ("select count(*), a + 1, max(s) from t group by a", {"count_star()": "", "(a + 1)": "TRANSFORMATION t.a", "max(s)": "AGGREGATION t.s"}),
        ("select a, s from t union all by name select d as s from u", {"a": "IDENTITY t.a", "s": "IDENTITY t.s, IDENTITY u.d"}),
        ("values (1, 'x')", {"col0": "", "col1": ""}),
    ],
)  # fmt: skip
def test_names_mean_what_they_mean_in_duckdb(sql, expected):
    assert columns_of(sql) == expected


def test_a_pivot_aggregates_and_chooses():
    sql = "pivot (select a, b, s from t) on s in ('x', 'y') using sum(b) as total group by a"
    cell = "AGGREGATION t.b, CONDITIONAL t.s"
    assert columns_of(sql) == {"a": "IDENTITY t.a", "x_total": cell, "y_total": cell}
    assert rows_of(sql) == "GROUP_BY t.a"


def test_an_unpivot_leaves_nulls_out_unless_told_otherwise():
    sql = "from (select a, b, s from t) unpivot {} (v for n in (a, b))"
    expected = {"s": "IDENTITY t.s", "n": "", "v": "IDENTITY t.a, IDENTITY t.b"}
    assert columns_of(sql.format("")) == columns_of(sql.format("include nulls")) == expected
    assert (rows_of(sql.format("")), rows_of(sql.format("include nulls"))) == ("FILTER t.a, FILTER t.b", "")


# --- What cannot be known ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "column", "reason"),
    [
        ("select b, nope from t", "nope", "there is no column nope"),
        ("select b, a from t, u", "a", "more than one table has a"),
        ("select b, x from t cross join read_csv('f.csv')", "x", "table function read_csv"),
        (
            "with recursive w as (select a from t union all select a + 1 from w) select b, w.a from t, w",
            "a",
            "recursive",
        ),
        ("with w as (from (pivot t on s using sum(b))) select t.b, w.x from t, w", "x", "PIVOT"),
    ],
)
def test_what_is_not_known_is_underivable_and_nothing_beside_it(sql, column, reason):
    lineage = lineage_of_query(sql, SCHEMAS)
    assert lineage.columns[column] == frozenset()
    assert set(lineage.underivable) == {column}
    assert reason in lineage.underivable[column]
    assert told(lineage.columns["b"]) == "IDENTITY t.b"


@pytest.mark.parametrize(
    "sql", ["select a, s from t where nope > 1", "select a, s from t join read_csv('f') as f on f.x = a"]
)
def test_if_the_rows_are_not_known_no_column_is(sql):
    assert set(lineage_of_query(sql, SCHEMAS).underivable) == {"a", "s"}


def test_columns_that_the_data_names_are_one_entry():
    lineage = lineage_of_query("pivot t on s using sum(b) group by a", SCHEMAS)
    assert list(lineage.columns) == ["a", EVERY_OTHER]
    assert "depends on the data" in lineage.underivable[EVERY_OTHER]


def test_what_a_recursive_expression_filters_by_is_known_all_the_same():
    sql = """
        with recursive chain as (
            select a, b from t where s = 'x' union all select t.a, t.b from t join chain on t.a = chain.b
        )
        select d from u where a in (select a from chain)
    """
    lineage = lineage_of_query(sql, SCHEMAS)
    assert (told(lineage.columns["d"]), lineage.underivable) == ("IDENTITY u.d", {})
    assert told(lineage.rows) == "FILTER t.a, FILTER t.b, FILTER t.s, FILTER u.a"


def test_a_table_that_is_not_described_is_an_error_that_names_those_that_are():
    with pytest.raises(TableNotDescribed, match=r"shop\.order") as caught:
        lineage_of_query("select * from shop.order", SCHEMAS)
    assert (caught.value.table, caught.value.known) == ("shop.order", ("shop.sale", "t", "u"))


@pytest.mark.parametrize(
    ("sql", "line", "problem"),
    [
        ("select a,\nfrom t where (", 2, "incomplete"),
        ("select 'a", 0, "quote"),
        ("select 1; select 2", 0, "2 statements"),
        ("", 0, "0 statements"),
        ("insert into t select * from u", 0, "INSERT"),
    ],
)
def test_what_is_not_one_query_is_an_error_that_says_where(sql, line, problem):
    with pytest.raises(QueryNotUnderstood, match=problem) as caught:
        lineage_of_query(sql, SCHEMAS)
    assert caught.value.line == line
