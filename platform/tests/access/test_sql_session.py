"""A statement reads what it needs, on a database that can read nothing else, and its errors hold no values."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from queried_relations import CANARY, SCHEMA, PartyRelation, failure_of, party_rows, plain_duckdb

from bankmesh.access.errors import AccessDenied, AuditUnavailable
from bankmesh.access.queries import StatementFailed, StatementPosition, StatementRefused, run_query
from bankmesh.access.queries.locked_database import open_locked_database
from bankmesh.errors import BankmeshError, error_chain

_ROWS = party_rows(2_000)


@pytest.fixture
def relation() -> PartyRelation:
    return PartyRelation(_ROWS)


# --- What is read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("select sum(balance) from product", ["balance"]),
        ("select segment, count(*) from product where active group by 1", ["segment", "active"]),
        ("select x from (select party_id as x, name from product)", ["party_id"]),
        ("select * exclude (tags, name, segment, seen_at, joined_on) from product limit 1", None),
        ("select columns('^s.*') from product", ["segment", "seen_at", "score"]),
        ("select party_id from product order by balance", ["party_id", "balance"]),
        ("with a as (select * from product) select max(score) from a", ["score"]),
        ("select count(*) from product", ["active"]),
        ("select count(*) from (select * from product)", ["party_id"]),
        ("select 1 from product limit 1", ["active"]),
        ("select 1 where 2 > 3", []),
    ],
)
def test_only_the_columns_that_a_statement_needs_are_read(
    relation: PartyRelation, statement: str, columns: list[str] | None
) -> None:
    run_query(relation, statement)
    expected = ["party_id", "branch", "balance", "score", "active"] if columns is None else columns
    assert [list(read.columns) for read in relation.reads] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("condition", "pushed"),
    [
        ("party_id = 7", "party_id"),
        ("segment in ('retail', 'private')", "segment"),
        ("joined_on >= '2021-01-01' and branch <> 3", "joined_on"),
        ("seen_at < '2024-03-01'", "seen_at"),
        ("active = true", "active"),
        ("name like 'canary7716-1%'", "name"),
    ],
)
def test_comparisons_with_literals_reach_the_relation(relation: PartyRelation, condition: str, pushed: str) -> None:
    statement = f"select party_id from product where {condition}"
    found = run_query(relation, statement)
    assert sorted(found["party_id"]) == sorted(plain_duckdb(relation.frame, statement)["party_id"])
    (read,) = relation.reads
    assert f'col("{pushed}")' in read.predicate
    assert sum(read.rows) < relation.frame.height


@pytest.mark.parametrize(
    "condition",
    [
        "score > 0.25",
        "segment = 'retail' or branch = 1",
        "length(name) = 12",
        "party_id = (select max(party_id) from product)",
        "joined_on < 'infinity'",
    ],
)
def test_other_conditions_are_left_to_the_database(relation: PartyRelation, condition: str) -> None:
    run_query(relation, f"select party_id from product where {condition}")
    assert {read.predicate for read in relation.reads} == {"None"}


def test_each_scan_of_a_join_reads_the_relation_anew(relation: PartyRelation) -> None:
    found = run_query(relation, "select count(*) as n from product p join product q using (party_id)")
    assert found.item() == relation.frame.height
    assert [sum(read.rows) for read in relation.reads] == [relation.frame.height] * 2


def test_a_limit_stops_reading() -> None:
    relation = PartyRelation(party_rows(5_000), batch=40)
    assert run_query(relation, "select party_id from product limit 3")["party_id"].to_list() == [0, 1, 2]
    assert sum(relation.reads[0].rows) < relation.frame.height


def test_rows_keep_the_order_of_the_relation(relation: PartyRelation) -> None:
    assert run_query(relation, "from product").equals(relation.frame, null_equal=True)
    assert run_query(relation, "from product").schema == SCHEMA


def test_a_relation_without_rows_has_a_result_of_the_same_types(relation: PartyRelation) -> None:
    empty = PartyRelation(relation.frame.clear())
    assert run_query(empty, "from product").schema == SCHEMA
    assert run_query(empty, "select count(*) from product").item() == 0


def test_columns_named_like_words_of_sql() -> None:
    frame = pl.DataFrame({"order": [2, 1], 'a "quoted" one': [3, 4], "user": ["x", "y"]})
    found = run_query(PartyRelation(frame), 'select "order", "a ""quoted"" one", user from product order by "order"')
    assert found.rows() == [(1, 4, "y"), (2, 3, "x")]


# --- The database ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set threads = 99",
        "set allowed_paths = ['/']",
        "load httpfs",
        "install delta",
        "select * from read_text('/etc/hostname')",
        "attach '/tmp/x.duckdb'",
        "copy (select 1) to '/tmp/x.csv'",
        "from '/etc/hostname'",
        "from python_variable",
    ],
)
def test_the_database_refuses_by_itself_what_the_check_refuses(statement: str) -> None:
    python_variable = pl.DataFrame({"a": [1]})
    with open_locked_database() as database, pytest.raises(duckdb.Error):
        database.execute(statement)
    assert python_variable.height == 1


def test_the_settings_of_the_database() -> None:
    with open_locked_database() as database:
        rows = database.execute("select name, value from duckdb_settings()").fetchall()
        extensions = database.execute("select json_serialize_sql('select 1')").fetchall()
    settings = dict(rows)
    assert settings["enable_external_access"] == settings["python_enable_replacements"] == "false"
    assert settings["python_scan_all_frames"] == settings["autoload_known_extensions"] == "false"
    assert settings["autoinstall_known_extensions"] == settings["allow_unsigned_extensions"] == "false"
    assert settings["lock_configuration"] == "true"
    assert settings["allowed_paths"] == settings["allowed_directories"] == "[]"
    assert settings["temp_directory"] == ""
    assert settings["TimeZone"] == "UTC"
    assert int(settings["threads"]) <= 4
    assert extensions


# --- Errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "cast(name as int)",
        "name::date",
        "name::decimal(4, 2)",
        "strptime(name, '%Y')",
        "cast(concat('1', name) as double)",
        "make_date(party_id, 99, 99)",
        "cast(party_id + 9223372036854775000 as bigint)",
        "party_id::tinyint",
        "sqrt(-party_id - 1)",
        "ln(0 * party_id)",
        "json_extract(name, '$.a')",
        'from_json(name, \'{"a": "int"}\')',
        "regexp_matches('x', name || '(')",
        "(select party_id from product)",
        "from_hex(name)",
        "to_timestamp(party_id * 1e300)",
        "url_decode('%' || name)::int",
        "format(name || '{', 1)",
        "list_value(name)::int[]",
    ],
)
def test_an_error_of_a_value_does_not_hold_the_value(relation: PartyRelation, expression: str) -> None:
    error = failure_of(relation, f"select {expression} from product")
    assert isinstance(error, StatementFailed)
    for part in error_chain(error, with_context=True):
        assert CANARY not in str(part)
        assert "/" not in str(part)
        assert not any(word.isdecimal() and int(word) > 1_000 for word in str(part).split())


def test_an_error_of_a_value_says_where_and_what_to_do(relation: PartyRelation) -> None:
    error = failure_of(relation, "select 'é',\n  cast(name as int) from product")
    assert isinstance(error, StatementFailed)
    assert error.position == StatementPosition(2, 3)
    assert str(error) == (
        "retail.party@2: the statement fails: a value does not fit the type that it is cast to (line 2, column 3). "
        "try_cast gives null for such a value."
    )


def test_an_unknown_column_is_answered_with_the_nearest(relation: PartyRelation) -> None:
    error = failure_of(relation, "select segmant from product")
    assert str(error).startswith(
        "retail.party@2: there is no column segmant (line 1, column 8). Did you mean segment? Columns: party_id, branch, "
    )
    assert isinstance(error, StatementFailed)
    assert error.position == StatementPosition(1, 8)
    assert relation.reads == []


@pytest.mark.parametrize(
    "statement",
    [
        "select national_id from product",
        "select p.NATIONAL_ID from product p",
        'select count(*) from product where "national_id" is null',
        "select party_id from product order by national_id",
        "select * exclude (national_id) from product",
        "select * from product p join product q using (national_id)",
        "select sum(length(national_id)) over () from product",
        "select (select max(national_id) from product)",
    ],
)
def test_a_withheld_column_is_denied_with_its_reason(relation: PartyRelation, statement: str) -> None:
    error = failure_of(relation, statement)
    assert isinstance(error, AccessDenied)
    assert "the statement names withheld columns: national_id" in str(error)
    assert "national_id is restricted" in str(error)
    assert relation.reads == []


def test_a_star_and_an_alias_do_not_name_a_withheld_column(relation: PartyRelation) -> None:
    assert "national_id" not in run_query(relation, "select * from product limit 1").columns
    assert run_query(relation, "select 1 as national_id order by national_id").columns == ["national_id"]


def test_a_refusal_says_what_where_and_what_is_allowed(relation: PartyRelation) -> None:
    error = failure_of(relation, "select 1,\n  getvariable('x') from product")
    assert isinstance(error, StatementRefused)
    assert error.position == StatementPosition(2, 3)
    assert str(error).startswith("retail.party@2: function getvariable is refused: it reads settings, variables")
    assert "Tables: product" in str(failure_of(relation, "select * from other"))


def test_the_types_of_a_call_are_reported(relation: PartyRelation) -> None:
    error = failure_of(relation, "select upper(tags) from product")
    assert isinstance(error, StatementFailed)
    assert "upper(VARCHAR[])" in str(error)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("age(joined_on)", "INTERVAL"),
        ("map {'a': interval 1 day}", "INTERVAL"),
        ("'101'::bit", "BIT"),
        ("[9::bignum]", "BIGNUM"),
        ("union_value(text := name)", "UNION"),
    ],
)
def test_a_result_of_a_type_that_polars_lacks_is_refused_with_what_to_do(
    relation: PartyRelation, expression: str, kind: str
) -> None:
    message = str(failure_of(relation, f"select party_id, {expression} as found from product"))
    assert f"column found of the result has the type {kind}" in message
    assert message.endswith("Cast it to VARCHAR.")
    cast = run_query(relation, f"select ({expression})::varchar as found from product limit 1")
    assert cast.schema == {"found": pl.String()}


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("select max(balance) from product where branch = 3", ("branch", "balance")),
        ("select segment from (select segment, name from product) order by 1", ("segment",)),
        ("select * exclude (tags) from product", tuple(name for name in SCHEMA if name != "tags")),
        ("select count(*) from product", ()),
    ],
)
def test_the_columns_that_a_statement_uses_are_noted_after_it_has_run(
    relation: PartyRelation, statement: str, columns: tuple[str, ...]
) -> None:
    noted: list[tuple[str, ...]] = []
    run_query(relation, statement, noted.append)
    assert noted == [columns]
    for wrong in ("select national_id from product", "select name::integer from product", "copy product to 'x'"):
        with pytest.raises(BankmeshError):
            run_query(relation, wrong, noted.append)
    assert noted == [columns]


def test_a_statement_whose_plan_duckdb_cannot_describe_reads_every_column(relation: PartyRelation) -> None:
    statement = "select count(*) as n from product where branch > 3 and get_bit('101'::bit, branch % 3) = 1"
    assert run_query(relation, statement).rows() == plain_duckdb(relation.frame, statement).rows()
    assert set(relation.reads[0].columns) == set(relation.schema)


def test_an_error_of_the_reading_is_raised_as_it_is(relation: PartyRelation) -> None:
    relation.fails = AuditUnavailable("retail.party@2", "disk full")
    with pytest.raises(AuditUnavailable, match="disk full"):
        run_query(relation, "select sum(party_id) from product")


def test_a_reader_without_columns_is_denied() -> None:
    with pytest.raises(AccessDenied, match="no column of it may be read"):
        run_query(PartyRelation(pl.DataFrame()), "select 1")
