"""JSON documents: the elements of a list as a stream, what is around them, and what is refused."""

import gzip
import json
from decimal import Decimal

import pytest
from document_samples import declared, landed, raw_rejects_of, rejects_of, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults

COLUMNS = """
exported: {path: $.exported, type: date, format: "%Y-%m-%d", classification: internal, description: Day of the export.}
page: {path: $.data.page, type: long, classification: internal, description: Number of the page.}
id: {type: long, required: true, classification: internal, description: A key.}
amount: {path: money.amount, type: "decimal(20,2)", classification: internal, description: An amount.}
"""
ROWS = 'json, rows: "$.data.items[*]"'
ITEMS = '{"id": 1, "money": {"amount": 12345678901234567.89}}, {"id": 2}'


def document(
    items=ITEMS,
    before='"exported": "2024-05-31", "odd": [1, {"items": [3]}], ',
    page='"page": 7, ',
    after=', "next": null',
):
    return f'{{{before}"data": {{{page}"items": [{items}]{after}}}}}'.encode()


@pytest.fixture
def thing(tmp_path):
    obj = declared(tmp_path, ROWS, COLUMNS)
    return lambda content, **more: landed(obj, tmp_path, content, **more)


@pytest.mark.parametrize("block_bytes", [1, 10, 1 << 20])
def test_elements_land_with_what_precedes_them(thing, block_bytes):
    landing = thing(b"\xef\xbb\xbf" + document() + b"\n", block_bytes=block_bytes)
    rows = rows_of(landing)
    assert [row[1:] for row in rows] == [(7, 1, Decimal("12345678901234567.89"), 1), (7, 2, None, 2)]
    assert rows[0][0].isoformat() == "2024-05-31"
    assert (landing.rows_in, landing.balanced) == (2, True)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ('{"id": 1, "id": 2}', "a key is twice in an object"),
        ('{"id": NaN}', "NaN or an infinity, which are no JSON"),
        ('{"id": "1"}', "id: a text, where a number is declared"),
        ('{"id": 1, "x": 2}', "field 2 is not declared"),
        ("5", "a number instead of an object"),
        ("null", "null instead of an object"),
        ("[]", "a list instead of an object"),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_an_element_that_is_not_as_declared_is_a_reject(thing, item, reason, block_bytes):
    landing = thing(document(f'{{"id": 7}}, {item} , {{"id": 8}}'), block_bytes=block_bytes)
    assert (rejects_of(landing), raw_rejects_of(landing)) == ([(2, reason)], [item])
    assert (landing.rows_in, landing.rows, landing.balanced) == (3, 2, True)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (document() + b"{}", "something follows the document"),
        (document(ITEMS + ","), "no JSON, or is cut short"),
        (document('{"id": 1} {"id": 2}'), "no JSON, or is cut short"),
        (document('{"id": 01}'), "no JSON, or is cut short"),
        (document(before='"data": 1, '), "data is not an object"),
        (document(before='"exported": "a", "exported": "b", '), "a key is twice in an object around the rows"),
        (document(before="", page="", after=', "page": 7'), "comes after the rows that need it"),
        (document(before='"odd": {"x": 1, "x": 2}, '), "a key is twice"),
        (document("[" * 200_000), "nested too deeply"),
        (document('{"id": 1, "money": "\xe9"}').replace(b"\xc3\xa9", b"\xe9"), "not UTF-8"),
        (document(""), "the file has no records"),
        (b'{"data": null}', "the file has no records"),
        (b'{"data": {"items": {}}}', r"\$.data.items is not a list"),
        (b"[1]", r"\$ is not an object"),
    ],
)  # fmt: skip
def test_documents_that_are_refused_whole(thing, content, problem):
    with pytest.raises(LegacyFileError, match=problem):
        thing(content)


@pytest.mark.parametrize("content", ['{"other": []}', '{"data": {"page": 1}}', '{"data": {"itemz": [{"id": 1}]}}'])
def test_an_absent_key_on_the_way_is_no_empty_list(tmp_path, content):
    obj = declared(tmp_path, ROWS, COLUMNS, more="may_be_empty: true\n")
    with pytest.raises(LegacyFileError, match=r"\$\.data(\.items)? is absent"):
        landed(obj, tmp_path, content.encode())
    for empty in ('{"data": null}', '{"data": {"items": null}}', '{"data": {"items": []}}'):
        assert landed(obj, tmp_path, empty.encode()).rows == 0


def test_every_cut_of_a_document_is_refused(thing):
    whole = document()
    for cut in range(1, len(whole)):
        with pytest.raises(LegacyFileError):
            thing(whole[:-cut])


def test_children_of_elements_and_compressed_files(tmp_path):
    columns = """
    order: {path: "$[*].id", type: long, required: true, classification: internal, description: The order.}
    sku: {type: string, classification: internal, description: What is in it.}
    """
    obj = declared(tmp_path, 'json, rows: "$[*].lines[*]"', columns)
    orders = [{"id": 1, "lines": [{"sku": "a"}, {"sku": "b"}]}, {"id": 2}, {"id": 3, "lines": 4}]
    landing = landed(obj, tmp_path, gzip.compress(json.dumps(orders, indent=1).encode()), file="thing.json.gz")
    assert rows_of(landing) == [(1, "a", 1), (1, "b", 2)]
    assert rejects_of(landing) == [(3, "a number at $.lines, where rows need a list")]
    assert (landing.rows_in, landing.balanced) == (3, True)


@pytest.mark.parametrize(
    ("kind", "path"), [('json, rows: "$.a"', "a"), ('json, rows: "$[0].a[*]"', "a"), (ROWS, "$.data.items[0].id")]
)
def test_faults_of_declarations(tmp_path, kind, path):
    with pytest.raises(SourceFaults, match=r"end it with|several values"):
        declared(tmp_path, kind, f'a: {{path: "{path}", type: long, classification: internal, description: A.}}')


ITEM = st.fixed_dictionaries({"id": st.integers(-(2**62), 2**62)}, optional={"money": st.none()})


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(items=st.lists(ITEM, min_size=1, max_size=6), indent=st.sampled_from([None, 0, 3]), block=st.integers(1, 50))
def test_what_was_written_is_read(thing, items, indent, block):
    content = json.dumps({"data": {"page": 1, "items": items}}, indent=indent).encode()
    assert [row[2] for row in rows_of(thing(content, block_bytes=block))] == [item["id"] for item in items]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'[\n {"n": 1},\n {"n": 2]\n]', "line 3, character 2"), (b'[{"n": 1}\n\n  x', "line 3, character 3"),
        (b'[\n{"n": 1}, {"n": ', "line 2, character 11"), ('[\n{"n": 1}, "\u00e4\u00e4", }'.encode(), "line 2, character 17"),
    ],
)  # fmt: skip
def test_a_refusal_says_where_the_value_begins_that_is_no_json(tmp_path, content, place, size):
    obj = declared(tmp_path, "json", "n: {type: long, classification: internal, description: N.}")
    with pytest.raises(LegacyFileError, match=f"{place}: the document is no JSON, or is cut short"):
        landed(obj, tmp_path, content, block_bytes=size)
