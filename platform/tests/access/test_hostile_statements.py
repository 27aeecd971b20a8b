"""Statements that reach for files, settings, other tables or the database itself are refused, and nothing is read."""

from __future__ import annotations

import pytest
from queried_relations import CANARY, PartyRelation, party_rows

from bankmesh.access.queries import StatementFailed, StatementRefused, run_query
from bankmesh.errors import BankmeshError

HOSTILE = r"""
select * from read_csv('/etc/passwd')
select * from READ_CSV('/etc/passwd')
select * from "read_csv"('/etc/passwd')
select * from main.read_csv('/etc/passwd')
select * from system.main.read_csv('/etc/passwd')
select * from read_csv_auto('/etc/passwd')
select * from read_text('/etc/passwd')
select * from read_blob('/etc/passwd')
select * from read_parquet('/srv/*.parquet')
select * from parquet_scan('/srv/*.parquet')
select * from read_json('/srv/x.json')
select * from read_json_objects('/srv/x.json')
select * from read_ndjson('/srv/x.json')
select * from read_duckdb('/srv/x.duckdb')
select * from sniff_csv('/etc/passwd')
select * from glob('/*')
select * from glob('**')
select * from parquet_metadata('/srv/x.parquet')
select * from parquet_schema('/srv/x.parquet')
select * from parquet_file_metadata('/srv/x.parquet')
select * from parquet_kv_metadata('/srv/x.parquet')
select * from parquet_bloom_probe('/srv/x.parquet', 'a', 1)
select * from delta_scan('/srv/port')
select * from iceberg_scan('/srv/port')
select * from sqlite_scan('/srv/x.db', 't')
select * from postgres_scan('', 'public', 't')
select * from arrow_scan(0, 0, 0)
select * from pandas_scan(0)
select * from python_map_function(1)
from '/etc/passwd'
from 'x.parquet'
select * from "x.parquet"
select * from 'https://example.org/x.csv'
select * from 's3://bucket/x.parquet'
select (select count(*) from 'x.csv')
select * from product union all select * from '/srv/x.parquet'
with a as (from 'x.csv') select * from a
with a as (select * from read_csv('x')) select 1
select * from product where party_id in (select party_id from 'x.parquet')
select * from product order by (select count(*) from glob('/*'))
select * from product limit (select count(*) from glob('/*'))
select 1 from product having (select 1 from read_text('/etc/passwd')) is not null
select count(*) filter (where exists (from read_text('/etc/passwd'))) from product
select sum(party_id) over (order by (select 1 from read_text('x'))) from product
select row_number() over w from product window w as (order by (select 1 from read_text('x')))
select 1 from product qualify (select 1 from read_text('x')) = 1
select list_transform([1], lambda x: (select count(*) from glob('/*')))
select case when exists (from glob('/*')) then 1 end
select * replace ((select 1 from glob('/*')) as party_id) from product
select * from product join read_csv('x') on true
select * from product, lateral (select * from read_csv(name))
select * from product semi join glob('/*') on true
values ((select 1 from glob('/*')))
pivot (from read_csv('x')) on a in (1) using count(*)
unpivot (from read_csv('x')) on a into name n value v
select * from (values (1)) t(a) positional join glob('/*')
select * from product tablesample 10% where (select 1 from glob('/*')) = 1
select * from (select * from (select * from (from glob('*'))))
attach '/srv/x.duckdb' as x
attach ':memory:' as x
detach x
use memory
copy product to '/tmp/x.csv'
copy (select * from product) to '/tmp/x.parquet'
copy product from '/etc/passwd'
copy from database memory to x
export database '/tmp/x'
import database '/tmp/x'
install httpfs
install delta from '/tmp/x'
force install spatial
load httpfs
load '/tmp/x.duckdb_extension'
update extensions
set memory_limit = '100GB'
set enable_external_access = true
set lock_configuration = false
set allowed_paths = ['/']
set variable x = 1
reset threads
reset lock_configuration
pragma enable_profiling
pragma version
pragma database_list
pragma table_info('product')
pragma enable_logging
call pragma_version()
call duckdb_settings()
call enable_logging('QueryLog')
create table x as select * from product
create view x as select * from product
create macro f(a) as a
create function f(a) as table select * from read_csv(a)
create secret s (type s3, key_id 'a', secret 'b')
create type t as enum ('a')
create sequence s
create schema s
create index i on product (party_id)
insert into product select * from product
update product set name = 'x'
delete from product
truncate product
drop table product
drop view product
alter table product add column x int
merge into product using product p on true when matched then delete
begin
commit
checkpoint
force checkpoint
vacuum
vacuum analyze product
analyze
explain select * from product
explain analyze select * from product
prepare p as select 1
execute p
deallocate p
comment on table product is 'x'
describe product
describe select * from product
desc product
summarize product
summarize select * from product
show tables
show all tables
show databases
show product
select * from (describe product)
select * from (summarize product)
select * from (show tables)
select * from query('select 1')
select * from query_table('product')
select * from query_table(['product'])
select * from json_execute_serialized_sql('{}')
pragma json_execute_serialized_sql('{}')
select json_serialize_sql('select 1')
select json_deserialize_sql('{}')
select json_serialize_plan('select * from product')
select * from duckdb_settings()
select * from duckdb_secrets()
select * from duckdb_tables()
select * from duckdb_columns()
select * from duckdb_functions()
select * from duckdb_extensions()
select * from duckdb_logs()
select * from duckdb_memory()
select * from duckdb_temporary_files()
select * from duckdb_variables()
select * from duckdb_views()
select * from duckdb_external_file_cache()
select * from which_secret('a', 's3')
select * from pragma_table_info('product')
select * from pragma_storage_info('product')
select * from pragma_database_size()
select * from pragma_show('product')
select * from duckdb_settings
select * from duckdb_tables
select * from duckdb_columns
select * from sqlite_master
select * from sqlite_schema
select * from pragma_database_list
select * from information_schema.tables
select * from information_schema.columns
select * from pg_catalog.pg_class
select * from pg_class
select * from pg_settings
select * from main.product
select * from memory.main.product
select * from system.main.product
select * from temp.product
select * from every_column
select * from columns_read
select * from "EVERY_COLUMN"
select * from frame
select * from relation
select * from self
select * from "\uff50roduct"
select * from product, columns_read
select * from product at (version => 1)
select * from product at (timestamp => now())
select current_setting('enable_external_access')
select current_setting('temp_directory')
select getvariable('x')
select getenv('HOME')
select version()
select current_database(), current_schema()
select current_schema
select current_user
select current_catalog
select user
select session_user
select current_query()
select txid_current()
select inet_server_addr()
select pg_get_viewdef('product')
select pg_typeof(1)
select has_table_privilege('product', 'select')
select obj_description(1, 'x')
select in_search_path('memory', 'main')
select stats(name) from product
select stats(party_id) from product limit 1
select "stats"(name) from product
select product.name.stats() from product
select error(name) from product
select case when name like 'c%' then error(name) end from product
select name.error() from product
select write_log(name) from product
select * from parse_duckdb_log_message('x')
select nextval('s')
select currval('s')
select setseed(0.5)
select uuid()
select gen_random_uuid()
select sleep_ms(10000)
select pg_sleep(10)
select __internal_compress_string_hugeint('x')
select list_aggregate([1], 'sum')
select list_aggr(tags, 'error') from product
select aggregate([1], 'sum')
select sum(party_id) export_state from product
select finalize(sum(party_id)) from product
select combine(sum(party_id), sum(party_id)) from product
select main.error('x')
select system.main.getvariable('x')
select foo.sum(party_id) from product
select pg_catalog.pg_typeof(1)
select unknown_function(1)
select \u0455um(party_id) from product
select icu_sort_key('a', 'de')
select variant_typeof(1)
select st_astext('x')
select name collate de from product
select 'x'::mytype
select name::enum('a') from product
select 'product'::regclass
select 'x'::geometry
select 'x'::variant
with recursive t as (select 1 union all select 1 from t) select * from t
with recursive t(n) as (select 1 union all select n + 1 from t where n < 10) select sum(n) from t
with recursive t(n) using key (n) as (select 1 union select n + 1 from t) select * from t
with t as (select * from t) select * from t
with product as (select 1 as a) select * from product
with "PRODUCT" as (select 1 as a) select * from product
with duckdb_tables as (select 1) select * from duckdb_tables
select (with t as (select 1) select * from t), (select count(*) from t)
with a as (select * from b), b as (select 1) select * from a
select * from t, (with t as (select 1) select * from t)
select * from generate_series(1, 10)
select * from range(1000000000000)
select * from unnest([1, 2])
select * from repeat('x', 1000000000)
select len(range(4000000000)) from product
select count(*) from product where name = repeat('x', 100000000)
select unnest(generate_series(1, 1e12::bigint))
select lpad(name, 2000000000, 'x') from product
select * from test_all_types()
select * from histogram(product, party_id)
select * from histogram_values(product, party_id)
select * from json_each('[1]')
select * from json_tree('[1]')
select * from summary((select * from product))
select * from seq_scan()
select * from checkpoint()
select $1
select ?
select $name
select * from product where party_id = $1
select default
pivot product on segment using count(*)
select 1; select 2
select 1; drop table product
select * from product; copy product to '/tmp/x'
; ; select 1; select 2
/* x */ attach '/srv/x' -- select
""".strip().split("\n")

BROKEN = r"""
select
select * frm product
select * from product where
selec 1
select 'unclosed
select "unclosed
select /* unclosed
select 1 from product for update
(((
""".strip().split("\n")


@pytest.fixture(scope="module")
def relation() -> PartyRelation:
    return PartyRelation(party_rows(40))


def _refusal(relation: PartyRelation, statement: str) -> BankmeshError:
    with pytest.raises(BankmeshError) as caught:
        run_query(relation, statement)
    assert relation.reads == []
    return caught.value


def test_the_table_of_hostile_statements_is_long_and_without_repetition() -> None:
    assert len(HOSTILE) == len(set(HOSTILE)) >= 120


@pytest.mark.parametrize("statement", HOSTILE)
def test_a_hostile_statement_is_refused_before_anything_is_read(relation: PartyRelation, statement: str) -> None:
    error = _refusal(relation, statement.replace("\\uff50", "\uff50").replace("\\u0455", "\u0455"))
    assert isinstance(error, StatementRefused), error
    assert error.port == "retail.party@2"
    for word in ("/", CANARY, "passwd", "parquet'", "DuckDBPyConnection"):
        assert word not in str(error), error


@pytest.mark.parametrize("statement", BROKEN)
def test_a_broken_statement_is_reported_as_such(relation: PartyRelation, statement: str) -> None:
    assert isinstance(_refusal(relation, statement), StatementFailed)
