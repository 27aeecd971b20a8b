"""Keeping landings: fingerprints, the pointer, what happens on refusal, damage and expiry."""

import datetime as dt
import json
from dataclasses import replace

import polars as pl
import pytest

from bankmesh.errors import LegacyFileError
from bankmesh.sources import accept, current_landing, expire_rejects, fingerprint, land_object, prepare
from bankmesh.sources import export_files as exports_module

GOOD = b"n;t;a\n1;x;1\n2;y;2\n"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def store(home):
    return home / "landings" / "retail" / "legacy" / "thing"


def current(home):
    return current_landing(home, "retail", "legacy", "thing")


def test_a_landing_is_kept_under_its_fingerprint_and_becomes_current(exports, home, store):
    obj = exports.declare()
    assert current(home) is None
    path = exports.write(GOOD)
    landing = land_object(obj, exports.base, home, "retail")
    assert landing == current(home)
    assert landing.fingerprint == fingerprint(obj, exports.base)
    assert landing.folder == store / landing.fingerprint
    assert sorted(p.name for p in store.iterdir()) == sorted([landing.fingerprint, "attempt.json", "current.json"])
    record = json.loads((landing.folder / "landing.json").read_text())
    assert {k: record[k] for k in ("domain", "system", "object", "rows_in", "rows", "rejects", "complete_through")} == {
        "domain": "retail", "system": "legacy", "object": "thing", "rows_in": 2, "rows": 2, "rejects": 0,
        "complete_through": None,
    }  # fmt: skip
    assert record["files"][0]["size"] == path.stat().st_size
    assert [c["name"] for c in record["columns"]] == ["n", "t", "a"]
    assert landing.landed_at.tzinfo is not None


def test_the_same_files_are_not_landed_again(exports, home, store):
    obj = exports.declare()
    exports.write(GOOD)
    first = land_object(obj, exports.base, home, "retail")
    before = first.rows_paths[0].stat().st_mtime_ns
    assert land_object(obj, exports.base, home, "retail") == first
    assert first.rows_paths[0].stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", ["no rows", "cut rows", "no record", "cut record"])
def test_a_damaged_landing_is_made_again(exports, home, damage):
    obj = exports.declare()
    exports.write(GOOD)
    first = land_object(obj, exports.base, home, "retail")
    path = first.rows_paths[0] if "rows" in damage else first.folder / "landing.json"
    path.write_bytes(path.read_bytes()[:20]) if "cut" in damage else path.unlink()
    again = land_object(obj, exports.base, home, "retail")
    assert pl.read_parquet(again.rows_paths).height == 2
    assert again.fingerprint == first.fingerprint


def test_the_fingerprint_follows_bytes_declaration_and_control_file(exports):
    exports.write(GOOD)
    obj = exports.declare()
    marks = [fingerprint(obj, exports.base)]
    assert fingerprint(exports.declare(), exports.base) == marks[0]
    marks.append(fingerprint(exports.declare(more="rejects_tolerated: 1"), exports.base))
    controlled = exports.declare(more="complete_through: {control_file: c.csv}")
    marks.append(fingerprint(controlled, exports.base))
    exports.write(b"object;rows;complete_through\nthing;2;2024-01-01\n", "c.csv")
    marks.append(fingerprint(controlled, exports.base))
    exports.write(GOOD + b"3;z;3\n")
    marks.append(fingerprint(obj, exports.base))
    assert len(set(marks)) == len(marks)
    absent = exports.declare(more="optional: true", file="nothing.txt")
    assert fingerprint(absent, exports.base) == fingerprint(absent, exports.base)


def test_too_many_rejects_leave_the_landing_before_current(exports, home):
    obj = exports.declare()
    exports.write(GOOD)
    first = land_object(obj, exports.base, home, "retail")
    exports.write(GOOD + b"bad\n")
    second = land_object(obj, exports.base, home, "retail")
    assert not second.acceptable
    assert current(home) == first
    assert pl.read_parquet(second.rejects_paths).height == 1
    accept(second)
    assert current(home) == second


def test_rows_that_do_not_add_up_are_never_accepted(exports, home):
    obj = exports.declare()
    exports.write(GOOD)
    landing = prepare(obj, exports.base, home, "retail")
    lost = replace(landing, rows=1)
    assert not lost.acceptable
    with pytest.raises(LegacyFileError, match="2 records gave 1 rows and 0 rejects"):
        accept(lost)
    assert current(home) is None


def test_a_refused_file_leaves_nothing_but_its_refusal_behind(exports, home, store):
    obj = exports.declare()
    exports.write(b"n;t\n1;x\n")
    with pytest.raises(LegacyFileError):
        land_object(obj, exports.base, home, "retail")
    assert [path.name for path in store.iterdir()] == ["attempt.json"]


def test_a_file_that_changes_while_it_is_read_is_refused(exports, home, store, monkeypatch):
    obj = exports.declare()
    exports.write(GOOD)
    read = exports_module.read_delivery

    def read_and_change(*given):
        delivery = read(*given)
        exports.write(GOOD + b"3;z;3\n")
        return delivery

    monkeypatch.setattr("bankmesh.sources.landing_store.read_delivery", read_and_change)
    with pytest.raises(LegacyFileError, match="files of thing changed while they were read"):
        land_object(obj, exports.base, home, "retail")
    assert [path.name for path in store.iterdir()] == ["attempt.json"]


def test_what_a_killed_process_left_is_cleared_after_a_day(exports, home, store):
    import os

    obj = exports.declare()
    exports.write(GOOD)
    old, young = store / ".incoming-old", store / ".incoming-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    land_object(obj, exports.base, home, "retail")
    assert not old.exists()
    assert young.exists()


def test_rejects_expire_and_rows_stay(exports, home):
    obj = exports.declare(more="rejects_tolerated: 1")
    exports.write(GOOD + b"bad\n")
    landing = land_object(obj, exports.base, home, "retail")
    assert expire_rejects(home, landing.landed_at) == ()
    assert expire_rejects(home, landing.landed_at + dt.timedelta(seconds=1)) == tuple(landing.rejects_paths)
    assert not landing.rejects_paths[0].exists()
    assert current(home) == landing
    assert land_object(obj, exports.base, home, "retail") == landing
    assert expire_rejects(home / "nowhere", dt.datetime.now(dt.UTC)) == ()
