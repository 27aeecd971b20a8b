"""A commit that a disk or a power cut has damaged: an error that names it, and never the version before in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from port_samples import publish_all

from bankmesh.errors import PortError
from bankmesh.ports import latest, open_version, port_at, read_history
from bankmesh.ports.delta.commit_log import DamagedCommit, changes_rows

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.ports import Port


@pytest.fixture
def port(tmp_path: Path) -> Port:
    made = port_at(tmp_path, "retail.party", 1)
    for first in (1, 2):
        publish_all(made, range(first))
    return made


def _newest(port: Port) -> Path:
    return max((port.path / "_delta_log").glob("*.json"))


def test_wherever_it_is_cut_off_nobody_gets_the_version_before(port: Port) -> None:
    whole = _newest(port).read_bytes()
    ends = {0} | {at for at in range(len(whole)) if whole[at : at + 1] in b'}",'} | {len(whole) // 2, len(whole) - 1}
    lines = {at for at in range(len(whole)) if whole[at : at + 1] == b"\n"}
    for end in sorted(ends - lines):
        _newest(port).write_bytes(whole[:end])
        with pytest.raises(DamagedCommit, match=r"retail\.party: commit 1 of its Delta log is damaged"):
            latest(port)
    _newest(port).write_bytes(whole)
    assert latest(port).version == 1


@pytest.mark.parametrize("content", [b"", b"\n", b"\x00" * 100, b"not json\n", b'{"commitInfo":{"bankmesh":'])
def test_what_is_no_commit_is_an_error_of_every_reader(port: Port, content: bytes) -> None:
    _newest(port).write_bytes(content)
    for read in (latest, open_version, read_history):
        with pytest.raises(DamagedCommit) as caught:
            read(port)
        assert (caught.value.port, caught.value.version, caught.value.file) == ("retail.party", 1, _newest(port))
    if content.strip():
        with pytest.raises(PortError):
            changes_rows(port, 1)


@pytest.mark.parametrize("zeros", [1, 12, 200])
def test_a_commit_whose_beginning_was_lost_is_an_error(port: Port, zeros: int) -> None:
    whole = _newest(port).read_bytes()
    assert whole.index(b"\n") > zeros
    _newest(port).write_bytes(b"\x00" * zeros + whole[zeros:])
    for read in (latest, open_version, read_history):
        with pytest.raises(DamagedCommit):
            read(port)


@pytest.mark.parametrize("line", [b"[]", b"1", b'"text"', b"null"])
def test_a_line_that_is_no_action_is_an_error(port: Port, line: bytes) -> None:
    _newest(port).write_bytes(line + b"\n")
    with pytest.raises(DamagedCommit):
        changes_rows(port, 1)


def test_once_it_is_removed_readers_get_the_version_before(port: Port) -> None:
    _newest(port).write_bytes(b"")
    _newest(port).unlink()
    assert latest(port).version == 0


def test_a_table_that_the_library_cannot_open_is_an_error_without_its_stack(port: Port) -> None:
    first = min((port.path / "_delta_log").glob("*.json"))
    first.write_bytes(first.read_bytes()[:-2] + b"\n")  # older than what names the newest version
    with pytest.raises(PortError) as caught:
        open_version(port).scan_polars()
    assert "<unknown>" not in str(caught.value)
    assert "\n" not in str(caught.value)
