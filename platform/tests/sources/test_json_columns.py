"""Blocks that are parsed at once land as single lines do: the same rows, the same rejects; nothing is lost or guessed."""

import json
from decimal import Decimal

import pytest
from document_samples import declared, landed, raw_rejects_of, rejects_of, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.sources.documents.json_columns import JsonColumns

C = "classification: internal, description: A."
COLUMNS = f"""
id: {{type: long, required: true, {C}}}
amount: {{path: money.amount, type: "decimal(12,2)", {C}}}
currency: {{path: money.currency, type: string, {C}}}
rate: {{type: double, {C}}}
is_open: {{type: boolean, {C}}}
side: {{type: boolean, codes: {{D: "true", C: "false"}}, {C}}}
day: {{type: date, format: "%Y-%m-%d", {C}}}
text: {{path: a.b.c, type: string, {C}}}
"""
KINDS = ["json_lines", "json_lines, other_fields: ignore", "json_lines, ignored_fields: [more, money.more]"]


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Land a content in both ways, and require the same result; returns it."""

    def land(content, kind=KINDS[0], **more):
        obj = declared(tmp_path, kind, COLUMNS)
        fast = landed(obj, tmp_path, content, **more)
        with monkeypatch.context() as patch:
            patch.setattr(JsonColumns, "_prepare", lambda _: False)
            slow = landed(obj, tmp_path, content, **more)
        assert rows_of(fast) == rows_of(slow)
        assert (rejects_of(fast), raw_rejects_of(fast)) == (rejects_of(slow), raw_rejects_of(slow))
        assert fast.balanced
        assert (fast.rows_in, fast.blank_lines) == (slow.rows_in, slow.blank_lines)
        return fast

    return land


def record(number, **more):
    money = {"amount": number / 4, "currency": "CZK"}
    return {"id": number, "money": money, "rate": number / 3, "is_open": number % 2 == 0, "day": "2024-05-31"} | more


NUMBERS = st.one_of(
    st.integers(-(10**19), 10**19).map(str), st.decimals(-(10**11), 10**11, places=2).map(str),
    st.sampled_from(["1e2", "1.50", "1.500", "-0", "0.001", "1E-2", "NaN", "-Infinity", "01", "1.", '"1"', "1e400", "1e-400", "null", "{}"]),
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=4).map(json.dumps),
    st.sampled_from(["1", "null", '"\\ud800"', '"\\u010d"', "true", '"NaN"', "[]", '"a": 1']),
)
KEYS = st.sampled_from(
    ["id", "money", "amount", "currency", "rate", "is_open", "side", "day", "a", "b", "c", "more", "i\\u0064"]
)
VALUES = st.recursive(
    NUMBERS | TEXTS | st.sampled_from(["true", "false", '"D"', '"2024-02-30"', '"2024-02-29"']),
    lambda inner: st.lists(st.tuples(KEYS, inner), max_size=4).map(
        lambda pairs: "{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}"
    ),
    max_leaves=6,
)
FIELDS = st.one_of(
    st.tuples(st.just("id"), NUMBERS), st.tuples(st.just("rate"), NUMBERS), st.tuples(st.just("day"), VALUES),
    st.tuples(st.just("money"), NUMBERS.map(lambda number: f'{{"amount": {number}}}')),
    st.tuples(st.just("a"), TEXTS.map(lambda text: f'{{"b": {{"c": {text}}}}}')), st.tuples(KEYS, VALUES),
)  # fmt: skip
LINES = st.lists(FIELDS, max_size=4).map(lambda pairs: "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}")
FINE = st.builds(record, st.integers(0, 10**9)).map(json.dumps)
DAMAGED = st.tuples(FINE, st.integers(0, 60), st.sampled_from('{}[]",:0 \\x')).map(
    lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=st.lists(FINE | LINES | DAMAGED, min_size=1, max_size=5), kind=st.sampled_from(KINDS))
def test_a_block_lands_as_its_lines_do(both, lines, kind):
    both("".join(f"{line}\n" for line in [*lines, "{}"]).encode("utf-8", "surrogatepass"), kind)


@pytest.mark.parametrize(
    "line",
    [
        '{"id": 1}{"id": 2}', '{"id": 1} {"id": 2}', ' {"id": 1}', '{"id": 1} ', '{"id":\r1}', "[1]", "null", "{}",
        '{"id": null, "id": 1}', '{"id": 1, "a": null, "a": {"b": null}}', '{"id": 1, "a": {"b": null, "b": {"c": "x"}}}',
        '{"id": 1, "money": {"amount": "1.50"}}', '{"id": 1, "money": {"am\\u006funt": "1.50"}}', '{"id": 1, "rate": NaN}',
        '{"id": 1, "more": NaN}', '{"id": 1, "more": ' + "[" * 2000 + "]" * 2000 + "}", '{"id": 1, "more": {"x": 1, "x": 2}}',
        '{"id": 1, "more": {"more": null}, "money": {"more": [1, "a"]}}', '{"id": 9007199254740993}', '{"id": 1, "rate": 1e999}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_what_parsers_disagree_on_lands_in_one_way(both, line, kind):
    both(f'{{"id": 7}}\n{line}\n{{"id": 8}}\n'.encode(), kind)


def test_a_line_that_is_not_as_declared_leaves_all_others_as_they_are(both):
    lines = [json.dumps(record(number)) for number in range(3000)]
    lines[1000] = lines[1000].replace('"CZK"', "1")
    lines[2000] = lines[2000][:-1]
    landing = both("".join(f"{line}\r\n" for line in lines).encode())
    assert [line for line, _ in rejects_of(landing)] == [1001, 2001]
    assert landing.rows == 2998
    assert rows_of(landing)[1][:3] == (1, Decimal("0.25"), "CZK")


def test_blocks_are_parsed_at_once_where_nothing_speaks_against_it(tmp_path):
    obj = declared(tmp_path, KINDS[0], COLUMNS)
    rows = JsonColumns(obj, obj.format).read((json.dumps(record(3)) + "\n\n").encode() * 2, 5)
    assert rows is not None
    assert rows["line"].to_list() == [5, 7]
