"""Declarations proposed from JSON and XML land what was written, and leave open what no record decides."""

import datetime as dt
import json
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proposed_source import Scaffold

from bankmesh.errors import LegacyFileError
from bankmesh.scaffolding.source_proposals.file_kinds import find_kind
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose

BOUNDED = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def scaffold(tmp_path_factory):
    return Scaffold(tmp_path_factory.mktemp("bank"))


IBAN = "CZ6508000000192000145399"


def lines_of(*records):
    return "".join(json.dumps(each) + "\n" for each in records)


ORDERS = (
    {
        "id": 1, "buyer": {"name": "Jana Nova", "address": {"city": "Brno"}}, "total": 129.9, "on": "2024-05-31",
        "lines": [{"sku": "A", "price": 99.9}, {"sku": "B", "price": 30}], "links": {}, "seen": None,
    },
    {"id": 2, "buyer": {"name": "Eva Horska", "address": None}, "total": 12, "on": "2024-06-01", "lines": []},
)  # fmt: skip


def test_fields_of_nested_records_become_columns_and_lists_are_a_question(scaffold):
    found = scaffold({"orders.jsonl": lines_of(*ORDERS)})
    assert found.plan.proposal.format == {"kind": "json_lines", "ignored_fields": ["lines", "links"]}
    assert found.keys["total"] == {"type": "decimal(18,2)", "required": True}
    assert found.keys["on"] == {"type": "date", "format": "%Y-%m-%d", "required": True}
    assert found.keys["seen"]["type"] == "string"
    assert found.rows == [
        {
            "id": 1, "buyer_name": "Jana Nova", "address_city": "Brno", "total": Decimal("129.90"),
            "on": dt.date(2024, 5, 31), "seen": None,
        },
        {
            "id": 2, "buyer_name": "Eva Horska", "address_city": None, "total": Decimal(12), "on": dt.date(2024, 6, 1),
            "seen": None,
        },
    ]  # fmt: skip
    assert "--rows makes rows of one: $.lines[*] (2)" in found.questions[0]
    assert not any(value in found.plan.text for value in ("Jana", "Brno", "129.9"))


def test_the_chosen_list_lands_with_the_fields_around_it(scaffold):
    found = scaffold({"orders.jsonl": lines_of(*ORDERS)}, rows="$.lines[*]")
    assert [(row["id"], row["sku"], row["price"], row["buyer_name"]) for row in found.rows] == [
        (1, "A", Decimal("99.90"), "Jana Nova"), (1, "B", Decimal(30), "Jana Nova"),
    ]  # fmt: skip


def test_the_largest_list_of_a_document_is_proposed_and_others_are_a_question(scaffold):
    document = {
        "at": "2024-05-31T10:00:00Z", "data": {"page": 3, "items": [{"id": 1}, {"id": 2}]}, "late": 1,
        "errors": [{"text": "x"}],
    }  # fmt: skip
    found = scaffold({"items.json": json.dumps(document)})
    assert found.plan.proposal.format == {"kind": "json", "rows": "$.data.items[*]"}
    assert [row["id"] for row in found.rows] == [1, 2]
    assert {row["data_page"] for row in found.rows} == {3}
    assert "$.late" not in found.keys  # a stream has it too late
    assert "there are also $.errors[*] (1): see --rows" in found.questions[0]
    other = scaffold({"items.json": json.dumps(document)}, rows="$.errors[*]")
    assert other.rows == [{"text": "x", "at": found.rows[0]["at"], "data_page": 3, "late": 1}]


def test_values_of_several_kinds_are_a_question_and_land_as_rejects(scaffold):
    records = [{"id": n, "code": "A" if n else 7, "deep": {"x": 1} if n else "flat"} for n in (0, 1, 2)]
    found = scaffold({"a.jsonl": lines_of(*records)})
    assert [row["id"] for row in found.rows] == [1, 2]
    assert found.rejects[0][0] == 1
    assert any("There are 2 texts, 1 numbers; 1 become rejects" in each for each in found.questions)


def test_odd_keys_have_a_path_and_an_empty_one_is_a_question(scaffold):
    records = [{"a.b": n, ".c": n, "[0]": n, 'd"e': n, "f": {"g h": n}} for n in range(3)]
    found = scaffold({"a.jsonl": lines_of(*records, {"f": {"": 5, "g h": 1}})})
    assert list(found.keys) == ['["a.b"]', '[".c"]', '["[0]"]', '["d\\"e"]', 'f["g h"]']
    assert [set(row.values()) for row in found.rows] == [{0}, {1}, {2}]
    assert [line for line, _ in found.rejects] == [4]
    assert "1 fields have an empty name, to which no path leads: rejects" in found.questions


@pytest.mark.parametrize("character", ["\n", "\x7f", "\x85", "\u2028", "\ufffe"])
def test_characters_that_yaml_does_not_allow_do_not_break_the_declaration(scaffold, character):
    key = f"x{character}y: #"
    found = scaffold({"a.json": json.dumps({key: [{"a": 1}], "of": [{key: 1}, {key: 2}]})})
    assert [list(each.values()) for each in found.rows] == [[1], [2]]


@pytest.mark.parametrize(
    ("number", "kind", "keys"),
    [(1234, "long", {"thousands": "."}), (1.5, "decimal(18,2)", {"thousands": ".", "decimal": ","})],
)
def test_whole_numbers_in_texts_are_grouped_by_points_beside_numbers(scaffold, number, kind, keys):
    found = scaffold({"a.jsonl": lines_of({"a": number}, {"a": number}, {"a": "1.234.567"})})
    assert found.keys["a"] == {"type": kind, "required": True, **keys}
    assert [each["a"] for each in found.rows] == [number, number, 1234567]


def test_numbers_that_are_texts_are_read_beside_others(scaffold):
    records = [{"id": n, "a": "1234,50" if n % 2 else 0.125, "b": "N/A" if n % 2 else 5} for n in range(6)]
    found = scaffold({"a.jsonl": lines_of(*records)})
    assert found.plan.proposal.format["quoted_numbers"] is True
    assert found.keys["a"] == {"type": "decimal(18,3)", "decimal": ",", "required": True}
    assert found.keys["b"] == {"type": "long", "missing": ["N/A"]}
    assert [(row["a"], row["b"]) for row in found.rows[:2]] == [(Decimal("0.125"), 5), (Decimal("1234.500"), None)]


@pytest.mark.parametrize("texts", [2, 8])
@pytest.mark.parametrize("number", [1234567890123.45, 12345678901234567])
def test_one_type_holds_the_digits_of_numbers_and_the_places_of_texts(scaffold, number, texts):
    records = [{"a": "0.12345678"}] * texts + [{"a": number}] * (10 - texts)
    found = scaffold({"a.jsonl": lines_of(*records)})
    assert found.keys["a"] == {"type": "decimal(38,8)", "required": True}
    assert [row["a"] for row in found.rows] == [Decimal("0.12345678")] * texts + [Decimal(str(number))] * (10 - texts)
    assert not found.questions


@pytest.mark.parametrize("day", ["03/04/2024", "04/05/2024"])
def test_an_ambiguous_date_stays_a_text_and_is_a_question(scaffold, day):
    documents = {
        "a.jsonl": lines_of({"id": 1, "on": day}, {"id": 2, "on": day}),
        "a.xml": f"<A><B><id>1</id><on>{day}</on></B><B><id>2</id><on>{day}</on></B></A>",
    }
    for name, content in documents.items():
        found = scaffold({name: content})
        assert found.rows[0]["on"] == day
        assert any("is the day or the month first?" in each for each in found.questions)
        decided = scaffold({name: content}, day_first=True)
        assert decided.rows[0]["on"] == dt.datetime.strptime(day, "%d/%m/%Y").date()  # noqa: DTZ007 - a day


MESSAGE = """<?xml version="1.0"?>
<m:Message xmlns:m="urn:m" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" created="2024-01-02">
<Batch><Head><Id>7</Id></Head>
<Item id="1"><Money><Amount Ccy="EUR">129.90</Amount></Money><Link href="x"/></Item>
<Item id="2"><Money><Amount Ccy="EUR"> 12.50 </Amount></Money><Tag>a</Tag><Tag>b</Tag><End xsi:nil="true"/></Item>
<Tail>9</Tail></Batch></m:Message>
"""


def test_elements_attributes_and_values_around_them_become_columns(scaffold):
    found = scaffold({"items.xml": MESSAGE})
    assert found.plan.proposal.format == {"kind": "xml", "rows": "/Message/Batch/Item", "ignored_fields": ["Tag"]}
    assert found.rejects == []
    assert [(row["id"], row["amount_ccy"], row["money_amount"], row["head_id"], row["end"]) for row in found.rows] == [
        (1, "EUR", Decimal("129.90"), 7, None), (2, "EUR", Decimal("12.50"), 7, None),
    ]  # fmt: skip
    assert found.rows[0]["message_created"] == dt.date(2024, 1, 2)
    assert not any("Tail" in header for header in found.keys)  # it comes after the records
    assert "--rows makes rows of one: /Message/Batch/Item/Tag (2)" in found.questions[0]
    tags = scaffold({"items.xml": MESSAGE}, rows="/Message/Batch/Item/Tag")
    assert [(row["tag"], row["item_id"]) for row in tags.rows] == [("a", 2), ("b", 2)]


def test_the_most_frequent_of_repeated_elements_is_proposed_and_others_are_a_question(scaffold):
    text = "<A><Ps><P><n>1</n></P><P><n>2</n></P></Ps><Qs>" + "<Q><n>1</n></Q>" * 3 + "</Qs></A>"
    found = scaffold({"a.xml": text})
    assert found.plan.proposal.format["rows"] == "/A/Qs/Q"
    assert "there are also /A/Ps/P (2): see --rows" in found.questions[0]


@pytest.mark.parametrize(
    ("name", "content", "options", "problem"),
    [
        ("a.json", "{}", {}, "no list of objects"),
        ("a.json", "[1, 2]", {}, "no list of objects"),
        ("a.jsonl", lines_of(1, 2), {}, "no objects at \\$"),
        ("a.jsonl", lines_of({"a": 1}), {"rows": "lines"}, "is no path"),
        ("a.json", '[{"a": 1}]', {"rows": "$.a"}, "does not lead by keys to a list"),
        ("a.json", '[{"a": 1}]', {"sheet": "x"}, "--sheet is not for json"),
        ("a.jsonl", lines_of({f"k{n}": n for n in range(501)}), {}, "more than 500 different fields"),
        ("a.jsonl", lines_of({f"k{n}": [] for n in range(2000)}), {}, "more than 500 different fields"),
        ("a.jsonl", lines_of({"by": {IBAN: 1}}), {}, "keys of its objects look like values"),
        ("a.jsonl", lines_of({"20240531": 1}), {}, "keys of its objects look like values"),
        ("a.json", json.dumps({"by": {IBAN: {"a": 1}}, "of": [{"b": 1}]}), {}, "keys of its objects look like values"),
        ("a.json", json.dumps({IBAN: [{"a": 1}], "of": [{"b": 1}]}), {}, "keys of its objects look like values"),
        (
            "a.jsonl",
            lines_of({"by": {IBAN: {"a": 1}}, "of": [{"b": 1}]}),
            {"rows": "$.of[*]"},
            "keys of its objects look like values",
        ),
        ("a.xml", "<A><B>1</B></A>", {}, "no element is repeated"),
        ("a.xml", "<A><B>1</B></A>", {"rows": "/A/C"}, "no elements /A/C"),
        ("a.xml", "<A><B>1</B></A>", {"rows": "/A/[1]"}, "is no path of elements"),
    ],
)
def test_what_shows_no_records_is_refused_with_advice(scaffold, name, content, options, problem):
    with pytest.raises(CannotPropose, match=problem) as refused:
        scaffold.plan({name: content}, **options)
    assert "CZ65" not in str(refused.value)


@pytest.mark.parametrize("content", ['[{"a": 1}', "<A><B/><B></A>", "<!DOCTYPE a><A><B/><B/></A>", ""])
def test_damaged_documents_are_refused(scaffold, content):
    name = "a.json" if content.startswith("[") else "a.xml"
    with pytest.raises(LegacyFileError):
        scaffold.plan({name: content}, kind=name[2:])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (lines_of({"a": 1}, {"a": 2}), "json_lines"), ('{"a": 1}', "json"), ('{\n"a": 1}', "json"), ("[{}]", "json"),
        ("\ufeff<A/>", "xml"), ("{a};b\n", "text"), ("[x];b\n", "text"), ("<5;b\n", "text"),
    ],
)  # fmt: skip
def test_the_kind_shows_in_the_beginning(tmp_path, content, kind):
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")
    assert find_kind(tmp_path / "a.txt") == kind


AMOUNTS = st.decimals(-(10**9), 10**9, places=2)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Nd")), max_size=6).map("w".__add__)
"""Texts that spell no value of another type, and no missing one."""
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(-(10**17), 10**17), "amount": AMOUNTS, "is_open": st.booleans(), "note": WORDS},
        optional={"on": st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)), "deep": st.none() | WORDS},
    ),
    min_size=2,
    max_size=8,
)


def as_json(record):
    shown = {
        key: str(value) if key == "on" else value for key, value in record.items() if key not in ("amount", "deep")
    }
    body = json.dumps(shown | ({"deep": {"er": record["deep"]}} if "deep" in record else {}), ensure_ascii=False)
    return f'{body[:-1]}, "amount": {record["amount"]}}}'


def as_xml(record):
    deep = f"<deep er={quoteattr(record['deep'])}/>" if record.get("deep") else ""
    simple = {
        key: str(value).lower() if key == "is_open" else str(value) for key, value in record.items() if key != "deep"
    }
    return "<r>" + "".join(f"<{key}>{escape(value)}</{key}>" for key, value in simple.items()) + deep + "</r>"


def check_landed(found, records):
    assert found.rejects == []
    landed = [{key: row[key] for key in row if row[key] is not None} for row in found.rows]
    written = [{"deep_er" if key == "deep" else key: value for key, value in each.items()} for each in records]
    assert landed == [{key: value for key, value in each.items() if value is not None} for each in written]


@BOUNDED
@given(RECORDS, st.booleans())
def test_json_that_was_written_lands_with_equal_values(scaffold, records, in_document):
    lines = [as_json(each) + "\n" for each in records]
    document = f'{{"all": {{"of": [{",".join(lines)}]}}}}'
    found = scaffold({"a.json": document} if in_document else {"a.jsonl": "".join(lines)})
    check_landed(found, records)


@BOUNDED
@given(RECORDS)
def test_xml_that_was_written_lands_with_equal_values(scaffold, records):
    check_landed(scaffold({"a.xml": f"<all>{''.join(map(as_xml, records))}</all>"}), records)
