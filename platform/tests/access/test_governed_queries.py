"""Statements over a published version read masked, permitted rows, and their errors show nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from polars.testing import assert_frame_equal
from queried_relations import plain_duckdb
from relation_samples import Party, Recorder, party_rows

from bankmesh.access.errors import AccessDenied
from bankmesh.access.queries import StatementFailed, StatementRefused, run_query
from bankmesh.errors import BankmeshError, error_chain

if TYPE_CHECKING:
    import polars as pl

STATEMENTS = """
select count(*) as n, count(distinct id) as ids, sum(score) as scores from product
select postcode, count(*) as n, max(joined) as newest from product group by postcode
select id, name, phone, born from product where id between 3 and 60
select * exclude (tags) from product where postcode is not null and visits in (0, 3)
select p.id, q.id as other from product p join product q on p.referrer = q.referrer where p.id < 10
select referrer, avg(balance) as average from product group by referrer
select born, row_number() over (partition by born order by id) as n from product
select id, list_contains(tags, 't1') as t from product where score > 1.5
""".strip().split("\n")

HOSTILE = """
select cast(name as int) from product
select cast(phone as date) from product
select cast(concat(name, phone, postcode) as int) from product
select 1 / (id - 3), cast(postcode as date) from product where postcode is not null
select sum(cast(tags[1] as int)) from product
select cast(id as tinyint) from product
select strptime(postcode, '%Y') from product
select json_extract(phone, '$.a') from product
select regexp_matches('x', name || '(') from product
select (select postcode from product)
select make_date(visits, 13, 99) from product
select cast(referrer as int) from product
""".strip().split("\n")


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Party:
    return Party.publish(tmp_path_factory.mktemp("home"), party_rows(range(300)))


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_sees_the_permitted_rows_as_masked(party: Party, statement: str) -> None:
    recorder = Recorder()
    found = run_query(party.relation(recorder), statement)
    assert_frame_equal(found, plain_duckdb(_permitted(party), statement), check_row_order=False)
    assert all((read.way, read.statement) == ("sql", statement) and read.ended for read in recorder.reads)


def _permitted(party: Party) -> pl.DataFrame:
    return party.relation(Recorder()).scan().collect()


def test_a_search_for_one_party_is_on_record_with_what_was_searched(party: Party) -> None:
    recorder = Recorder()
    assert run_query(party.relation(recorder), "select postcode from product where id = 6").height == 1
    (read,) = recorder.reads
    assert read.lookups == {"id": (6,)}
    assert read.ended == (1, False)


def test_a_limit_ends_the_read_on_record(party: Party) -> None:
    recorder = Recorder()
    run_query(party.relation(recorder), "select id from product limit 1")
    assert [read.ended is not None for read in recorder.reads] == [True]


@pytest.mark.parametrize("statement", HOSTILE)
def test_no_error_shows_a_value_or_a_path(party: Party, statement: str) -> None:
    recorder = Recorder()
    with pytest.raises(BankmeshError) as caught:
        run_query(party.relation(recorder), statement)
    assert isinstance(caught.value, StatementFailed)
    assert "the statement fails: " in str(caught.value)
    for error in error_chain(caught.value, with_context=True):
        for word in ("CANARY", "777", "60200", "28002", "/", "***", "55500"):
            assert word not in str(error)
    assert all(read.ended for read in recorder.reads)


def test_withheld_columns_and_rows_cannot_be_named_counted_or_guessed(party: Party) -> None:
    relation = party.relation(Recorder())
    with pytest.raises(AccessDenied, match="names withheld columns: national_id"):
        run_query(relation, "select count(*) from product where national_id like 'CANARY%'")
    assert run_query(relation, "select count(*) from product where id > 777000000000").item() == 0
    assert run_query(relation, "select count(*) from product").item() == 100


@pytest.mark.parametrize("statement", ["select * from rows", "select stats(id) from product", "from parquet_scan('x')"])
def test_a_refused_statement_begins_no_read(party: Party, statement: str) -> None:
    recorder = Recorder()
    with pytest.raises(StatementRefused):
        run_query(party.relation(recorder), statement)
    assert recorder.reads == []
