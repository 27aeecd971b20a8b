"""Recorded reads: one line each, whole, whoever writes at the same time, and never in a reader's way."""

from __future__ import annotations

import json
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bankmesh.catalog.recorded_reads import RecordedRead, consumer_name, read_use, record_use, recorded_use, use_files
from bankmesh.settings import CONSUMER

if TYPE_CHECKING:
    import pytest


def test_a_read_is_one_line(tmp_path: Path) -> None:
    record_use(tmp_path, "retail.party@2", 7, ["name", "birth_date"], "user:ada")
    (file,) = use_files(tmp_path)
    assert file.name == f"{datetime.now(UTC):%Y-%m}.jsonl"
    told = json.loads(file.read_text(encoding="utf-8"))
    at = datetime.fromisoformat(told.pop("at"))
    assert (at.utcoffset().total_seconds(), abs((datetime.now(UTC) - at).total_seconds()) < 60) == (0, True)
    assert told == {
        "product": "retail.party",
        "major": 2,
        "version": 7,
        "columns": ["name", "birth_date"],
        "consumer": "user:ada",
    }


def test_reads_come_back_in_order(tmp_path: Path) -> None:
    record_use(tmp_path, "retail.party", 1, None, "user:ada")
    record_use(tmp_path, "retail.party@2", 2, ["name"], "desk")
    found = [(use.port, use.version, use.columns, use.consumer) for use in recorded_use(tmp_path)]
    assert found == [("retail.party", 1, None, "user:ada"), ("retail.party@2", 2, ("name",), "desk")]


def test_a_torn_line_is_passed_over_and_one_that_is_not_whole_waits(tmp_path: Path) -> None:
    record_use(tmp_path, "retail.party", 1, None, "user:ada")
    (file,) = use_files(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"at": "2026-01\n[1]\nnull\n' + whole + whole[:-20])
    found, offset = read_use(file, 0)
    assert [use.version for use in found] == [1, 1]
    assert offset == len(whole) * 2 + len(b'{"at": "2026-01\n[1]\nnull\n')
    with file.open("ab") as stream:
        stream.write(whole[-20:])
    assert [use.version for use in read_use(file, offset)[0]] == [1]


def _record(home: Path, number: int) -> None:
    for version in range(50):
        record_use(home, "retail.party", version, [f"column_{n}" for n in range(100)], f"consumer{number}")


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_record, args=(tmp_path, number)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    (file,) = use_files(tmp_path)
    assert len(file.read_bytes().splitlines()) == 200
    found = list(recorded_use(tmp_path))
    assert sorted((use.consumer, use.version) for use in found) == [
        (f"consumer{number}", version) for number in range(4) for version in range(50)
    ]


def test_a_home_that_cannot_be_written_stops_no_reader(tmp_path: Path) -> None:
    (tmp_path / "use").write_text("a file, where a folder should be")
    record_use(tmp_path, "retail.party", 1, None, "user:ada")
    assert list(recorded_use(tmp_path)) == []


def test_who_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONSUMER, raising=False)
    monkeypatch.setenv("LOGNAME", "ada")
    assert consumer_name() == "user:ada"
    monkeypatch.setenv(CONSUMER, " investment.risk_desk ")
    assert consumer_name() == "investment.risk_desk"


def test_who_reads_in_a_container_without_names(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def nobody(_number: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in (CONSUMER, "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert consumer_name().startswith("user:")
    assert consumer_name().removeprefix("user:").isdigit()


@given(
    columns=st.none() | st.lists(st.text(min_size=1), min_size=1, unique=True),
    consumer=st.text(min_size=1),
    version=st.integers(0, 2**40),
    major=st.integers(1, 9),
)
def test_whatever_is_noted_comes_back(tmp_path_factory, columns, consumer, version, major) -> None:
    home = tmp_path_factory.mktemp("home")
    port = "a.b" if major == 1 else f"a.b@{major}"
    record_use(home, port, version, columns, consumer)
    (found,) = recorded_use(home)
    assert found == RecordedRead(found.at, port, version, None if columns is None else tuple(columns), consumer)
