"""A port goes to the archive whole, with a manifest that shows later whether anything was changed."""

import hashlib
import json
from datetime import timedelta

import pytest
from port_samples import ids_read, publish_all

from bankmesh.errors import PortError
from bankmesh.fault_points import watch
from bankmesh.ports import Port, expire, port_at, read_history, stage
from bankmesh.ports.port_archive import MANIFEST, archive_place, archive_port, archived_port, changed_files

TEXT = "id: retail.party\nstatus: retired\n"


def home_of(port):
    return port.path.parents[3]


def archive(port, by="retail-data"):
    return archive_port(home_of(port), port.product, port.major, TEXT, by)


@pytest.fixture
def filled(port: Port) -> Port:
    """A port with two versions, and a candidate that nobody published."""
    publish_all(port, [1, 2])
    publish_all(port, [1, 2, 3])
    del_me = stage(port)
    (del_me.path / "0.parquet").write_bytes(b"refused rows")
    return port


def test_it_is_moved_as_it_is(filled: Port) -> None:
    known = read_history(filled)
    archived = archive(filled)
    assert archived.moved
    assert not filled.path.exists()
    place = archived_port(home_of(filled), "retail.party", 1)
    assert place == archived.port == archive_place(home_of(filled), "retail.party", 1)
    assert place.path == home_of(filled).resolve() / "archive/retail/party/v1"
    assert read_history(place) == known
    assert ids_read(place) == [1, 2, 3]
    assert ids_read(place, known[1].version) == [1, 2]


def test_the_manifest_says_what_was_promised_and_what_lies_there(filled: Port) -> None:
    archived = archive(filled, "Jan Novák")
    folder = archived.port.path
    said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    assert said == archived.manifest
    assert (said["format"], said["port"], said["major"], said["archived_by"]) == (1, "retail.party", 1, "Jan Novák")
    assert said["contract"] == TEXT
    assert [(v["version"], v["rows"], v["contract_version"]) for v in said["versions"]] == [
        (0, 2, "1.2.3"),
        (1, 3, "1.2.3"),
    ]
    digests = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {MANIFEST, ".port.lock", ".building"}
    }
    assert {entry["path"]: entry["sha256"] for entry in said["files"]} == digests
    assert sum(path.endswith(".parquet") for path in digests) == 2  # the candidate is not among them


def test_a_second_time_nothing_is_moved_and_files_are_held_against_the_manifest(filled: Port) -> None:
    first = archive(filled)
    again = archive(filled, "somebody else")
    assert (again.moved, again.manifest) == (False, first.manifest)
    assert changed_files(again) == []
    assert not filled.path.exists()
    parquet = next(again.port.path.rglob("*.parquet"))
    parquet.write_bytes(parquet.read_bytes()[:-1] + b"X")
    (again.port.path / "stray.parquet").write_bytes(b"")
    next(again.port.path.glob("_delta_log/*0.json")).unlink()
    assert changed_files(again) == sorted(
        ["_delta_log/00000000000000000000.json", str(parquet.relative_to(again.port.path)), "stray.parquet"]
    )


def test_what_was_never_published_leaves_nothing(port: Port) -> None:
    assert archive(port) is None
    expire(port, keep_candidates=timedelta(0), retention=None)  # makes the folder
    assert archive(port) is None
    assert archived_port(home_of(port), "retail.party", 1) is None


def test_majors_are_archived_apart(port: Port) -> None:
    second = port_at(home_of(port), "retail.party", 2)
    publish_all(port, [1])
    publish_all(second, [2])
    assert archive(port).moved
    assert ids_read(second) == [2]
    assert archive(second).port.path.name == "v2"
    assert ids_read(archived_port(home_of(port), "retail.party", 1)) == [1]


def test_a_build_under_way_is_not_moved_from_below_its_feet(port: Port) -> None:
    publish_all(port, [1])
    building = stage(port)
    with pytest.raises(PortError, match=rf"a build is running \({building.name}\)"):
        archive(port)
    assert ids_read(port) == [1]
    assert not (port.path / MANIFEST).exists()
    del building
    assert archive(port).moved


def test_a_port_that_is_archived_and_published_again_is_left_to_people(port: Port) -> None:
    publish_all(port, [1])
    archive(port)
    publish_all(port, [2])
    with pytest.raises(PortError, match="was published again at"):
        archive(port)
    assert ids_read(port) == [2]


class Cut(Exception):
    """Stands for the end of the process."""


def test_cut_short_before_the_move_it_is_read_as_before_and_finished_the_next_time(filled: Port) -> None:
    def cut(name: str) -> None:
        if name == "manifest-written":
            raise Cut

    watch(cut)
    try:
        with pytest.raises(Cut):
            archive(filled)
    finally:
        watch(None)
    assert archived_port(home_of(filled), "retail.party", 1) is None
    assert ids_read(filled) == [1, 2, 3]
    archived = archive(filled)
    assert archived.moved
    assert changed_files(archived) == []
