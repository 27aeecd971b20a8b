"""Whatever happened before, a landing that takes parts over equals one that is made from the same files alone."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from unittest import mock

import polars as pl
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bankmesh.contracts.shrink_tolerance import AcceptedShrink
from bankmesh.errors import LegacyFileError
from bankmesh.fault_points import watch
from bankmesh.sources import (
    Landing,
    LegacyObject,
    current_landing,
    expire_landings,
    expire_rejects,
    land_compared,
    landing_folder,
    read_system,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DECLARATION = """\
system: legacy
description: A system.
owner: team
format: {{delimiter: ";", encoding: ascii}}
objects:
  thing:
    description: Things.
    files: {files}
    file_as: source
    rejects_tolerated: {tolerated}
    complete_through: {{control_file: c.csv, otherwise: last_day, column: day}}
    columns:
      n: {{type: {type}, classification: internal, description: A number.}}
      day: {{type: date, format: "%Y-%m-%d", classification: internal, description: A day.}}
"""
ROWS = ["1;2024-01-01", "2;2024-02-01", "3;2023-01-01", "", "x;2024-05-05", "4", ";2024-03-09"]

names = st.integers(0, 9).map(lambda number: f"part-{number}.txt")
contents = st.lists(st.sampled_from(ROWS), max_size=6).map("\n".join)
steps = st.one_of(
    st.tuples(st.just("write"), names, contents),
    st.tuples(st.just("write"), names, contents),
    st.tuples(st.just("remove"), names),
    st.tuples(st.just("rename"), names, names),
    st.tuples(st.just("copy"), names, names),
    st.tuples(
        st.just("declare"),
        st.sampled_from(["long", "string"]),
        st.sampled_from([0, 9]),
        st.sampled_from(['["part-*.txt"]', '{all: ["part-*.txt"]}']),
    ),
    st.tuples(st.just("control"), st.sampled_from(["2024-06-06", ""])),
    st.tuples(st.just("damage"), st.integers(0, 99), st.sampled_from(["gone", "cut", "flipped"])),
    st.tuples(st.just("expire_rejects")),
    st.tuples(st.just("expire_landings")),
    st.tuples(st.just("kill"), st.integers(1, 5)),
)


ACCEPTED = AcceptedShrink("files come and go", "Jana")


class Killed(BaseException):
    """Ends a landing where a kill would: nothing of it is cleared away."""


@dataclass
class World:
    """A home that goes through all that happens, and the exports that are landed in it."""

    base: Path
    tainted: set[Path] = field(default_factory=set)
    """Landings that hold other bytes than were written, which is not noticed while their files are the same."""

    def __post_init__(self) -> None:
        self.exports, self.home = self.base / "exports", self.base / "home"
        self.exports.mkdir()
        self.store = landing_folder(self.home, "retail", "legacy", "thing")
        self.declare("long", 9, '["part-*.txt"]')
        self.write("part-4.txt", ROWS[0])

    def write(self, name: str, content: str) -> None:
        (self.exports / name).write_text(f"n;day\n0;2022-02-02\n{content}\n")

    def remove(self, name: str) -> None:
        (self.exports / name).unlink(missing_ok=True)

    def rename(self, name: str, target: str) -> None:
        with suppress(FileNotFoundError):
            (self.exports / name).rename(self.exports / target)

    def copy(self, name: str, target: str) -> None:
        with suppress(FileNotFoundError):
            (self.exports / target).write_bytes((self.exports / name).read_bytes())

    def declare(self, column_type: str, tolerated: int, files: str) -> None:
        text = DECLARATION.format(type=column_type, tolerated=tolerated, files=files)
        (self.base / "legacy.yaml").write_text(text)

    def control(self, day: str) -> None:
        """A control file of the right number of rows, or none."""
        (self.exports / "c.csv").unlink(missing_ok=True)
        with suppress(LegacyFileError), TemporaryDirectory() as folder:
            if day:
                rows = land_compared(self.declared, self.exports, Path(folder), "retail")[0].rows_in
                (self.exports / "c.csv").write_text(f"object;rows;complete_through\nthing;{rows};{day}\n")

    def damage(self, at: int, how: str) -> None:
        files = sorted(self.store.glob("*/*.parquet"))
        if not files:
            return
        path = files[at % len(files)]
        if how == "gone":
            path.unlink()
            return
        same = [other.parent for other in files if other.samefile(path)]
        content = bytearray(path.read_bytes())
        content[min(30, len(content) - 1)] ^= 1
        path.write_bytes(content if how == "flipped" else content[:-1])
        self.tainted.update(same)

    def expire_rejects(self) -> None:
        expire_rejects(self.home, dt.datetime.now(dt.UTC) + dt.timedelta(days=1))

    def expire_landings(self) -> None:
        if self.store.is_dir():
            expire_landings(self.store)

    def kill(self, after: int) -> None:
        """Kill a landing after so many parts."""
        points = iter(range(1, after))

        def stop(_point: str) -> None:
            if next(points, None) is None:
                raise Killed

        watch(stop)
        try:
            with mock.patch("bankmesh.sources.landing_store.shutil.rmtree"), suppress(Killed, LegacyFileError):
                self.land()
        finally:
            watch(None)

    def land(self) -> Landing:
        return land_compared(self.declared, self.exports, self.home, "retail", ACCEPTED)[0]

    def records(self) -> dict[Path, tuple[int, int]]:
        """What changes of a landing when it is made again."""
        found = ((path.parent, path.stat()) for path in self.store.glob("*/landing.json"))
        return {folder: (stat.st_ino, stat.st_mtime_ns) for folder, stat in found}

    @property
    def declared(self) -> LegacyObject:
        return read_system(self.base / "legacy.yaml").objects[0]

    def check(self) -> None:
        """Land, and compare with a landing that has nothing before it."""
        with TemporaryDirectory() as folder:
            expected = outcome(lambda: land_compared(self.declared, self.exports, Path(folder), "retail")[0])
            before = self.records()
            found = outcome(self.land)
            if isinstance(expected, str) or isinstance(found, str):
                assert found == expected
                return
            is_new = self.records()[found.folder] != before.get(found.folder)
            event(f"taken over: {found.files_taken_over > 0}")
            if is_new:
                self.tainted.discard(found.folder)
            if found.folder not in self.tainted:
                compare(found, expected, with_rejects=is_new or not found.rejects_expired)
        current = current_landing(self.home, "retail", "legacy", "thing")
        assert not found.acceptable or (current is not None and current.fingerprint == found.fingerprint)


def outcome(land: Callable[[], Landing]) -> Landing | str:
    try:
        return land()
    except LegacyFileError as error:
        return str(error)


def compare(found: Landing, expected: Landing, *, with_rejects: bool) -> None:
    for name in (
        "fingerprint", "files", "rows_in", "rows", "rejects", "blank_lines", "rejects_tolerated", "within_tolerance",
        "complete_through", "columns", "digest",
    ):  # fmt: skip
        assert getattr(found, name) == getattr(expected, name), name
    assert pl.read_parquet(found.rows_paths).rows() == pl.read_parquet(expected.rows_paths).rows()
    assert sum(part.files for part in found.parts) == len(found.files)
    if with_rejects and found.rejects:
        assert pl.read_parquet(found.rejects_paths).rows() == pl.read_parquet(expected.rejects_paths).rows()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=2, max_size=9), st.sampled_from([1, 60, 10_000]), st.sampled_from([0, 2, 16]))
def test_a_landing_with_parts_taken_over_equals_one_made_from_its_files_alone(done, part_bytes, most_small):
    sizes = {"PART_BYTES": part_bytes, "MOST_SMALL": most_small}
    with TemporaryDirectory() as folder, mock.patch.multiple("bankmesh.sources.landing_parts", **sizes):
        world = World(Path(folder))
        for step, *values in done:
            getattr(world, step)(*values)
            world.check()
