"""Each kind of damage does what it says, and where it says."""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING

import pytest

from demo_bank.corrupt import KINDS, NothingToDamageError, corrupt, main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def copy(exports: Path, tmp_path: Path) -> Path:
    """Return a copy that may be damaged."""
    shutil.copytree(exports, tmp_path / "copy")
    return tmp_path / "copy"


def lines(file: Path) -> list[bytes]:
    """Return the lines of a compressed file."""
    return gzip.decompress(file.read_bytes()).splitlines(keepends=True)


EXPECTED: dict[str, Callable[[bytes, bytes], bool]] = {
    "truncated-row": lambda before, after: before.startswith(after.strip()) and after.count(b";") == 2,
    "unknown-code": lambda before, after: b'"STORNO"' in after and before[:5] == after[:5],
    "orphan-account": lambda before, after: after.split(b";")[1] == b"999999999" != before.split(b";")[1],
    "wrong-encoding": lambda before, after: b"\xa9" in after and b"\xa9" not in before,
    "bad-birth-number": lambda before, after: (
        after.split(b";")[1][3:5] == b"13" and len(before) == len(after)
    ),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_damage_to_one_line_changes_that_line_only(exports: Path, copy: Path, kind: str) -> None:
    damage = corrupt(copy, kind)
    before = lines(exports / damage.file.relative_to(copy))
    after = lines(damage.file)
    assert damage.line is not None
    changed = [number for number, (a, b) in enumerate(zip(before, after, strict=True), start=1) if a != b]
    assert changed == [damage.line]
    assert EXPECTED[kind](before[damage.line - 1], after[damage.line - 1])


def test_duplicate_transaction_repeats_the_line_above(exports: Path, copy: Path) -> None:
    damage = corrupt(copy, "duplicate-transaction")
    after = lines(damage.file)
    assert damage.line is not None
    assert after[damage.line - 1] == after[damage.line - 2]
    assert len(after) == len(lines(exports / damage.file.relative_to(copy))) + 1


def test_missing_column_is_gone_from_every_line(copy: Path) -> None:
    after = lines(corrupt(copy, "missing-column").file)
    assert b"k_symbol" not in after[0]
    assert {line.count(b";") for line in after} == {8}


def test_empty_and_missing_files(copy: Path) -> None:
    assert lines(corrupt(copy, "empty-file").file) == []
    assert not corrupt(copy, "missing-file").file.exists()
    with pytest.raises(NothingToDamageError, match=r"account\.asc\.gz: no such file"):
        corrupt(copy, "missing-file")


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_says_what_it_did(copy: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(copy), kind]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{kind}: {copy}")
