"""What is unlikely in text of the declared encoding is a warning of the landing, for every kind of records."""

from decimal import Decimal

import document_samples
import pytest
import swift_samples
from camt_samples import Entry, Payment, Statement, camt

from bankmesh.errors import LegacyFileError

C = "classification: internal, description: A."
XML = '<?xml version="1.0" encoding="{}"?>\n<M><I><T>{}</T></I></M>'
TEXT = f"T: {{type: string, as: t, {C}}}"


@pytest.mark.parametrize("record", ["statement", "entry"])
def test_messages(tmp_path, record):
    obj = swift_samples.declared(tmp_path, "{kind: mt940, encoding: latin-1}")[record]
    content = swift_samples.STATEMENT.encode()
    assert swift_samples.landed(obj, tmp_path, content).warnings == ()
    [warning] = swift_samples.landed(obj, tmp_path, content.replace(b"Invoice?21", b"it\x92s?21")).warnings
    assert warning.startswith("day.txt: 1 control characters (0x80 to 0x9F), the first at line 7, byte offset ")
    assert warning.endswith(": latin-1 may not be its encoding")
    with pytest.raises(LegacyFileError, match="form characters of UTF-8"):
        swift_samples.landed(obj, tmp_path, content.replace(b"Invoice?21", "äöü?21".encode()))


def test_xml_documents_by_the_encoding_that_they_declare(tmp_path):
    obj = document_samples.declared(tmp_path, "xml, rows: /M/I", TEXT)
    landing = document_samples.landed(obj, tmp_path, XML.format("ISO-8859-1", "naïve").encode("latin-1"))
    assert (document_samples.rows_of(landing), landing.warnings) == ([("naïve", 1)], ())
    [warning] = document_samples.landed(obj, tmp_path, XML.format("ISO-8859-1", "it\u2019s").encode("cp1252")).warnings
    assert warning.startswith("thing.txt: 1 control characters (0x80 to 0x9F), the first at line 2, byte offset ")
    [warning] = document_samples.landed(obj, tmp_path, XML.format("windows-1252", "É»").encode("cp1252")).warnings
    assert "bytes beyond ASCII form UTF-8, the first at line 2" in warning
    for size in (1, 1 << 20):
        with pytest.raises(LegacyFileError, match=r"form characters of UTF-8, the first at line 2, byte offset 53 "):
            document_samples.landed(obj, tmp_path, XML.format("iso-8859-1", "äöü").encode(), block_bytes=size)


def test_iso_20022_messages(tmp_path):
    columns = f"creditor_name: {{type: string, {C}}}\ndebtor_name: {{type: string, {C}}}"
    obj = document_samples.declared(tmp_path, "camt053", columns, more="record: transaction\n")
    payment = Payment(party="Jan's", lines=("Müller",))
    content = camt([Statement(entries=[Entry(Decimal(1), payments=(payment,))])]).decode()
    latin = content.replace('"UTF-8"', '"ISO-8859-1"')
    assert document_samples.landed(obj, tmp_path, latin.encode("latin-1")).warnings == ()
    [warning] = document_samples.landed(obj, tmp_path, latin.replace("Jan's", "Jan\u2019s").encode("cp1252")).warnings
    assert "latin-1 may not be its encoding" in warning


def test_json(tmp_path):
    obj = document_samples.declared(tmp_path, "json_lines", TEXT)
    assert document_samples.landed(obj, tmp_path, b'{"T": "a"}\n').warnings == ()
    damaged = document_samples.landed(obj, tmp_path, b'{"T": "\x01\x02"}\n')
    assert damaged.rejects == 1
    assert damaged.warnings[0].startswith("thing.txt: 2 control characters, the first at line 1, byte offset 7 (0x01)")
    obj = document_samples.declared(tmp_path, "json", TEXT)
    assert document_samples.landed(obj, tmp_path, b'[{"T": "a"}]').warnings == ()
