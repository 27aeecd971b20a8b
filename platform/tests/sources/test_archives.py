"""Zip archives and bzip2: read like the file within, or refused whole."""

import bz2
import hashlib
import io
import random
import struct
import zipfile
import zlib
from dataclasses import replace

import pytest

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources import legacy_files

TEXT = b"n;t;a\r\n1;x;1\r\n\r\n2;y\r\n3;z;3.5"
MORE = 'rejects_tolerated: "100%"'


def zipped(*members: tuple[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return made.getvalue()


def refusal(exports, obj, content: bytes) -> str:
    with pytest.raises(LegacyFileError) as caught:
        exports.land(obj, content)
    return caught.value.problem


@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("thing.txt.bz2", bz2.compress(TEXT)),
        ("thing.txt.bz2", bz2.compress(TEXT[:9]) + bz2.compress(TEXT[9:])),
        ("thing.zip", zipped(("thing.txt", TEXT))),
        ("thing.zip", zipped(("folder/", b""), ("folder/thing.txt", TEXT), method=zipfile.ZIP_STORED)),
        ("thing.zip", zipped(("thing.txt", TEXT), method=zipfile.ZIP_BZIP2)),
        ("thing.zip", zipped(("thing.txt", TEXT), method=zipfile.ZIP_LZMA)),
    ],
)
def test_they_are_read_like_the_file_within(exports, rows_of, rejects_of, name, stored, block_bytes):
    landing = exports.land(exports.declare(more=MORE, file=name), stored, block_bytes=block_bytes)
    assert [row[0] for row in rows_of(landing)] == [1, 3]
    assert rejects_of(landing) == [(4, "2;y", "2 fields instead of 3", None)]
    [file] = landing.files
    assert (file.name, file.size, file.sha256) == (name, len(stored), hashlib.sha256(stored).hexdigest())
    assert (landing.rows_in, landing.blank_lines, landing.balanced) == (3, 1, True)


def test_a_member_is_chosen_by_its_name(exports, rows_of):
    archive = zipped(("a.csv", b"n;t;a\n1;x;1\n"), ("b.csv", b"n;t;a\n2;x;1\n"), ("__MACOSX/._a.csv", b"\0"))
    chosen = {member: exports.declare(more=f'member: "{member}"', file="thing.zip") for member in ("a.csv", "b*")}
    assert {member: rows_of(exports.land(obj, archive))[0][0] for member, obj in chosen.items()} == {
        "a.csv": 1,
        "b*": 2,
    }
    plain = exports.declare(file="thing.zip")
    assert len({plain.digest, *(obj.digest for obj in chosen.values())}) == 3
    assert refusal(exports, plain, archive) == "the zip file has 3 files: __MACOSX/._a.csv, a.csv, b.csv"
    none = exports.declare(more='member: "c*"', file="thing.zip")
    assert refusal(exports, none, archive) == "the zip file has 0 files like c*"
    two = exports.declare(more='member: "?.csv"', file="thing.zip")
    assert refusal(exports, two, archive) == "the zip file has 2 files like ?.csv: a.csv, b.csv"


def test_a_member_of_another_kind_of_file_is_a_fault(exports):
    with pytest.raises(SourceFaults, match=r"member of object thing is for files that end in \.zip"):
        exports.declare(more="member: a.csv")


@pytest.mark.parametrize("name", ["../thing.txt", "/etc/thing.txt", "a/../../thing.txt", "..\\thing.txt", "C:\\t.txt"])
def test_a_path_that_leads_outside_is_refused(exports, name):
    obj = exports.declare(file="thing.zip")
    made = zipped(("x" * len(name), TEXT)).replace(b"x" * len(name), name.encode())
    assert refusal(exports, obj, made) == f"the zip file has a member whose path leads outside: {name!r}"


def test_an_encrypted_member_is_refused(exports):
    made = bytearray(zipped(("thing.txt", TEXT)))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(mark) + at] |= 1
    assert refusal(exports, exports.declare(file="thing.zip"), bytes(made)) == "thing.txt is encrypted"


def test_a_bomb_is_refused_before_it_is_read(exports):
    made = zipped(("thing.txt", b"\0" * (65 << 20)))
    problem = refusal(exports, exports.declare(file="thing.zip"), made)
    assert problem.startswith(f"thing.txt would have {65 << 20:,} bytes, from ")


def test_a_member_that_is_longer_than_the_archive_says_is_refused(exports):
    content = b"n;t;a\n" + b"1;x;1\n" * 1000
    made = bytearray(zipped(("thing.txt", content)))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", made, made.index(mark) + at, 600)
    assert "is not valid zip" in refusal(exports, exports.declare(file="thing.zip"), bytes(made))


@pytest.mark.parametrize(("name", "kind"), [("thing.txt.bz2", "bzip2"), ("thing.zip", "zip")])
def test_damaged_and_cut_files_are_refused_whole(exports, name, kind):
    picked = random.Random(1)  # noqa: S311
    content = b"n;t;a\n" + b"".join(b"%d;%d;1\n" % (n, picked.randrange(10**9)) for n in range(3000))
    whole = bz2.compress(content) if kind == "bzip2" else zipped(("thing.txt", content))
    obj = exports.declare(file=name)
    assert exports.land(obj, whole).rows == 3000
    for cut in (1, 20, len(whole) // 2, len(whole) - 4):
        assert f"{kind}" in refusal(exports, obj, whole[:-cut])
    assert kind in refusal(exports, obj, content)
    body = range(60, len(whole) - 120)
    for at in picked.sample(body, 25):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << picked.randrange(8)
        assert kind in refusal(exports, obj, bytes(flipped))
    if kind == "bzip2":
        assert "is not valid bzip2" in refusal(exports, obj, whole + b"garbage")
        assert refusal(exports, obj, b"") == "the file is empty"
    assert refusal(exports, obj, bz2.compress(b"") if kind == "bzip2" else zipped(("t", b""))) == "the file is empty"


def test_a_wrong_checksum_is_refused(exports):
    made = zipped(("thing.txt", TEXT), method=zipfile.ZIP_STORED).replace(b"3;z", b"4;z")
    assert struct.pack("<I", zlib.crc32(TEXT)) in made
    assert "is not valid zip" in refusal(exports, exports.declare(file="thing.zip"), made)


def test_copies_are_found_through_archives(exports):
    obj = exports.declare(file="thing.zip")
    exports.write(zipped(("thing.txt", b"n;t;a\n1;x;1\n")), "thing.zip")
    exports.write(b"n;t;a\n1;x;1\n", "thing.txt")
    both = replace(obj, files=("thing.*",), take_all=True)
    assert [path.name for path in legacy_files(both, exports.base)] == ["thing.txt"]
