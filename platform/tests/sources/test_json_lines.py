"""JSON lines: fields by path, exact numbers, parent and child, and what is a reject."""

import gzip
import json
from decimal import Decimal

import pyarrow as pa
import pytest
from document_samples import declared, landed, raw_rejects_of, rejects_of, rows_of

from bankmesh.errors import LegacyFileError, SourceFaults

COLUMNS = """
id: {type: long, required: true, classification: internal, description: A key.}
city: {path: customer.address.city, type: string, classification: restricted, description: A city.}
amount: {type: "decimal(20,2)", classification: internal, description: An amount.}
second: {path: "tags[1]", type: string, classification: internal, description: The second tag.}
is_open: {type: boolean, classification: internal, description: A flag.}
rate: {type: double, classification: internal, description: A rate.}
day: {type: date, format: "%Y-%m-%d", classification: internal, description: A day.}
"""
LINE = (
    '{"id": 1, "customer": {"address": {"city": "Plzeň"}}, "amount": 12345678901234567.89, "tags": ["a", "b"],'
    ' "is_open": true, "rate": 1e-3, "day": "2024-02-29"}'
)
ROW = (1, "Plzeň", Decimal("12345678901234567.89"), "b", True, 0.001)


def lines_of(*lines, end="\n"):
    return "".join(line + end for line in lines).encode()


@pytest.fixture
def thing(tmp_path):
    obj = declared(tmp_path, "json_lines", COLUMNS)
    return lambda *lines, **more: landed(obj, tmp_path, lines_of(*lines), **more)


@pytest.mark.parametrize("block_bytes", [1, 100, 1 << 20])
def test_fields_are_read_by_path_and_numbers_are_exact(thing, block_bytes):
    landing = thing(
        LINE, "", '{"id": 2, "amount": 0.1}', '{"id":3,"amount":1e3,"customer":null}', block_bytes=block_bytes
    )
    rows = rows_of(landing)
    assert rows[0][:6] == ROW
    assert (rows[0][6].isoformat(), rows[0][7]) == ("2024-02-29", 1)
    assert rows[1] == (2, None, Decimal("0.10"), None, None, None, None, 3)
    assert rows[2] == (3, None, Decimal("1000.00"), None, None, None, None, 4)
    assert (landing.rows_in, landing.rejects, landing.blank_lines, landing.balanced) == (3, 0, 1, True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1', "is no JSON value"),
        ('{"id": 1} {"id": 2}', "is no JSON value"),
        ('{"id": 1,}', "is no JSON value"),
        ('{"id": 01}', "is no JSON value"),
        ("{'id': 1}", "is no JSON value"),
        ("   ", "is no JSON value"),
        ('{"id": 1, "id": 1}', "a key is twice in an object"),
        ('{"id": 1, "customer": {"address": {"city": "a", "city": "b"}}}', "a key is twice in an object"),
        ('{"id": null, "id": 1}', "a key is twice in an object"),
        ('{"id": 1, "rate": NaN}', "NaN or an infinity, which are no JSON"),
        ('{"id": 1, "rate": -Infinity}', "NaN or an infinity, which are no JSON"),
        ('{"id": 1, "tags": ["\\ud800"]}', "an escape that is no character (half of a surrogate pair)"),
        ('{"id": ' + "[" * 100_000, "is nested too deeply"),
        ("[1]", "a list instead of an object"),
        ("null", "null instead of an object"),
        ('{"id": "1"}', "id: a text, where a number is declared"),
        ('{"id": true}', "id: true or false, where a number is declared"),
        ('{"id": [1]}', "id: a list, where a number is declared"),
        ('{"id": 1.5}', "id: cannot be read as long"),
        ('{"id": 9223372036854775808}', "id: cannot be read as long"),
        ('{"amount": 1}', "id: required, but missing"),
        ('{"id": null}', "id: required, but missing"),
        ('{"id": 1, "amount": 0.001}', "amount: cannot be read as decimal(20,2)"),
        ('{"id": 1, "amount": 1e999999}', "amount: cannot be read as decimal(20,2)"),
        ('{"id": 1, "rate": 1e999}', "rate: cannot be read as double"),
        ('{"id": 1, "day": 20240229}', "day: a number, where a text is declared"),
        ('{"id": 1, "day": "2023-02-29"}', 'day: cannot be read as date written "%Y-%m-%d"'),
        ('{"id": 1, "is_open": "true"}', "is_open: a text, where true or false is declared"),
        ('{"id": 1, "is_open": 1}', "is_open: a number, where true or false is declared"),
        ('{"id": 1, "tags": "b"}', "tags[1]: a text at tags, where a list is declared"),
        ('{"id": 1, "customer": "x"}', "customer.address.city: a text at customer, where an object is declared"),
        (
            '{"id": 1, "customer": {"address": {"city": {}}}}',
            "customer.address.city: an object, where a text is declared",
        ),
        ('{"id": 1, "secret-key": 2}', "field 2 is not declared"),
        ('{"id": 1, "customer": {"address": {"zip": 2}}}', "field 1 of customer.address is not declared"),
    ],
)
def test_what_is_not_as_declared_is_a_reject_without_its_value(thing, line, reason):
    landing = thing(LINE, line, LINE)
    assert rejects_of(landing) == [(2, reason)]
    assert raw_rejects_of(landing) == [line]
    assert (landing.rows_in, landing.rows, landing.balanced) == (3, 2, True)


def test_numbers_are_compared_by_value_not_by_spelling(thing):
    landing = thing('{"id": 1.0, "amount": 1.500}', '{"id": 2e0, "amount": -0.0}', '{"id":100E-2}')
    assert [row[:3:2] for row in rows_of(landing)] == [(1, Decimal("1.50")), (2, Decimal("0.00")), (1, None)]


def test_undeclared_fields_may_be_ignored(tmp_path):
    obj = declared(tmp_path, "json_lines, ignored_fields: [customer.links, odd]", COLUMNS)
    content = lines_of('{"id": 1, "odd": {"x": [1]}, "customer": {"links": [1]}}', '{"id": 2, "customer": {"x": 1}}')
    landing = landed(obj, tmp_path, content)
    assert ([row[0] for row in rows_of(landing)], rejects_of(landing)) == (
        [1], [(2, "field 1 of customer is not declared")],
    )  # fmt: skip
    obj = declared(tmp_path, "json_lines, other_fields: ignore", COLUMNS)
    more = content + lines_of('{"id": 3, "x": {"y": 1, "y": 2}}')
    landing = landed(obj, tmp_path, more)
    assert ([row[0] for row in rows_of(landing)], rejects_of(landing)) == ([1, 2], [(3, "a key is twice in an object")])


def test_texts_that_spell_numbers_are_read_only_where_declared(tmp_path):
    obj = declared(tmp_path, 'json_lines, quoted_numbers: true, decimal: ","', COLUMNS)
    landing = landed(obj, tmp_path, lines_of('{"id": "7", "amount": "1,5", "is_open": "false"}', '{"id": "7.0"}'))
    assert [(row[0], row[2], row[4]) for row in rows_of(landing)] == [(7, Decimal("1.50"), False)]
    assert rejects_of(landing) == [(2, "id: cannot be read as long")]


CHILD = """
order: {path: "$.id", type: long, required: true, classification: internal, description: The order's key.}
buyer: {path: "$.customer.name", type: string, classification: restricted, description: Its buyer.}
parcel: {path: "$.parcels[*].code", type: string, classification: internal, description: The parcel.}
sku: {type: string, required: true, classification: internal, description: What is in it.}
"""


def test_children_land_with_the_fields_of_their_parents(tmp_path):
    obj = declared(tmp_path, 'json_lines, rows: "$.parcels[*].lines[*]"', CHILD)
    order = {
        "id": 5, "other": 1, "customer": {"name": "x"},
        "parcels": [{"code": "p", "lines": [{"sku": "a"}, {"sku": None}]}, {"code": "q", "lines": [{"sku": "b"}]}, {}],
    }  # fmt: skip
    content = lines_of(
        json.dumps(order), '{"id": 6}', '{"id": 7, "parcels": {}}', '{"id": 8', '{"id": 9, "parcels": null}'
    )
    landing = landed(obj, tmp_path, content)
    assert rows_of(landing) == [(5, "x", "p", "a", 1), (5, "x", "q", "b", 1)]
    assert rejects_of(landing) == [
        (1, "sku: required, but missing"),
        (3, "an object at $.parcels, where rows need a list"),
        (4, "is no JSON value"),
    ]
    assert (landing.rows_in, landing.balanced) == (5, True)


def test_a_last_line_that_does_not_end_must_be_whole(tmp_path):
    obj = declared(tmp_path, "json_lines", COLUMNS)
    whole = lines_of(LINE, LINE)
    assert landed(obj, tmp_path, whole[:-1]).rows == 2
    for cut in range(2, len(LINE.encode())):
        with pytest.raises(LegacyFileError, match=r"line 2, (the last, has no end and is no JSON value|byte offset)"):
            landed(obj, tmp_path, whole[:-cut])


def test_compressed_empty_and_badly_encoded_files(tmp_path):
    obj = declared(tmp_path, "json_lines", COLUMNS)
    content = lines_of(LINE, LINE, end="\r\n")
    assert landed(obj, tmp_path, gzip.compress(content), file="thing.gz").rows == 2
    (tmp_path / "thing.gz").unlink()
    with pa.CompressedOutputStream(str(tmp_path / "packed"), "zstd") as packed:
        packed.write(b"\xef\xbb\xbf" + content)
    assert landed(obj, tmp_path, (tmp_path / "packed").read_bytes(), file="thing.zst").rows == 2
    (tmp_path / "thing.zst").unlink()
    for bad, problem in [
        (b"", "the file is empty"), (b"\n\n", "the file has no records"), (LINE.encode("cp1250"), "byte 0xF2"),
    ]:  # fmt: skip
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, bad)


@pytest.mark.parametrize(
    ("kind", "columns", "problem"),
    [
        ("json_lines", "a.: {type: long, classification: internal, description: A., as: a}", "spells no field"),
        ("json_lines", 'a: {path: "x[*].y", type: long, classification: internal, description: A.}', "several values"),
        ("json_lines", "a: {path: $, type: long, classification: internal, description: A.}", "spells no field"),
        ("json_lines", "a: {type: long, read: prefixed_id, classification: internal, description: A.}", "one spelling"),
        ("json_lines, rows: items", "a: {type: long, classification: internal, description: A.}", "a path from the top"),
        ("json_lines, delimiter: x", "a: {type: long, classification: internal, description: A.}", "delimiter is for"),
        ("text", "a: {path: b, type: long, classification: internal, description: A.}", "nested records"),
    ],
)  # fmt: skip
def test_faults_of_declarations(tmp_path, kind, columns, problem):
    with pytest.raises(SourceFaults, match=problem):
        declared(tmp_path, kind, columns)


@pytest.mark.parametrize("block_bytes", [7, 1 << 20])
def test_numbers_beyond_every_type_and_half_characters_are_rejects(tmp_path, block_bytes):
    columns = """
    n: {type: long, classification: internal, description: A number.}
    d: {type: "decimal(9,2)", classification: internal, description: An amount.}
    t: {type: string, classification: internal, description: A text.}
    """
    huge = "1e99999999999999999999"
    odd = [f'"n": {huge}', f'"d": {huge}', f'"d": {huge.replace("e", "e-")}', f'"n": {"1" * 5000}']
    texts = [r"\ud83d\ude00", r"\ud83d", r"\ude00", r"\ud83d\\ude00", r"\\ud83d", r"\\\uDC00", r"\uD83D\uDE00\uDE00"]
    lines = [f'{{{member}, "t": "{texts[0]}"}}' for member in odd] + [f'{{"n": 1, "t": "{text}"}}' for text in texts]
    obj = declared(tmp_path, "json_lines", columns)
    landing = landed(obj, tmp_path, ("\n".join(lines) + "\n").encode(), block_bytes=block_bytes)
    reasons = dict(rejects_of(landing))
    assert [line for line, reason in reasons.items() if "cannot be read" in reason] == [1, 2, 3, 4]
    assert [line for line, reason in reasons.items() if "half of a surrogate pair" in reason] == [6, 7, 8, 10, 11]
    assert [row[2] for row in rows_of(landing)] == ["\U0001f600", r"\ud83d"]


@pytest.mark.parametrize(
    ("options", "kind", "number", "value"),
    [
        ('decimal: ",", thousands: "."', "decimal(18,3)", "1.234", Decimal("1.234")),
        ('decimal: ",", thousands: "."', "double", "-1.234e0", -1.234),
        ("minus: trailing", "decimal(18,3)", "-1.5", Decimal("-1.500")),
    ],
)
def test_the_spelling_of_texts_does_not_change_numbers(tmp_path, options, kind, number, value):
    column = f'a: {{type: "{kind}", classification: internal, description: A.}}'
    obj = declared(tmp_path, f"json_lines, quoted_numbers: true, {options}", column)
    assert [row[0] for row in rows_of(landed(obj, tmp_path, lines_of(f'{{"a": {number}}}')))] == [value]
