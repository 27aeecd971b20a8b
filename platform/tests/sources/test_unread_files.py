"""No file of a system's folder is ignored in silence; `files: {all: ...}` takes all that match, each content once."""

import gzip
import re
from dataclasses import replace

import polars as pl
import pytest

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.sources import land, passed_over, read_system, unread_files

COLUMNS = """
n: {type: long, required: true, classification: internal, description: A number.}
"""
ALL = re.compile(r"files: \[(.*)\]")


@pytest.fixture
def all_of(exports):
    """An object that takes all of some patterns."""

    def declare(*patterns: str, more: str = ""):
        exports.declare(COLUMNS, more=more)
        file = exports.base / "legacy.yaml"
        listed = ", ".join(f'"{pattern}"' for pattern in patterns)
        file.write_text(ALL.sub(f"files: {{all: [{listed}]}}", file.read_text(), count=1))
        return read_system(file).objects[0]

    return declare


def landed(exports, tmp_path, obj):
    target = tmp_path / f"landing-{len(list(tmp_path.iterdir()))}"
    target.mkdir()
    landing = land(obj, exports.base, target)
    return landing, pl.read_parquet(landing.rows_paths)


def rows(*numbers: int) -> bytes:
    return ("n\n" + "".join(f"{number}\n" for number in numbers)).encode()


def test_all_files_of_all_patterns_are_one_object_in_order_of_name(exports, tmp_path, all_of):
    exports.write(rows(3, 4), "b.csv")
    exports.write(rows(1, 2), "a_late.txt.gz")
    exports.write(rows(5), "c.csv")
    landing, found = landed(exports, tmp_path, all_of("*.csv", "a_*.txt.gz", more="file_as: file"))
    assert found["n"].to_list() == [1, 2, 3, 4, 5]
    assert found["file"].unique(maintain_order=True).to_list() == ["a_late.txt.gz", "b.csv", "c.csv"]
    assert [file.name for file in landing.files] == ["a_late.txt.gz", "b.csv", "c.csv"]


def test_each_content_is_taken_once_however_it_is_compressed(exports, tmp_path, all_of):
    exports.write(rows(1, 2), "a.csv")
    exports.write(rows(1, 2), "again.csv")
    exports.base.joinpath("packed.csv.gz").write_bytes(gzip.compress(rows(1, 2), mtime=7))
    exports.write(rows(3), "z.csv")
    obj = all_of("*.csv", "*.csv.gz", "a*")
    _, found = landed(exports, tmp_path, obj)
    assert found["n"].to_list() == [1, 2, 3]
    said = passed_over(obj, exports.base)
    assert said.copies == ("again.csv (as a.csv)", "packed.csv.gz (as a.csv)")
    assert said.taken == ("a.csv", "z.csv")
    assert said.files == ()


@pytest.mark.parametrize("name", ["b.csv", "b.csv.gz"])
def test_files_that_only_begin_alike_are_both_taken(exports, tmp_path, all_of, name):
    exports.write(rows(*range(30_000)), "a.csv")
    exports.write(rows(*range(30_001)), name)
    obj = all_of("*.csv", "*.csv.gz")
    _, found = landed(exports, tmp_path, obj)
    assert found["n"].to_list() == [*range(30_000), *range(30_001)]
    exports.write(rows(*range(30_000)), name)
    assert passed_over(obj, exports.base).copies == (f"{name} (as a.csv)",)


def test_files_taken_together_have_the_same_columns(exports, tmp_path, all_of):
    exports.write(rows(1), "a.csv")
    exports.write(b"m\n1\n", "b.csv")
    with pytest.raises(LegacyFileError, match=r"b\.csv"):
        landed(exports, tmp_path, all_of("a.csv", "b.csv"))


def test_a_reject_names_its_own_file_and_line(exports, tmp_path, all_of):
    exports.write(rows(1), "a.csv")
    exports.write(b"n\n2\nx\n", "b.txt")
    landing, _ = landed(exports, tmp_path, all_of("*.csv", "*.txt", more="rejects_tolerated: 1"))
    assert pl.read_parquet(landing.rejects_paths).select("file", "line").rows() == [("b.txt", 3)]


def test_what_an_earlier_pattern_wins_over_is_passed_over(exports):
    exports.write(rows(1), "thing.csv")
    exports.write(rows(2), "thing_first.csv")
    obj = replace(exports.declare(COLUMNS), files=("thing.csv", "thing_*.csv", "thing*.csv"))
    found = passed_over(obj, exports.base)
    assert (found.files, found.taken) == (("thing_first.csv",), ("thing.csv",))


def system(exports, name="legacy", ignore="", folder="."):
    text = (exports.base / "legacy.yaml").read_text().replace("system: legacy", f"system: {name}")
    text = text.replace("owner: team", f"owner: team\nfolder: {folder}{ignore and chr(10) + 'ignore: ' + ignore}")
    file = exports.base / f".{name}" / f"{name}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return read_system(file)


def test_files_that_no_object_takes_are_named_once_for_a_system(exports):
    data = exports.base / "data"
    (data / "deep").mkdir(parents=True)
    for name in ("thing.txt", "thing_2.txt", "deep/more.csv", "README.md", ".hidden", "names.json", "control.csv"):
        (data / name).write_bytes(rows(1))
    exports.declare(COLUMNS, more="complete_through: {control_file: control.csv}")
    mine = system(exports, folder="data", ignore="[names.json]")
    found = unread_files(mine, [mine], exports.base)
    assert found.untaken == ("deep/more.csv", "thing_2.txt")
    assert str(found) == "legacy, files not read: deep/more.csv, thing_2.txt (no object takes it)."
    assert not unread_files(replace(mine, folder="nowhere"), [mine], exports.base)


def test_systems_that_share_a_folder_take_their_files_together(exports):
    (exports.base / "data").mkdir()
    (exports.base / "other").mkdir()
    for name in ("data/thing.txt", "data/b.txt", "other/thing.txt", "other/c.txt"):
        (exports.base / name).write_bytes(rows(1))
    exports.declare(COLUMNS)
    mine = system(exports, folder="data")
    exports.declare(COLUMNS, file="b.txt")
    beside = system(exports, "beside", folder="data")
    exports.declare(COLUMNS)
    below = system(exports, "below", folder="other")
    assert not unread_files(mine, [mine, beside, below], exports.base)
    assert unread_files(mine, [mine], exports.base).untaken == ("b.txt",)
    assert unread_files(below, [mine, beside, below], exports.base).untaken == ("c.txt",)
    root = replace(mine, folder=".")
    assert "other/c.txt" not in unread_files(root, [root, beside, below], exports.base).untaken


@pytest.mark.parametrize(("written", "message"), [("{every: [a]}", "no key every"), ("{all: []}", "needs files")])
def test_files_are_a_list_or_all_of_a_list(exports, written, message):
    exports.declare(COLUMNS)
    file = exports.base / "legacy.yaml"
    file.write_text(ALL.sub(f"files: {written}", file.read_text(), count=1))
    with pytest.raises(SourceFaults, match=message):
        read_system(file)
