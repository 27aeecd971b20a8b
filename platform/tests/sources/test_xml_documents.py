"""XML documents: records by path, attributes, ancestors, namespaces, and what is refused."""

import gzip
import tracemalloc
from decimal import Decimal

import pytest
from document_samples import declared, landed, raw_rejects_of, rejects_of, rows_of

from bankmesh.errors import LegacyFileError, SourceFaults

COLUMNS = """
key: {path: "@id", type: long, required: true, classification: internal, description: A key.}
amount: {path: Money/Amount, type: "decimal(9,2)", classification: internal, description: An amount.}
currency: {path: Money/Amount/@Ccy, type: string, classification: internal, description: Its currency.}
note: {path: Note, type: string, classification: restricted, description: A note.}
batch: {path: ../Head/Id, type: long, classification: internal, description: The key of its batch.}
message: {path: ../../@no, type: long, classification: internal, description: The number of the message.}
"""
ROWS = 'xml, rows: /Message/Batch/Item, ignored_fields: [Links, "@seen"]'
GOOD = '<Item id="{}"><Money><Amount Ccy="EUR"> 1.50\n</Amount></Money><Note>a &amp; <!-- no --><![CDATA[<b>]]></Note></Item>'


def message(*items, head="<Head><Id>7</Id></Head>", before="", after="", prolog="", root=' no="5"'):
    return f"{prolog}<Message{root}>{before}<Batch>{head}{''.join(items)}</Batch>{after}</Message>".encode()


@pytest.fixture
def thing(tmp_path):
    obj = declared(tmp_path, ROWS, COLUMNS)
    return lambda content, **more: landed(obj, tmp_path, content, **more)


@pytest.mark.parametrize("block_bytes", [1, 40, 1 << 20])
def test_records_are_read_by_path_with_attributes_and_ancestors(thing, block_bytes):
    second = '<Item id="2" seen="x"><Links><x/><x/></Links></Item>'
    landing = thing(
        message(GOOD.format(1), second, before="<Other/>" * 3, after="<Batch><Item id='3'/></Batch>"),
        block_bytes=block_bytes,
    )
    assert rows_of(landing) == [
        (1, Decimal("1.50"), "EUR", "a & <b>", 7, 5, 1),
        (2, None, None, None, 7, 5, 2),
        (3, None, None, None, None, 5, 3),
    ]
    assert (landing.rows_in, landing.rejects, landing.balanced) == (3, 0, True)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("<Item/>", "@id: required, but missing"),
        ('<Item id="x"/>', "@id: cannot be read as long"),
        ('<Item id="1"><Note/><Note/></Item>', "Note: Note is repeated, where one is declared"),
        ('<Item id="1"><Money/><Money/></Item>', "Money/Amount: Money is repeated, where one is declared"),
        ('<Item id="1"><Money><Amount/></Money></Item>', "Money/Amount: cannot be read as decimal(9,2)"),
        ('<Item id="1"><Note><b/></Note></Item>', "Note: elements, where a text is declared"),
        ('<Item id="1"><Note/><Odd/></Item>', "element 2 of Item is not declared"),
        ('<Item id="1" odd="2"/>', "an attribute of Item is not declared"),
        ('<Item id="1">5<Note/></Item>', "text of Item is not declared"),
        ('<Item id="1"><Note/>5</Item>', "text of Item is not declared"),
        ('<Item id="1"><Money>5</Money></Item>', "text of Money is not declared"),
    ],
)
def test_what_is_not_as_declared_is_a_reject_without_its_value(thing, item, reason):
    landing = thing(message(GOOD.format(1), item, GOOD.format(3)))
    assert rejects_of(landing) == [(2, reason)]
    assert [raw.replace(" />", "/>") for raw in raw_rejects_of(landing)] == [item]
    assert (landing.rows_in, landing.rows, landing.balanced) == (3, 2, True)


def test_an_absent_empty_and_nil_element_differ(thing):
    nil = '<Note xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    landing = thing(message('<Item id="1"/>', '<Item id="2"><Note/></Item>', f'<Item id="3">{nil}</Item>'))
    assert [row[3] for row in rows_of(landing)] == [None, "", None]


@pytest.mark.parametrize("content", ["5", "<b/>", " 5"])
def test_a_nil_element_with_content_is_a_reject(thing, content):
    nil = f'<Note xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">{content}</Note>'
    landing = thing(message(GOOD.format(1), f'<Item id="2">{nil}</Item>'))
    [(line, reason)] = rejects_of(landing)
    assert (line, landing.rows) == (2, 1)
    assert "Note: is nil, but has content" in reason


def test_texts_that_are_not_declared_may_be_ignored(tmp_path):
    column = "a: {path: Money/@Ccy, type: string, classification: internal, description: A.}"
    content = b'<R><I> <Money Ccy="EUR">5</Money> </I></R>'
    for option, rows in (("", 0), (", other_fields: ignore", 1), (", ignored_fields: [Money]", 1)):
        assert landed(declared(tmp_path, f"xml, rows: R/I{option}", column), tmp_path, content).rows == rows


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"  ", "not well-formed XML"),
        (message(prolog=BOMB), "document type"),
        (message(prolog='<!DOCTYPE x SYSTEM "file:///etc/passwd">'), "document type"),
        (message(prolog=" " * 300_000 + "<!DOCTYPE x>"), "document type"),
        (message("<Item id='1'><Note>&secret;</Note></Item>"), r"not well-formed XML \(undefined entity\)"),
        (message("<Item id='1'>") , "mismatched tag"),
        (message(GOOD.format(1)) + b"<x/>", "junk after document element"),
        (message(GOOD.format(1), "<Head><Id>8</Id></Head>"), "a declared value of Batch comes after"),
        (message(GOOD.format(1), "<Head><Id>7</Id></Head>", head=""), "a declared value of Batch comes after"),
        (message(), "the file has no records"),
        (message("\x01"), "not well-formed"),
        (message("<Item id='1'>" + "<a>" * 1500 + "</a>" * 1500 + "</Item>"), "nested too deeply"),
        (b"\xff\xfe<\0a\0", "byte order mark of UTF-16"),
        (message(GOOD.format(1)).replace(b"a &amp;", b"\xe9"), "not well-formed"),
        (b'<?xml version="1.0" encoding="x-none"?><a/>', "an encoding that is not known"),
        (b'<?xml version="1.0" encoding="Shift_JIS"?><a/>', "an encoding that is not known"),
    ],
)  # fmt: skip
def test_documents_that_are_refused_whole(thing, content, problem):
    with pytest.raises(LegacyFileError, match=problem) as error:
        thing(content)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("block_bytes", [1, 60, 1 << 20])
def test_values_of_an_ancestor_precede_its_records(thing, block_bytes):
    late = message(GOOD.format(1), "<Head><Id>7</Id></Head>", head="")
    with pytest.raises(LegacyFileError, match="all declared values of Batch before its records"):
        thing(late, block_bytes=block_bytes)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('<Q xmlns="urn:one"><I/></Q>', "the root element is not the first"),
        ('<R xmlns="urn:two"><I/></R>', "the root element is not the first"),
        ('<R xmlns="urn:one"><I xmlns="urn:two"/></R>', "in another namespace"),
        ('<R xmlns="urn:one"><Other/></R>', None),
        ('<R xmlns="urn:one"/>', None),
    ],
)
def test_a_document_of_another_shape_is_refused_although_it_may_be_empty(tmp_path, content, problem):
    column = "a: {path: p:A, type: long, classification: internal, description: A.}"
    kind = "xml, rows: p:R/p:I, namespaces: {p: urn:one}"
    obj = declared(tmp_path, kind, column, more="may_be_empty: true\n")
    if problem is None:
        assert landed(obj, tmp_path, content.encode()).rows == 0
        return
    with pytest.raises(LegacyFileError, match=problem):
        landed(obj, tmp_path, content.encode())


def test_attributes_of_one_local_name_are_repeated(tmp_path):
    obj = declared(
        tmp_path, "xml, rows: R/I", 'a: {path: "@id", type: long, classification: internal, description: A.}'
    )
    content = b'<R xmlns:x="urn:one"><I id="1" x:id="2"/><I x:id="3"/></R>'
    landing = landed(obj, tmp_path, content)
    assert (rows_of(landing), rejects_of(landing)) == ([(3, 2)], [(1, "@id: @id is repeated, where one is declared")])


def test_a_repeated_element_above_the_records_is_one_fault_of_each(thing):
    landing = thing(message(GOOD.format(1), GOOD.format(2), head="<Head><Id>7</Id></Head>" * 4000))
    reason = "../Head/Id: Head is repeated, where one is declared"
    assert rejects_of(landing) == [(1, reason), (2, reason)]


def test_a_text_beside_the_records_is_bounded(thing):
    content = gzip.compress(message(GOOD.format(1), before="x" * (65 << 20)), 1)
    with pytest.raises(LegacyFileError, match="more than 64 MiB without the start or end of an element"):
        thing(content, file="thing.xml.gz")


def test_elements_beside_the_records_take_no_memory(tmp_path):
    obj = declared(
        tmp_path, "xml, rows: R/I", 'a: {path: "@id", type: long, classification: internal, description: A.}'
    )
    content = b"<R><J><K>" + b"<a/>" * 400_000 + b'</K></J><I id="1"/></R>'
    tracemalloc.start()
    assert landed(obj, tmp_path, content, block_bytes=1 << 14).rows == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_every_cut_of_a_document_is_refused(thing):
    whole = message(GOOD.format(1))
    for cut in range(1, len(whole)):
        with pytest.raises(LegacyFileError):
            thing(whole[:-cut])
    assert thing(b"\xef\xbb\xbf" + whole + b"\n").rows == 1


def test_the_document_names_its_encoding_and_a_declaration_may_require_one(tmp_path):
    item = GOOD.format(1).replace("a &amp; ", "Plzeň")
    content = message(item, prolog='<?xml version="1.0" encoding="windows-1250"?>').decode().encode("cp1250")
    obj = declared(tmp_path, ROWS, COLUMNS)
    assert rows_of(landed(obj, tmp_path, content))[0][3] == "Plzeň<b>"
    obj = declared(tmp_path, ROWS + ", xml_encoding: utf-8", COLUMNS)
    with pytest.raises(LegacyFileError, match="another encoding than utf-8"):
        landed(obj, tmp_path, content)
    assert landed(obj, tmp_path, message(item)).rows == 1
    (tmp_path / "thing.txt").unlink()
    assert landed(obj, tmp_path, gzip.compress(message(item)), file="thing.xml.gz").rows == 1


def test_namespaces_are_ignored_or_declared(tmp_path):
    column = "a: {path: %s, type: long, classification: internal, description: A.}"
    content = b'<x:R xmlns:x="urn:one" xmlns="urn:two"><x:I><x:A>1</x:A></x:I><I><A>2</A></I></x:R>'
    ignoring = declared(tmp_path, "xml, rows: R/I", column % "A")
    assert [row[0] for row in rows_of(landed(ignoring, tmp_path, content))] == [1, 2]
    spaces = "namespaces: {p: urn:one, q: urn:two}"
    for prefix, found in (("p", 1), ("q", 2)):
        obj = declared(tmp_path, f"xml, rows: p:R/{prefix}:I, {spaces}", column % f"{prefix}:A")
        assert [row[0] for row in rows_of(landed(obj, tmp_path, content))] == [found]


@pytest.mark.parametrize(
    ("kind", "path", "problem"),
    [
        ("xml", "A", "rows of format"),
        ("xml, rows: R//I", "A", "rows of format"),
        ("xml, rows: R/I", "A[1]", "spells no element"),
        ("xml, rows: R/I", "../../A", "leaves the document"),
        ("xml, rows: R/I", "@", "spells no element"),
        ("xml, rows: R/B/I", "../../B/A", "with fewer"),
        ("xml, rows: R/I, ignored_fields: [..]", "A", "ignored_fields"),
    ],
)
def test_faults_of_declarations(tmp_path, kind, path, problem):
    with pytest.raises(SourceFaults, match=problem):
        declared(tmp_path, kind, f'a: {{path: "{path}", type: long, classification: internal, description: A.}}')
