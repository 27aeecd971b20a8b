"""UTF-16: read like UTF-8, with lines counted at U+000A alone; anything else is refused whole."""

import codecs
import gzip

import pytest
from fixed_width_samples import PLAIN, declared, landed, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources.parsing.line_blocks import LegacyText

MORE = 'rejects_tolerated: "100%%"\nformat: {encoding: %s}'
# U+0A0D, U+0D0A and U+2028 have bytes of line ends, or are line ends elsewhere.
TEXT = 'n;t;a\r\n1;"Žluť \u0a0d\u0d0a\u2028 😀";1.50\r\n\r\nbad\r\n2;š;2'
ORDERS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


def refusal(exports, encoding: str, content: bytes, more: str = MORE) -> str:
    with pytest.raises(LegacyFileError) as caught:
        exports.land(exports.declare(more=more % encoding), content)
    return caught.value.problem


@pytest.mark.parametrize("block_bytes", [1, 3, 1 << 20])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("declared_as", "marked"), [("order", True), ("order", False), ("utf-16", True)])
@pytest.mark.parametrize("name", ["thing.txt", "thing.txt.gz"])
def test_utf16_is_read_like_utf8(exports, rejects_of, rows_of, order, declared_as, marked, block_bytes, name):
    obj = exports.declare(more=MORE % declared_as.replace("order", order), file=name)
    content = (ORDERS[order] if marked else b"") + TEXT.encode(order)
    landing = exports.land(obj, content, block_bytes=block_bytes)
    assert [row[:2] for row in rows_of(landing)] == [(1, "Žluť \u0a0d\u0d0a\u2028 😀"), (2, "š")]
    assert rejects_of(landing) == [(4, "bad", "1 fields instead of 3", None)]
    assert (landing.rows_in, landing.blank_lines, landing.balanced) == (3, 1, True)
    assert landing.files[0].size == len(gzip.compress(content) if name.endswith("gz") else content)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.text(st.characters(blacklist_categories=["Cs"]), min_size=1), st.sampled_from(sorted(ORDERS)), st.integers(1, 9)
)
def test_text_of_any_characters_is_the_same_in_utf8(tmp_path_factory, text, order, block_bytes):
    base = tmp_path_factory.mktemp("utf16")
    found = []
    for encoding, mark in ((order, ORDERS[order]), ("utf-8-sig", b"")):
        (base / encoding).write_bytes(mark + text.removeprefix("\ufeff").encode(encoding))
        read = LegacyText(base / encoding, encoding, block_bytes)
        try:
            joined = b"".join(block.text for block in read.blocks())
        except LegacyFileError as error:
            joined = error.problem.encode()
        found.append((joined, read.lines, read.blank_lines))
    assert found[0] == found[1]


def test_what_is_not_utf16_of_that_order_is_refused(exports):
    lines = "n;t;a\n" + "1;x;1.50\n" * 30
    little, big = lines.encode("utf-16-le"), lines.encode("utf-16-be")
    assert refusal(exports, "utf-16", little) == "the file has no byte order mark"
    marked = "the file begins with the byte order mark of UTF-16"
    assert refusal(exports, "utf-16-be", codecs.BOM_UTF16_LE + little) == f"{marked} LE"
    assert refusal(exports, "utf-16-le", codecs.BOM_UTF16_BE + big) == f"{marked} BE"
    assert refusal(exports, "utf-8", codecs.BOM_UTF16_LE + little) == marked
    assert refusal(exports, "utf-16-le", big).endswith("it looks like UTF-16 BE")
    assert refusal(exports, "utf-16-le", lines.encode()).endswith("it looks like text in ascii or utf-8")
    assert refusal(exports, "utf-16-le", codecs.BOM_UTF16_LE) == "the file is empty"
    assert refusal(exports, "utf-16", b"") == "the file is empty"


@pytest.mark.parametrize("block_bytes", [1, 5, 1 << 20])
def test_a_file_that_ends_within_a_character_or_has_half_a_pair_is_refused(exports, block_bytes):
    whole = "n;t;a\n1;x😀;1\n2;y;1\n".encode("utf-16-le")
    obj = exports.declare(more=MORE % "utf-16-le")
    pair = whole.index("😀".encode("utf-16-le"))
    for content, line, offset in [
        (whole[:-1], 3, len(whole) - 2),
        (whole[:pair] + whole[pair + 2 :], 2, pair),
        (whole[: pair + 2], 2, pair),
    ]:
        with pytest.raises(LegacyFileError) as caught:
            exports.land(obj, content, block_bytes=block_bytes)
        assert caught.value.problem == f"line {line}, byte offset {offset}: no character"


def test_a_control_file_has_the_encoding_of_its_object(exports):
    rule = "complete_through: {control_file: thing.control, otherwise: unknown}\n" + MORE % "utf-16"
    obj = exports.declare(more=rule)
    exports.write("object;rows;complete_through\nthing;1;2024-05-31\n".encode("utf-16"), "thing.control")
    assert exports.land(obj, "n;t;a\n1;x;1\n".encode("utf-16")).complete_through.isoformat() == "2024-05-31"
    exports.write(b"\xff\xfe\x00", "thing.control")
    with pytest.raises(LegacyFileError, match=r"is not utf-16\. Expected a control file in utf-16"):
        exports.land(obj)


def test_fixed_width_positions_are_characters_of_utf16(tmp_path):
    [obj] = declared(tmp_path, (PLAIN % "").replace("ascii", "utf-16-le"))
    records = "".join(f"{f'{n:04}Šár😀  0000150 ':22}\r\n" for n in range(1, 4))
    assert [row[:2] for row in rows_of(landed(obj, tmp_path, records.encode("utf-16-le")))] == [
        (n, "Šár😀") for n in (1, 2, 3)
    ]
    with pytest.raises(SourceFaults, match="each character must be one byte; utf-16-le has more"):
        declared(tmp_path, (PLAIN % ", terminated: false").replace("ascii", "utf-16-le"))
