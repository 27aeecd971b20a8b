"""Reads of every way leave nothing behind that is hidden, and are on record; with a defect, the check fails.

`make leak SEED=n N=5000` makes as many reads as it takes to be sure. Here are few, and the same check finds each mutant.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from leak.canaries import MARKER, SCRIPT, CanaryBook
from leak.leak_check import check_leaks
from leak.mutants import MUTANTS
from leak.read_ways import WAYS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_hidden_leaves_and_every_read_is_on_record(tmp_path, way) -> None:
    reads = {"scan": 30, "filter": 20, "to": 15, "sql": 15, "get": 10}.get(way, 3)
    report = check_leaks(tmp_path, 1, reads, (way,))
    assert (report.leaks, report.gaps) == ([], [])
    assert sum(report.counts.values()) == reads
    assert report.bytes[way] > 0


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_check_fails_with_a_defect(commands, tmp_path, mutant) -> None:
    variables = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "tests", ROOT / "platform/tests/helpers")))
    }
    words = ["python", "-m", "leak.leak_check", "--reads", "60", "--ways", "filter,scan", "--mutant", mutant]
    done = commands.run(words, tmp_path, variables)
    *_, last = done.stdout.splitlines()
    leaks, gaps = (int(part.split()[0]) for part in last.split(", "))
    assert done.returncode == 1, done.stdout + done.stderr
    if mutant == "audit-off":
        assert (leaks, gaps > 0) == (0, True)
    else:
        assert leaks > 0, done.stdout


SPELLINGS = {
    "plain": str.encode,
    "reversed": lambda text: text[::-1].encode(),
    "upper case": lambda text: text.upper().encode(),
    "UTF-16": lambda text: text.encode("utf-16-le"),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 of a longer text": lambda text: base64.b64encode(b"ab" + text.encode()),
    "base64 of another text": lambda text: base64.b64encode(b"abcd" + text.encode()),
    "JSON": lambda text: json.dumps({"a": text}).encode(),
    "a URL": lambda text: quote(text).encode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("marker", [MARKER, SCRIPT])
def test_a_text_is_found_however_it_is_spelt(marker, spelling) -> None:
    book = CanaryBook()
    text = book.text("a cell", marker)
    assert book.search(SPELLINGS[spelling](text))
    assert not book.search(SPELLINGS[spelling]("another text"))


def test_numbers_and_dates_are_found_however_they_are_spelt() -> None:
    book = CanaryBook()
    number, day = book.number("a number"), book.date("a day")
    spellings = (f"{number}", f"{number:,}", f"{number:_}", f"{number}.37", f"{number}3700", f"{number}"[::-1])
    days = (f"{day}", f"12{day}34", f"{day:%Y%m%d}", f"x{day:%Y%m%d}123456")
    for text in (*spellings, *days, f"({(day - type(day)(1970, 1, 1)).days},)"):
        assert [leak.cell for leak in book.search(text.encode())], text
    assert book.search(number.to_bytes(8, "little").rjust(20, b"x"))
    assert book.search(b"7391400000000 1713-01-01 2024-05-06 -93784.5") == []
    assert book.search(f"a moment since 1970: {day:%Y%m%d}00000000".encode()) == []
