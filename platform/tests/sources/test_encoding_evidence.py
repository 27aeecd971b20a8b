"""A file of another encoding or kind is noticed, although each of its bytes decodes; genuine files are not refused."""

import gzip
import io
import zipfile

import polars as pl
import pytest
from fixed_width_samples import PLAIN, declared, landed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError
from bankmesh.sources.parsing.encoding_evidence import EncodingEvidence, find_other_kind

SINGLE = ("latin-1", "cp1250", "cp1252", "iso8859-2")
CZECH = "".join(f"{n};Žluťoučký kůň úpěl, Šárka řekla;{n}.50\n" for n in range(40))
GERMAN = "".join(f"{n};Müller & Söhne, Straße, Äpfel;{n}.50\n" for n in range(40))
ANY = 'rejects_tolerated: "100%"'


def refused(exports, encoding, content: bytes, file="thing.txt") -> str:
    obj = exports.declare(more=f"format: {{encoding: {encoding}, header: false}}\n{ANY}", file=file)
    with pytest.raises(LegacyFileError) as caught:
        exports.land(obj, content)
    assert caught.value.expected == f"text in {encoding}"
    return caught.value.problem


@pytest.mark.parametrize("declared_as", ["utf-8", "ascii", *SINGLE])
@pytest.mark.parametrize("page", ["cp037", "cp273", "cp500", "cp1140"])
@pytest.mark.parametrize("text", [GERMAN, GERMAN.upper(), "ACCOUNT   0001250000                     \n" * 20])
def test_ebcdic_is_refused_under_every_encoding(exports, declared_as, page, text):
    encoded = text.encode(page, "replace")
    for content in (encoded, encoded.replace(b"\x25", b"\n"), encoded.replace(b"\x25", b"")):
        assert refused(exports, declared_as, content).endswith("it looks like EBCDIC")


@pytest.mark.parametrize("declared_as", ["utf-8", *SINGLE])
@pytest.mark.parametrize("text", [GERMAN, CZECH])
@pytest.mark.parametrize("order", ["LE", "BE"])
def test_utf16_without_a_mark_is_refused(exports, declared_as, text, order):
    assert refused(exports, declared_as, text.encode(f"utf-16-{order}")).endswith(f"it looks like UTF-16 {order}")


@pytest.mark.parametrize("declared_as", SINGLE)
@pytest.mark.parametrize("text", [GERMAN, CZECH])
def test_utf8_read_as_another_encoding_is_refused(exports, declared_as, text):
    content = text.encode()
    if any(not _reads(content, name) for name in [declared_as]):
        pytest.skip("some bytes are no characters of that encoding: refused for these")
    first = next(at for at, byte in enumerate(content) if byte >= 0x80)
    high = sum(byte >= 0x80 for byte in content)
    problem = refused(exports, declared_as, content)
    assert problem == (
        f"all {high:,} bytes beyond ASCII form characters of UTF-8, "
        f"the first at line 1, byte offset {first} (0x{content[first]:02X})"
    )


@pytest.mark.parametrize("declared_as", ["latin-1", "iso8859-2"])
@pytest.mark.parametrize(("text", "written_as"), [(CZECH, "cp1250"), (GERMAN.replace(";M", ";“M"), "cp1252")])
def test_windows_text_read_as_an_iso_encoding_is_refused(exports, declared_as, text, written_as):
    problem = refused(exports, declared_as, text.encode(written_as))
    assert written_as in problem.rpartition("it looks like ")[2]


def _reads(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", content)
    return made.getvalue()


def _parquet(content: bytes) -> bytes:
    made = io.BytesIO()
    pl.DataFrame({"a": [content]}).write_parquet(made)
    return made.getvalue()


@pytest.mark.parametrize("declared_as", ["utf-8", "latin-1"])
@pytest.mark.parametrize(("made", "kind"), [(gzip.compress, "gzip"), (_zipped, "zip"), (_parquet, "Parquet")])
def test_compressed_and_binary_files_are_recognized_by_their_first_bytes(exports, declared_as, made, kind):
    assert f": it is {kind}" in refused(exports, declared_as, made(GERMAN.encode()))


@pytest.mark.parametrize("more", ["", ", terminated: false"])
def test_fixed_width_files_are_examined_too(tmp_path, more):
    [obj] = declared(tmp_path, (PLAIN % more).replace("ascii", "latin-1"))
    records = [f"{n:04}Müßig 0000150 ".ljust(22) for n in range(30)]
    for page, problem in [("cp273", "EBCDIC"), ("utf-16-le", "UTF-16 LE")]:
        with pytest.raises(LegacyFileError, match=f"it looks like {problem}"):
            landed(obj, tmp_path, "".join(records).encode(page))
    quotes = "".join(records).replace("ß", "\u2019").encode("cp1252")
    with pytest.raises(LegacyFileError, match="it looks like cp1250 or cp1252"):
        landed(obj, tmp_path, quotes)


def test_what_is_only_unlikely_is_a_warning_of_the_landing(exports):
    obj = exports.declare(more=f"format: {{encoding: latin-1, header: false}}\n{ANY}")
    landing = exports.land(obj, "1;Café»;1\n2;naïve;1\n".encode("latin-1"))
    assert landing.warnings == ()
    landing = exports.land(obj, "1;CAFÉ»;1\n".encode("latin-1"))
    [warning] = landing.warnings
    expected = "thing.txt: bytes beyond ASCII form UTF-8, the first at line 1, byte offset 5 (0xC9)"
    assert warning == f"{expected}: latin-1 may not be its encoding"
    landing = exports.land(obj, b"1;it\x92s;1\n2;\xe9\x00;2\n")
    assert [warning.split(",")[0] for warning in landing.warnings] == [
        "thing.txt: 1 control characters (0x80 to 0x9F)", "thing.txt: 1 control characters",
    ]  # fmt: skip
    assert type(landing).read(landing.folder).warnings == landing.warnings
    assert exports.land(obj, b"x;a;1\n" * 10).warnings == ("thing.txt: none of its records reads as declared",)


@pytest.mark.parametrize("size", [1, 3, 100, 1 << 20])
def test_the_verdict_does_not_depend_on_how_the_file_is_read(exports, size):
    obj = exports.declare(more=f"format: {{encoding: latin-1, header: false}}\n{ANY}")
    with pytest.raises(LegacyFileError, match=r"form characters of UTF-8, the first at line 1, byte offset 3 "):
        exports.land(obj, GERMAN.encode(), block_bytes=size)


letters = {
    name: "".join(
        c for b in range(0xA0, 0x100) if _reads(bytes([b]), name) and (c := bytes([b]).decode(name)).isalpha()
    )
    for name in SINGLE
}


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SINGLE), st.data())
def test_genuine_text_is_not_refused(encoding, data):
    word = st.text(letters[encoding] + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ", min_size=1, max_size=12)
    words = data.draw(st.lists(word, min_size=1, max_size=30))
    text = "".join(f"{n};{word};{n}.50\n" for n, word in enumerate(words)).encode(encoding)
    evidence = EncodingEvidence(encoding)
    cut = data.draw(st.integers(0, len(text)))
    evidence.add(text[:cut], 1, 0)
    evidence.add(text[cut:], 1, cut)
    assert find_other_kind(text) is None
    # Letters that happen to be UTF-8 are a warning: a test of chance could not tell them from UTF-8.
    assert evidence.refusal() is None or _reads(text, "utf-8")
