"""Profiles: values known by hand or from numpy, nothing above `internal`, nothing of fewer than five rows or subjects."""

from __future__ import annotations

import json
from datetime import date

import duckdb
import numpy as np
import polars as pl
import pytest
from diff_samples import MONTH, key_column, party_contract, party_port, publish_party
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.ports import connect, expire, latest, open_version
from bankmesh.ports.port_locations import PROFILE_FOLDER, profile_file
from bankmesh.products.profiles.disclosure_control import CountedGroup, frequent_values, mask_count, merge_ranges
from bankmesh.products.profiles.kept_profiles import keep_profile, kept_profile, profile_version, withhold_values
from bankmesh.products.profiles.profile_model import VersionProfile
from bankmesh.products.profiles.profile_queries import profile_relation
from bankmesh.products.profiles.profile_table import profile_table
from bankmesh.products.profiles.row_samples import MOST_ROWS

KEY = key_column("integer", classification="internal")
AMOUNT = {"logicalType": "number", "physicalType": "double"}


def profile_of(columns, frame):
    with connect() as connection:
        connection.register("rows", frame)
        return profile_relation(party_contract(columns), "rows", connection)


def groups_of(found, name):
    return [(str(group), group.rows) for group in found.column(name).groups]


def test_counts_are_exact_and_frequent_values_come_first():
    country = ["GB"] * 50 + ["FR"] * 30 + ["DE"] * 7 + ["XX"] * 2 + ["YY"] + [None] * 10
    found = profile_of(
        {"id": KEY, "country": "string"},
        pl.DataFrame({"id": range(100), "country": country}, schema_overrides={"id": pl.Int32}),
    )
    column = found.column("country")
    assert (found.rows, found.counted, column.nulls, column.distinct) == (100, 100, 10, 5)
    # Three rows with other values would be a group of three, so the rarest value shown is among the others.
    assert groups_of(found, "country") == [("GB", 50), ("FR", 30), ("others", 10)]
    assert found.column("id").distinct == 100


def test_ranges_agree_with_numpy():
    values = np.random.default_rng(7).lognormal(6, 1.5, 20_000)
    found = profile_of({"id": KEY, "amount": AMOUNT}, pl.DataFrame({"id": range(20_000), "amount": values}))
    groups = found.column("amount").groups
    edges = [float(group.end) for group in groups[:-1]]
    assert [float(group.start) for group in groups[1:]] == edges
    assert (groups[0].start, groups[-1].end) == (None, None)
    assert [group.rows for group in groups] == list(np.histogram(values, [-np.inf, *edges, np.inf])[0])
    # Each range has about a twentieth of the rows, except where rounded edges fall together.
    assert len(groups) >= 10
    assert not set(edges) & set(values)


def test_least_and_greatest_values_are_not_shown():
    values = [-987_654.5, *range(1_000, 2_000), 123_456_789.5]
    frame = pl.DataFrame({"id": range(len(values)), "amount": [float(value) for value in values]})
    shown = json.dumps(profile_of({"id": KEY, "amount": AMOUNT}, frame).to_json())
    assert "987" not in shown
    assert "123456" not in shown


@pytest.mark.parametrize("label", ["confidential", "restricted"])
def test_values_above_internal_are_only_counted(label):
    name = {"logicalType": "string", "classification": label}
    frame = pl.DataFrame({"id": range(60), "name": ["Ada"] * 50 + [None] * 10})
    found = profile_of({"id": KEY, "name": name}, frame)
    column = found.column("name")
    assert (column.nulls, column.distinct, column.kind, column.groups) == (10, 1, "none", ())
    assert "Ada" not in json.dumps(found.to_json()) + profile_table(found)


def test_a_value_of_few_subjects_is_not_shown_however_many_rows_have_it():
    columns = {
        "customer_id": key_column("integer", classification="confidential"),
        "day": key_column("integer", 2, classification="internal"),
        "city": "string",
        "amount": AMOUNT,
    }
    rows = [(n % 100, n, "Leeds", float(n % 400)) for n in range(1_000)]
    rows += [(200 + n % 4, 1_000 + n, "Rye", 5_000.0 + n) for n in range(400)]
    frame = pl.DataFrame(rows, schema=list(columns), orient="row")
    found = profile_of(columns, frame)
    assert groups_of(found, "city") == [("Leeds", 1_000), ("others", 400)]
    # The four rich customers have 400 rows, which lie in one range with rows of others.
    last = found.column("amount").groups[-1]
    assert float(last.start) < 400
    assert last.rows > 400


def test_an_odd_table_has_a_profile():
    columns = {
        "id": KEY,
        "name": "string",
        "tags": {"logicalType": "array", "items": {"logicalType": "string"}},
        "day": {"logicalType": "date"},
        "amount": AMOUNT,
    }
    schema = {"id": pl.Int32, "name": pl.String, "tags": pl.List(pl.String), "day": pl.Date, "amount": pl.Float64}
    empty = profile_of(columns, pl.DataFrame(schema=schema))
    assert [(c.nulls, c.distinct, c.groups) for c in empty.columns] == [(0, 0, ())] * 5
    assert "| id |" in profile_table(empty)
    odd = [float("nan"), float("inf"), -float("inf"), *range(40)]
    frame = pl.DataFrame(
        {
            "id": range(len(odd)),
            "name": [None] * len(odd),
            "tags": [["a"]] * len(odd),
            "day": [date(2024, 1, 1 + n % 28) for n in range(len(odd))],
            "amount": [float(value) for value in odd],
        },
        schema=schema,
    )
    found = profile_of(columns, frame)
    assert sum(group.rows for group in found.column("amount").groups) == len(odd)
    assert sum(group.rows for group in found.column("day").groups) == len(odd)
    assert found.column("name").nulls == len(odd)
    assert VersionProfile.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_large_table_is_sampled_and_its_nulls_are_exact():
    rows = 12 * MOST_ROWS
    with connect() as connection:
        connection.execute(
            f"create table rows as select range::integer as id, if(range % 100000 = 0, null, 'v' || range % 4) as name"
            f" from range({rows})"
        )
        found = profile_relation(party_contract({"id": KEY, "name": "string"}), "rows", connection)
        assert connection.execute("select count(*) from duckdb_tables()").fetchone() == (1,)
    assert found.rows == rows
    assert 0.97 * MOST_ROWS < found.counted < 1.03 * MOST_ROWS
    assert found.column("name").nulls == 6
    assert [group.start for group in sorted(found.column("name").groups, key=str)] == ["v0", "v1", "v2", "v3"]
    assert all(abs(group.rows / found.counted - 0.25) < 0.02 for group in found.column("name").groups)


counted = st.builds(CountedGroup, st.just("a"), st.just("b"), st.integers(0, 30), st.none() | st.integers(0, 12))


@given(st.lists(counted, max_size=12))
@settings(max_examples=200, deadline=None)
def test_merged_ranges_lose_no_row_and_none_is_small(groups):
    merged = merge_ranges(groups)
    assert all(group.rows >= 5 for group in merged)
    assert sum(group.rows for group in merged) in {0, sum(group.rows for group in groups)}


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(0, 9))
@settings(max_examples=200, deadline=None)
def test_frequent_values_lose_no_row_and_none_is_small(rows, unlisted):
    total = sum(rows) + unlisted
    found = frequent_values([CountedGroup(str(n), str(n), count) for n, count in enumerate(rows)], total, 10)
    assert all(group.rows >= 5 for group in found)
    assert sum(group.rows for group in found) in {0, total}


def test_small_counts_and_small_rests_are_masked():
    assert [mask_count(count, 100) for count in (0, 1, 4, 5, 95, 96, 99, 100)] == [
        0,
        None,
        None,
        5,
        95,
        None,
        None,
        100,
    ]


def test_a_kept_profile_shows_no_value_of_a_column_whose_class_has_risen(tmp_path):
    port = party_port(tmp_path)
    before = party_contract({"id": KEY, "name": "string"})
    publish_party(port, before, [{"id": n, "name": "Ada"} for n in range(20)])
    found = profile_version(before, open_version(port))
    assert groups_of(found, "name") == [("Ada", 20)]
    assert keep_profile(port, latest(port), None, found)
    assert kept_profile(port, latest(port)) == found
    risen = party_contract({"id": KEY, "name": {"logicalType": "string", "classification": "restricted"}})
    now = profile_version(risen, open_version(port))
    assert (now.column("name").groups, now.column("name").distinct) == ((), 1)
    assert "class" in withhold_values(found, before, None).column("name").why


def test_a_profile_of_another_table_is_not_kept(tmp_path):
    port = party_port(tmp_path)
    contract = party_contract({"id": KEY, "month": MONTH})
    rows = [{"id": n, "month": date(2024, 1, 1)} for n in range(10)]
    publish_party(port, contract, rows, ["2024-01-01"])
    publish_party(port, contract, [{"id": 99, "month": date(2024, 2, 1)}], ["2024-02-01"])
    profile = profile_version(contract, open_version(port))
    assert not keep_profile(port, latest(port), None, profile)
    assert kept_profile(port, latest(port)) is None
    assert keep_profile(port, latest(port), 0, profile)


def test_profiles_expire_with_their_versions_and_damaged_ones_are_computed_again(tmp_path):
    from datetime import UTC, datetime, timedelta

    port = party_port(tmp_path)
    contract = party_contract({"id": KEY, "name": "string"})
    for _ in range(3):
        made = publish_party(port, contract, [{"id": n, "name": "a"} for n in range(9)])
        keep_profile(port, made, None, profile_version(contract, open_version(port)))
    assert len(list((port.path / PROFILE_FOLDER).iterdir())) == 3
    later = datetime.now(UTC) + timedelta(days=9)
    expire(port, keep_candidates=timedelta(days=1), retention=timedelta(days=1), now=later)
    assert [path.stem for path in (port.path / PROFILE_FOLDER).iterdir()] == [latest(port).candidate]
    profile_file(port, latest(port).candidate).write_text('{"format": 1, "rows": []}')
    assert profile_version(contract, open_version(port)).rows == 9


def test_a_query_that_fails_raises_an_error_of_duckdb():
    with connect() as connection, pytest.raises(duckdb.Error):
        profile_relation(party_contract({"id": KEY}), "nowhere", connection)
