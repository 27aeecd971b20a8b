"""Code that can give other rows for the same inputs is found by its names, in Python and in SQL."""

from __future__ import annotations

from textwrap import dedent

import pytest

from bankmesh.products.code.unrepeatable_python import unrepeatable_python
from bankmesh.products.code.unrepeatable_sql import unrepeatable_sql

REPEATABLE_PYTHON = """\
import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import os
    from urllib.request import Request

def transform(sales, partitions):
    '''Rows of today, read from files that are open now.'''
    rng = np.random_like if False else None
    day = dt.date(2024, 1, 1)
    drawn = sales.collect().sample(10, seed=7)
    fitted = ensemble.RandomForestClassifier(random_state=0), HistGradientBoostingClassifier(**SETTINGS)
    return sales.filter(pl.col("sold_on") > day).with_columns(read=pl.lit(1), now=pl.lit("now"))
"""


def test_what_depends_on_inputs_alone_is_repeatable() -> None:
    assert unrepeatable_python(REPEATABLE_PYTHON, "transform.py") == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("dt.datetime.now()", "the clock"),
        ("dt.datetime.now(dt.UTC)", "the clock"),
        ("dt.date.today()", "the clock"),
        ("now = dt.datetime.now", "the clock"),
        ("from time import time", "the clock"),
        ("import time as clock", "the clock"),
        ("import random", "chance"),
        ("from random import shuffle", "chance"),
        ("np.random.rand(3)", "chance"),
        ("np.random.default_rng()", "chance"),
        ("from numpy.random import default_rng", "chance"),
        ("import numpy.random as drawn", "chance"),
        ("torch.randn(3)", "chance"),
        ("RandomForestClassifier(max_depth=3)", "chance"),
        ("model_selection.train_test_split(rows)", "chance"),
        ("frame.sample(3)", "chance"),
        ("frame.sample(3, seed=None)", "chance"),
        ("frame.sample(fraction=0.1, shuffle=True)", "chance"),
        ("LogisticRegression(random_state=None)", "chance"),
        ("import uuid", "chance"),
        ("hash('ada')", "chance"),
        ("import os", "the machine"),
        ("from os import environ as settings", "the machine"),
        ("open('rates.csv')", "files that are no input"),
        ("Path('rates.csv').read_text()", "files that are no input"),
        ("pl.read_csv('rates.csv')", "files that are no input"),
        ("pl.scan_parquet('*.parquet')", "files that are no input"),
        ("from polars import read_csv", "files that are no input"),
        ("import urllib.request", "the network"),
        ("import requests", "the network"),
        ("duckdb.connect('other.db')", "the network"),
        ("importlib.import_module(name)", "code that only a run knows"),
        ("from importlib import import_module", "code that only a run knows"),
        ("eval('1 + 1')", "code that only a run knows"),
        ("__import__('x')", "code that only a run knows"),
    ],
)
def test_python_that_is_not(line: str, kind: str) -> None:
    found = unrepeatable_python(f"import datetime as dt\n\n\n{line}\n", "shop/transform.py")
    assert found
    assert found[0].startswith(f"shop/transform.py:4 depends on {kind} (")


REPEATABLE_SQL = """\
-- as of now(), see current_date
/* random() */ {# run_query('x') #}
select
    'it''s -- no comment' as a, sold_on, date_trunc('month', sold_on) as month, uuid, random, age,
    extract(year from sold_on) as year, "now" as now, last_version, hash(customer_id) as bucket,
    datediff('day', sold_on, complete_through) as days
from {{ source('till', 'sale') }}
where {{ in_partitions('sold_on') }} and read_on is null and statement_id > 0
"""


def test_sql_of_inputs_alone_is_repeatable() -> None:
    assert unrepeatable_sql(REPEATABLE_SQL, "models/sale.sql") == ()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("current_date", "the clock"),
        ("CURRENT_TIMESTAMP", "the clock"),
        ("now ()", "the clock"),
        ("today()", "the clock"),
        ("age(born_on)", "the clock"),
        ("localtimestamp", "the clock"),
        ("get_current_timestamp()", "the clock"),
        ("'{{ run_started_at }}'", "the clock"),
        ("{{ dbt.current_timestamp() }}", "the clock"),
        ("{{ current_timestamp_backcompat() }}", "the clock"),
        ("random()", "chance"),
        ("uuid()", "chance"),
        ("uuidv7()", "chance"),
        ("gen_random_uuid()", "chance"),
        ("nextval('ids')", "chance"),
        ("{{ invocation_id }}", "chance"),
        ("1 from t using sample 10", "chance"),
        ("1 from t tablesample 10%", "chance"),
        ("getenv('HOME')", "the machine"),
        ("{{ modules.datetime.date(2024, 1, 1) }}", "the machine"),
        ("1 from read_csv('x.csv')", "files that are no input"),
        ("1 from parquet_scan('x.parquet')", "files that are no input"),
        ("1 from glob('*')", "files that are no input"),
        ("{{ run_query('select 1') }}", "what is found while it compiles"),
        ("{{ graph.nodes }}", "what is found while it compiles"),
        ("current_setting('threads')", "the machine"),
    ],
)
def test_sql_that_is_not(code: str, kind: str) -> None:
    found = unrepeatable_sql(f"-- random()\nselect\n    {code}\n", "models/sale.sql")
    assert len(found) == 1
    assert found[0].startswith(f"models/sale.sql:3 depends on {kind} (")


@pytest.mark.parametrize(
    "text",
    [
        "'--' || now()",
        '"a--b" || now()',
        "$$ -- $$ || now()",
        "E'\\'--' || now()",
        "{{ var(\"it's\") }} || now() -- it's",
        "'/*' || now() || '*/'",
    ],
)
def test_a_comment_sign_in_quotes_hides_nothing(text: str) -> None:
    assert any("(now)" in why for why in unrepeatable_sql(f"select {text}", "x.sql"))


def test_places_are_in_order_of_line() -> None:
    code = dedent("""\
        import random
        def f(x):
            open(x)
        """)
    assert unrepeatable_python(code, "f.py") == (
        "f.py:1 depends on chance (random)",
        "f.py:3 depends on files that are no input (open)",
    )
