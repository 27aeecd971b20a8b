"""For any two small versions, the comparison counts what a few lines of Python count."""

from __future__ import annotations

import math
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from diff_samples import MONTH, MONTHS, key_column, party_contract, party_port, publish_party
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.ports import open_version
from bankmesh.products.version_diffs.product_diffs import compare_versions

VALUES = {
    "amount": {"logicalType": "number", "physicalType": "decimal(18,2)"},
    "day": "date",
    "moment": "timestamp",
    "ratio": {
        "logicalType": "number",
        "physicalType": "double",
        "customProperties": [{"property": "allowNaN", "value": True}],
    },
    "is_open": "boolean",
    "tags": {"logicalType": "array", "items": {"logicalType": "string"}},
    "select": "string",  # a word of SQL
}
KEYS = {
    (): {"id": "integer", "code": "string"},
    ("id",): {"id": key_column("integer"), "code": "string"},
    ("id", "code"): {"id": key_column("integer", 1), "code": key_column("string", 2)},
}
STRATEGIES = {
    "id": st.sampled_from([None, 0, 1, 2, 3, -(2**63)]),
    "code": st.sampled_from([None, "", "a", "b'c"]),
    "amount": st.sampled_from([None, Decimal("0.00"), Decimal("1.10"), Decimal("-1.10")]),
    "day": st.sampled_from([None, date(2024, 2, 29), date(1, 1, 1)]),
    "moment": st.sampled_from([None, datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=UTC)]),
    "ratio": st.sampled_from([None, 0.0, -0.0, math.nan, math.inf, 0.1, 0.1 + 2**-56]),
    "is_open": st.sampled_from([None, True, False]),
    "tags": st.sampled_from([None, [], ["a"], ["a", None], [None, "a"]]),
    "select": st.sampled_from([None, "", "é"]),
    "month": st.sampled_from([date.fromisoformat(month) for month in MONTHS]),
}


@st.composite
def versions(draw, *, partitioned):
    names = [name for name in STRATEGIES if partitioned or name != "month"]
    row = st.fixed_dictionaries({name: STRATEGIES[name] for name in names})
    before = draw(st.lists(row, max_size=8))
    kept = draw(st.lists(st.sampled_from(before), max_size=8)) if before else []
    one = st.fixed_dictionaries({}, optional={name: STRATEGIES[name] for name in names})
    after = [old | draw(one) if draw(st.booleans()) else old for old in kept] + draw(st.lists(row, max_size=4))
    replaced = draw(st.sets(st.sampled_from(MONTHS), min_size=1)) if partitioned else None
    return before, after, replaced


def plain(value):
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    return tuple(value) if isinstance(value, list) else value


def oracle(before, after, replaced, key):  # noqa: C901 - one branch for each kind of row
    """The counts, from rows alone; `replaced` are the months whose files the two versions do not share."""
    tables = [[{name: plain(value) for name, value in row.items()} for row in table] for table in (before, after)]

    def key_of(row):
        return tuple(row[name] for name in key) if key else "all"

    by_key = [defaultdict(list) for _ in tables]
    for table, found in zip(tables, by_key, strict=True):
        for row in table:
            found[key_of(row)].append(row)
    read = {key_of(row) for table in tables for row in table if not replaced or str(row["month"]) in replaced}
    total, columns, months = Counter(), Counter(), defaultdict(Counter)

    def note(what, row, times=1):
        total[what] += times
        months[row.get("month")][what] += times

    for one in by_key[0].keys() | by_key[1].keys():
        olds, news = by_key[0][one], by_key[1][one]
        if not key or len(olds) > 1 or len(news) > 1:
            old, new = (Counter(tuple(row.items()) for row in rows) for rows in (olds, news))
            for what, rows in (("unchanged", old & new), ("removed", old - new), ("added", new - old)):
                for row, times in rows.items():
                    note(what, dict(row), times)
            continue
        if not olds or not news:
            note("added" if news else "removed", (olds or news)[0])
            continue
        differing = [name for name in olds[0] if olds[0][name] != news[0][name]]
        columns.update(differing)
        if olds[0].get("month") == news[0].get("month"):
            note("changed" if differing else "unchanged", news[0])
        else:
            total["changed"] += 1
            months[olds[0]["month"]]["removed"] += 1
            months[news[0]["month"]]["added"] += 1
    repeated = [[len(found[one]) for one in read if len(found[one]) > 1] for found in by_key] if key else [[], []]
    return total, columns, months, [(len(rows), sum(rows)) for rows in repeated]


def check_counts(counts, expected, key):
    assert (counts.added, counts.removed, counts.unchanged) == tuple(
        expected[what] for what in ("added", "removed", "unchanged")
    )
    assert counts.changed == (expected["changed"] if key else None)
    assert counts.before == counts.removed + (counts.changed or 0) + counts.unchanged
    assert counts.after == counts.added + (counts.changed or 0) + counts.unchanged


def check_examples(found, before, after, key):
    """Examples are changed rows, in the order of their keys, with their own values."""
    rows = [{tuple(row[name] for name in key): row for row in table} for table in (before, after)]
    shown = [tuple(row.key[name] for name in key) for row in found.examples]
    assert len(shown) == len(set(shown)) == min(2, found.rows.changed)
    for one, example in zip(shown, found.examples, strict=True):
        old, new = rows[0][one], rows[1][one]
        assert [value.column for value in example.values] == [
            name for name in found.columns if plain(old[name]) != plain(new[name])
        ]
        assert all(value.is_shown for value in example.values)
        for value in (value for value in example.values if value.column in {"id", "code", "select", "is_open", "tags"}):
            assert (value.before, value.after) == (old[value.column], new[value.column])
        for value in (value for value in example.values if value.column in {"amount", "day"}):
            assert (value.before, value.after) == tuple(
                None if row[value.column] is None else str(row[value.column]).zfill(4) for row in (old, new)
            )


@pytest.mark.parametrize("partitioned", [False, True], ids=["whole", "by month"])
@pytest.mark.parametrize("key", KEYS, ids=["no key", "one column", "two columns"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_counts_are_those_of_an_independent_comparison(partitioned, key, data):
    before, after, replaced = data.draw(versions(partitioned=partitioned))
    contract = party_contract(KEYS[key] | VALUES | ({"month": MONTH} if partitioned else {}))
    if partitioned:
        after = [row for row in after if str(row["month"]) in replaced]
    with tempfile.TemporaryDirectory() as home:
        port = party_port(Path(home))
        publish_party(port, contract, before, MONTHS if partitioned else None)
        publish_party(port, contract, after, sorted(replaced) if partitioned else None)
        found = compare_versions(contract, open_version(port), examples=2)
    if partitioned:
        after = after + [row for row in before if str(row["month"]) not in replaced]
    total, columns, months, repeated = oracle(before, after, replaced, key)
    assert found.key == key
    check_counts(found.rows, total, key)
    assert {name: count for name, count in found.columns.items() if count} == dict(columns)
    assert [(side.keys, side.rows) for side in (found.repeated_before, found.repeated_after)] == repeated
    if partitioned:
        differing = {
            str(month): counts
            for month, counts in months.items()
            if counts["added"] + counts["removed"] + counts["changed"]
        }
        assert [part.partition for part in found.partitions] == sorted(differing)
        for part in found.partitions:
            check_counts(part.rows, differing[part.partition], key)
    if key:
        check_examples(found, before, after, key)
