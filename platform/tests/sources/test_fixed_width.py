"""Fixed-width files: positions, padding, encodings, titles, and what is refused whole."""

import gzip
from decimal import Decimal

import pytest
from fixed_width_samples import PLAIN, declared, file_of, landed, rejects_of, rows_of

from bankmesh.errors import LegacyFileError

LINES = ("0001ab    0000150 ", "0002 b    0000150-", "0003      00000005")
GOOD = tuple(f"{line:22}" for line in LINES)


@pytest.fixture
def plain(tmp_path):
    [obj] = declared(tmp_path, PLAIN % "")
    return lambda content, **more: landed(obj, tmp_path, content, **more)


@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
@pytest.mark.parametrize(("end", "last"), [("\n", "\n"), ("\r\n", "\r\n"), ("\r\n", ""), ("\n\n", "")])
def test_fields_are_read_at_their_positions_and_trimmed_as_declared(plain, end, last, block_bytes):
    landing = plain(file_of(*GOOD, end=end, last=last), block_bytes=block_bytes)
    assert rows_of(landing) == [
        (1, "ab", Decimal("1.50")), (2, " b", Decimal("-1.50")), (3, None, Decimal("0.05")),
    ]  # fmt: skip
    assert (landing.rows_in, landing.rejects, landing.blank_lines) == (3, 0, 2 if end == "\n\n" else 0)
    assert landing.balanced


@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
def test_records_that_cannot_be_landed_are_rejects_with_their_reasons(plain, block_bytes):
    records = [*GOOD, GOOD[0][:-1], GOOD[0] + " ", GOOD[0][:9] + "\r" + GOOD[0][10:], GOOD[0][:-1] + "x"]
    records += [f"{'':22}", f"{'x001ab    00001.50':22}"]
    landing = plain(file_of(*records), block_bytes=block_bytes)
    decimal = "cannot be read as decimal(9,2) of digits alone, 2 of them decimals with a trailing minus"
    assert rejects_of(landing) == [
        (4, records[3], "21 characters instead of 22", None),
        (5, records[4], "23 characters instead of 22", None),
        (6, records[5], "carriage return within the line", None),
        (7, records[6], "not blank at 22, where no column is declared", None),
        (8, records[7], "n: required, but missing", "n"),
        (9, records[8], f"n: cannot be read as long; a: {decimal}", "n"),
    ]
    assert (landing.rows_in, landing.rows, landing.balanced) == (9, 3, True)


def test_a_reject_lists_only_the_positions_that_it_fills(plain):
    records = [GOOD[0][:-4] + filled for filled in ("x   ", "    ", " xx ", "x  x")]
    reasons = [(line, reason) for line, _, reason, _ in rejects_of(plain(file_of(*records)))]
    assert reasons == [
        (line, f"not blank at {places}, where no column is declared")
        for line, places in ((1, "19"), (3, "20-21"), (4, "19, 22"))
    ]


@pytest.mark.parametrize("block_bytes", [1, 50, 1 << 20])
@pytest.mark.parametrize("name", ["thing.txt", "thing.txt.gz"])
def test_records_without_line_ends(tmp_path, name, block_bytes):
    [obj] = declared(tmp_path, PLAIN % ", terminated: false")
    records = [*GOOD, "0004a\nb\r  0000100   x ", *GOOD]
    content = "".join(records).encode()
    written = gzip.compress if name.endswith("gz") else bytes
    landing = landed(obj, tmp_path, written(content), file=name, block_bytes=block_bytes)
    assert [row[0] for row in rows_of(landing)] == [1, 2, 3, 1, 2, 3]
    assert [(line, raw) for line, raw, *_ in rejects_of(landing)] == [(4, records[3])]
    assert (landing.rows_in, landing.blank_lines, landing.balanced) == (7, 0, True)
    for cut in (1, 21):
        problem = f"bytes after record 6, the last whole one: {22 - cut}"
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, written(content[:-cut]), file=name, block_bytes=block_bytes)


def test_empty_and_badly_encoded_files_are_refused(tmp_path):
    for more in ("", ", terminated: false"):
        [obj] = declared(tmp_path, PLAIN % more)
        with pytest.raises(LegacyFileError, match=r"the file is empty. Expected records"):
            landed(obj, tmp_path, b"")
        where = "line 2, byte offset 27" if not more else "record 2, byte offset 27"
        between = b"" if more else b"\n"
        bad = GOOD[0].encode() + between + GOOD[1].encode()
        bad = bad[:27] + b"\xe9" + bad[28:]
        with pytest.raises(LegacyFileError, match=f"{where}: byte 0xE9 does not fit. Expected text in ascii"):
            landed(obj, tmp_path, bad)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "iso8859-2", "latin-1"])
@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_a_position_is_a_character_in_every_encoding(tmp_path, encoding, block_bytes):
    word = "Příše " if encoding != "latin-1" else "café ü"
    [obj] = declared(tmp_path, (PLAIN % "").replace("ascii", encoding))
    text = file_of(*GOOD).decode() + f"{'0004' + word + '00000007':22}\n" + f"{'000x' + word + '00000007':22}"
    landing = landed(obj, tmp_path, text.encode(encoding), block_bytes=block_bytes)
    assert rows_of(landing)[1:] == [
        (2, " b", Decimal("-1.50")), (3, None, Decimal("0.05")), (4, word.rstrip(), Decimal("0.07")),
    ]  # fmt: skip
    assert [raw for _, raw, *_ in rejects_of(landing)] == [f"{'000x' + word + '00000007':22}"]


@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
def test_a_character_of_four_bytes_is_one_position(tmp_path, block_bytes):
    [obj] = declared(tmp_path, (PLAIN % "").replace("ascii", "utf-8"))
    records = [f"{'0004a😀b   00000007':22}", GOOD[0], f"{'000😀a     00000007':22}"]
    landing = landed(obj, tmp_path, file_of(*records), block_bytes=block_bytes)
    assert [row[:2] for row in rows_of(landing)] == [(4, "a😀b"), (1, "ab")]
    assert [(line, raw) for line, raw, *_ in rejects_of(landing)] == [(3, records[2])]


def test_unterminated_records_of_another_encoding(tmp_path):
    [obj] = declared(tmp_path, (PLAIN % ", terminated: false").replace("ascii", "cp1250"))
    landing = landed(obj, tmp_path, f"{'0004Příše 00000007':22}".encode("cp1250"))
    assert rows_of(landing) == [(4, "Příše", Decimal("0.07"))]


@pytest.mark.parametrize(
    ("padding", "text", "landed_as"),
    [
        ("padding: none", " a  ", " a  "),
        ("padding: none", "    ", "    "),
        ("padding: left", " a b", "a b"),
        ("padding: left", " a  ", "a  "),
        ("padding: both", " a  ", "a"),
        ("padding: both", "    ", None),
        ('padding: left, pad: "*"', "**a*", "a*"),
        ('padding: both, pad: "*"', "****", None),
        ('padding: right, pad: "\\0"', "a \0\0", "a "),
        ('padding: none, missing: ["    ", "n/a "]', "n/a ", None),
    ],
)
def test_padding_is_trimmed_at_the_declared_side_only(tmp_path, padding, text, landed_as):
    head, _, _ = (PLAIN % "").partition("      n:")
    column = f"      t: {{start: 1, length: 4, type: string, {padding}, classification: internal, description: T.}}\n"
    [obj] = declared(tmp_path, head.replace("22", "4") + column)
    assert rows_of(landed(obj, tmp_path, text.encode())) == [(landed_as,)]


TITLED = 'title_lines: ["BOOKINGS OF [0-9]+", "-+"], end_lines: ["END"]'


@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
def test_title_and_end_lines_are_no_records_and_are_verified(tmp_path, block_bytes):
    [obj] = declared(tmp_path, PLAIN % f", {TITLED}")
    titles, end = ["BOOKINGS OF 2024", "", "----"], "END"
    landing = landed(obj, tmp_path, file_of(*titles, *GOOD, end), block_bytes=block_bytes)
    assert [row[0] for row in rows_of(landing)] == [1, 2, 3]
    assert (landing.rows_in, landing.blank_lines) == (3, 1)
    assert landing.other_records == {"title lines": 2, "end lines": 1}
    for content, problem in [
        (file_of(*GOOD, end), "line 1 is not the declared title line"),
        (file_of(titles[0], *GOOD, end), "line 2 is not the declared title line"),
        (file_of(titles[0]), "the file ends within its title lines"),
        (file_of(*titles), "the file has no end lines"),
        (file_of(*titles, *GOOD), "line 6 is not the declared end line"),
        (file_of(*titles, end), "the file has no records"),
    ]:
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, content, block_bytes=block_bytes)


def test_a_last_line_of_the_end_of_file_character_is_named(plain):
    [(line, raw, reason, _)] = rejects_of(plain(file_of(*GOOD, last="\n\x1a")))
    assert (line, raw) == (4, "\x1a")
    assert reason == 'the line is the end-of-file character 0x1A; for the last line, declare `end_lines: ["\\x1a"]`'


@pytest.mark.parametrize("line", [GOOD[0], GOOD[0][:-1], GOOD[0] + " "])
def test_the_end_of_file_character_behind_the_last_record_is_named(plain, line):
    landing = plain(file_of(*GOOD, line, last="\x1a"))
    [(number, raw, reason, _)] = rejects_of(landing)
    assert (landing.rows, number, raw) == (3, 4, f"{line}\x1a")
    assert reason == "the record ends with the end-of-file character 0x1A, which is no part of its last value"


@pytest.mark.parametrize("terminated", ["true", "false"])
def test_the_end_of_file_character_is_no_part_of_the_last_value(tmp_path, terminated):
    head, _, _ = (PLAIN % f", terminated: {terminated}").partition("      n:")
    column = "      t: {start: 1, length: 4, type: string, classification: internal, description: T.}\n"
    [obj] = declared(tmp_path, head.replace("22", "4") + column)
    landing = landed(obj, tmp_path, b"abcd\nabc\x1a" if terminated == "true" else b"abcdabc\x1a")
    assert rows_of(landing) == [("abcd",)]
    [(_, _, reason, _)] = rejects_of(landing)
    assert reason == "the record ends with the end-of-file character 0x1A, which is no part of its last value"


@pytest.mark.parametrize(("rest", "named"), [("\x1a", True), ("\x1a\x1a", True), ("x\x1a", False), ("x", False)])
def test_bytes_after_the_last_record_are_named_if_they_are_end_of_file_characters(tmp_path, rest, named):
    [obj] = declared(tmp_path, PLAIN % ", terminated: false")
    with pytest.raises(LegacyFileError, match=f"after record 3, the last whole one: {len(rest)}") as refused:
        landed(obj, tmp_path, "".join([*GOOD, rest]).encode())
    assert ("all of them the end-of-file character 0x1A" in refused.value.problem) is named
