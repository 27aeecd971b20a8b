"""Parts of landings: which files are parsed, which are taken over, and what is done where that is not possible."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from bankmesh.errors import LegacyFileError
from bankmesh.fault_points import watch
from bankmesh.sources import expire_landings, expire_rejects, land_compared, landing_folder
from bankmesh.sources.landing_record import Landing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bankmesh.sources import LegacyObject

MORE = "complete_through: {otherwise: last_day, column: day}\nrejects_tolerated: 100\nfile_as: source"
COLUMNS = """
n: {type: long, required: true, classification: internal, description: A number.}
day: {type: date, format: "%Y-%m-%d", classification: internal, description: A day.}
"""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file of these tests is large enough for a part of its own."""
    monkeypatch.setattr("bankmesh.sources.landing_parts.PART_BYTES", 1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Path:
    return landing_folder(home, "retail", "legacy", "thing")


@pytest.fixture
def months(exports) -> LegacyObject:
    """Four months, of which the second and the third have a row that is rejected."""
    for month in (1, 2, 3, 4):
        write(exports, month, bad=month in (2, 3))
    return exports.declare(COLUMNS, file="part-*.txt", more=MORE)


def write(exports, month: int, *, bad: bool = False) -> None:
    text = f"n;day\n{month};2024-0{month}-01\n" + "x;2024-01-01\n" * bad
    exports.write(text.encode(), f"part-{month}.txt")


@pytest.fixture
def landed(exports, home) -> Callable[[LegacyObject], Landing]:
    return lambda obj: land_compared(obj, exports.base, home, "retail")[0]


def numbers(landing: Landing) -> list[int]:
    return pl.read_parquet(landing.rows_paths)["n"].to_list()


def rejected(landing: Landing) -> list[tuple[str, int]]:
    return pl.read_parquet(landing.rejects_paths).select("file", "line").rows()


def inodes(paths: list[Path]) -> set[int]:
    return {path.stat().st_ino for path in paths}


class TestTakingOver:
    def test_only_a_new_file_is_parsed(self, exports, months, landed):
        first = landed(months)
        assert [path.name for path in first.rows_paths] == [f"rows-0000{at}.parquet" for at in (1, 2, 3, 4)]
        assert [path.name for path in first.rejects_paths] == ["rejects-00002.parquet", "rejects-00003.parquet"]
        assert first.files_taken_over == 0
        write(exports, 5)
        second = landed(months)
        assert (second.files_taken_over, numbers(second), second.rows_in) == (4, [1, 2, 3, 4, 5], 7)
        assert rejected(second) == [("part-2.txt", 3), ("part-3.txt", 3)]
        assert second.complete_through == dt.date(2024, 5, 1)
        assert inodes(first.rows_paths) < inodes(second.rows_paths)
        assert inodes(first.rejects_paths) == inodes(second.rejects_paths)
        assert {part.parsed_in for part in second.parts} == {first.fingerprint, None}
        assert Landing.read(second.folder) == second

    def test_a_part_names_the_landing_that_parsed_it_however_often_it_was_taken_over(self, exports, months, landed):
        first = landed(months)
        write(exports, 5)
        landed(months)
        write(exports, 6)
        assert {part.parsed_in for part in landed(months).parts[:4]} == {first.fingerprint}

    def test_a_file_in_the_middle_moves_the_parts_behind_it(self, exports, months, landed):
        landed(months)
        exports.write(b"n;day\n7;2024-01-15\n", "part-1a.txt")
        exports.base.joinpath("part-3.txt").unlink()
        landing = landed(months)
        assert (landing.files_taken_over, numbers(landing)) == (3, [1, 7, 2, 4])
        assert rejected(landing) == [("part-2.txt", 3)]

    def test_a_renamed_or_corrected_file_is_parsed(self, exports, months, landed):
        landed(months)
        exports.base.joinpath("part-2.txt").rename(exports.base / "part-2b.txt")
        write(exports, 3)
        landing = landed(months)
        assert landing.files_taken_over == 2
        assert rejected(landing) == [("part-2b.txt", 3)]
        assert pl.read_parquet(landing.rows_paths)["source"].to_list()[1] == "part-2b.txt"

    def test_another_declaration_has_all_files_parsed(self, exports, months, landed):
        landed(months)
        other = exports.declare(COLUMNS, file="part-*.txt", more=MORE.replace("100", "50"))
        assert landed(other).files_taken_over == 0

    def test_another_control_file_has_none_parsed(self, exports, landed):
        exports.write(b"n;day\n1;2024-01-01\n", "part-1.txt")
        obj = exports.declare(COLUMNS, file="part-*.txt", more="complete_through: {control_file: c.csv}")
        for day in ("2024-01-01", "2024-01-02"):
            exports.write(f"object;rows;complete_through\nthing;1;{day}\n".encode(), "c.csv")
            landing = landed(obj)
            assert landing.complete_through == dt.date.fromisoformat(day)
        assert (landing.files_taken_over, landing.rows_paths) == (1, [landing.folder / "rows.parquet"])
        exports.write(b"object;rows;complete_through\nthing;2;2024-01-03\n", "c.csv")
        with pytest.raises(LegacyFileError, match="says 2 rows of thing; the export has 1"):
            landed(obj)

    def test_files_of_a_refused_attempt_are_taken_over(self, exports, months, landed):
        first = landed(months)
        write(exports, 5)
        exports.write(b"n;day\n" + b"x;2024-01-01\n" * 200, "part-6.txt")
        assert not landed(months).acceptable
        write(exports, 6)
        landing = landed(months)
        assert (landing.files_taken_over, landing.acceptable) == (5, True)
        assert landing.parts[0].parsed_in == first.fingerprint

    def test_where_links_do_not_work_files_are_copied(self, exports, months, landed, monkeypatch):
        first = landed(months)
        write(exports, 5)

        def refuse(*_paths: Path) -> None:
            raise OSError("no links here")

        monkeypatch.setattr(os, "link", refuse)
        second = landed(months)
        assert (second.files_taken_over, numbers(second)) == (4, [1, 2, 3, 4, 5])
        assert not inodes(first.rows_paths) & inodes(second.rows_paths)


class TestWhatCannotBeTakenOver:
    @pytest.mark.parametrize("damage", ["gone", "cut", "flipped"])
    @pytest.mark.parametrize("kind", ["rows", "rejects"])
    def test_a_part_of_damaged_files_is_parsed(self, exports, months, landed, kind, damage):
        first = landed(months)
        path = first.folder / f"{kind}-00002.parquet"
        content = bytearray(path.read_bytes())
        if damage == "gone":
            path.unlink()
        else:
            content[30] ^= 1
            path.write_bytes(content if damage == "flipped" else content[:-1])
        write(exports, 5)
        second = landed(months)
        assert (second.files_taken_over, numbers(second)) == (3, [1, 2, 3, 4, 5])
        assert rejected(second) == [("part-2.txt", 3), ("part-3.txt", 3)]

    def test_a_landing_that_lost_a_part_is_made_again_from_its_other_parts(self, months, landed):
        first = landed(months)
        first.rows_paths[1].unlink()
        again = landed(months)
        assert (again.fingerprint, again.files_taken_over, numbers(again)) == (first.fingerprint, 3, [1, 2, 3, 4])

    def test_parts_with_rejects_are_parsed_once_those_have_expired(self, exports, home, months, landed):
        first = landed(months)
        expired = expire_rejects(home, first.landed_at + dt.timedelta(seconds=1))
        assert set(expired) == set(first.rejects_paths)
        assert first.rejects_expired
        write(exports, 5)
        second = landed(months)
        assert second.files_taken_over == 2
        assert rejected(second) == [("part-2.txt", 3), ("part-3.txt", 3)]

    def test_a_landing_of_an_earlier_release_is_read_and_not_taken_over(self, exports, months, landed, monkeypatch):
        monkeypatch.setattr("bankmesh.sources.landing_parts.PART_BYTES", 1000)
        first = landed(months)
        record = json.loads((first.folder / "landing.json").read_text())
        del record["parts"], record["digest"]
        (first.folder / "landing.json").write_text(json.dumps(record))
        old = landed(months)
        assert (old.parts, numbers(old), len(rejected(old))) == ((), [1, 2, 3, 4], 2)
        write(exports, 5)
        second = landed(months)
        assert (second.files_taken_over, numbers(second)) == (0, [1, 2, 3, 4, 5])


class TestChangesMeanwhile:
    """A landing is refused if a file changes after it was first read, whether it is parsed or taken over."""

    @pytest.fixture(autouse=True)
    def unwatched(self) -> Iterator[None]:
        yield
        watch(None)

    @pytest.mark.parametrize("month", [1, 5])
    def test_a_file_that_changes_is_refused(self, exports, store, months, landed, month):
        first = landed(months)
        write(exports, 5)
        before = exports.base.joinpath(f"part-{month}.txt").stat()

        def change(_point: str) -> None:
            path = exports.base / f"part-{month}.txt"
            path.write_bytes(path.read_bytes().replace(b"2024", b"2023"))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        watch(change)
        with pytest.raises(LegacyFileError, match="files of thing changed while they were read"):
            landed(months)
        assert {path.name for path in store.iterdir() if path.is_dir()} == {first.fingerprint}

    def test_a_file_that_is_only_touched_is_not(self, exports, months, landed):
        landed(months)
        write(exports, 5)
        watch(lambda _point: os.utime(exports.base / "part-1.txt"))
        assert numbers(landed(months)) == [1, 2, 3, 4, 5]


def test_expiry_counts_only_bytes_that_it_frees(exports, store, months, landed):
    landings = [landed(months)]
    for month in (5, 6, 7):
        write(exports, month)
        landings.append(landed(months))
    landings[0].rows_paths[0].unlink()  # one file less that others share
    assert expire_landings(store).bytes == 0
    assert [path.exists() for path in landings[1].rows_paths] == [False] * 5
    assert numbers(landings[3]) == [1, 2, 3, 4, 5, 6, 7]
    exports.write(b"n;day\n9;2024-09-01\n", "part-1.txt")
    for month in (8, 9):
        write(exports, month)
        landed(months)
    gone = landings[2].rows_paths[0].stat().st_size
    assert landings[3].rows_paths[0].stat().st_nlink == 2
    assert expire_landings(store).bytes == gone


KILLED = """
import os, signal, sys
from pathlib import Path
from bankmesh.fault_points import watch
from bankmesh.sources import land_compared, landing_parts, read_system
landing_parts.PART_BYTES = 1
points = iter(range(int(sys.argv[3])))
watch(lambda _point: next(points, None) is None and os.kill(os.getpid(), signal.SIGKILL))
land_compared(read_system(Path(sys.argv[1]) / "legacy.yaml").objects[0], Path(sys.argv[1]), Path(sys.argv[2]), "retail")
"""


@pytest.mark.parametrize("parts_made", [1, 4])
def test_a_kill_leaves_the_landing_before_and_the_next_one_whole(exports, home, store, months, landed, parts_made):
    first = landed(months)
    write(exports, 5)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(exports.base), str(home), str(parts_made)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(store.glob(".incoming-*/rows-*"))) == parts_made + 1
    assert numbers(first) == [1, 2, 3, 4]
    second = landed(months)
    assert (second.files_taken_over, numbers(second)) == (4, [1, 2, 3, 4, 5])
    for left in store.glob(".incoming-*"):
        shutil.rmtree(left)
    assert numbers(second) == [1, 2, 3, 4, 5]
