"""Confirmations beside the Delta log: what was right when, and what survives kills, expiry and other people's commits."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from deltalake import DeltaTable
from port_samples import ids_read, publish_all, publish_months

from bankmesh.errors import PortError
from bankmesh.ports import (
    confirm,
    confirmations,
    expire,
    expire_confirmations,
    fresh_since,
    is_intact,
    latest,
    open_version,
    own_publications,
    withdraw,
)
from bankmesh.ports.confirmations import CONFIRMATIONS

if TYPE_CHECKING:
    from bankmesh.ports import Port

NOON = datetime(2130, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _moments(port: Port) -> list[datetime]:
    return [item.at for item in confirmations(port)]


def test_freshness_counts_from_the_last_confirmation_of_that_version(port: Port) -> None:
    first = publish_all(port, [1])
    assert fresh_since(port, first) == first.published_at
    assert confirm(port, first, NOON)
    assert confirm(port, first, NOON + HOUR)
    assert _moments(port) == [NOON, NOON + HOUR]
    assert fresh_since(port, first) == NOON + HOUR
    second = publish_all(port, [2])
    assert fresh_since(port, second) == second.published_at
    assert confirm(port, first, NOON) is None
    assert len(confirmations(port)) == 2


def test_a_confirmation_changes_no_version_and_no_row(port: Port) -> None:
    made = publish_all(port, [1])
    confirm(port, made, NOON)
    assert DeltaTable(str(port.path)).version() == 0
    assert ids_read(port) == [1]
    assert latest(port) == made


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_line_that_a_kill_cut_short_is_passed_over(port: Port, cut: int) -> None:
    made = publish_all(port, [1])
    confirm(port, made, NOON)
    file = port.path / CONFIRMATIONS
    whole = file.stat().st_size
    confirm(port, made, NOON + HOUR)
    os.truncate(file, whole + cut)
    assert _moments(port) == [NOON]
    assert confirm(port, made, NOON + 2 * HOUR)
    assert _moments(port) == [NOON, NOON + 2 * HOUR]


def test_what_is_no_confirmation_is_passed_over(port: Port) -> None:
    made = publish_all(port, [1])
    (port.path / CONFIRMATIONS).write_bytes(
        b'{"version": 0}\n[]\nnull\n\xff\xfe\n{"version": 0, "candidate": "x", "at": "2030"}\n'
    )
    assert confirmations(port) == ()
    confirm(port, made, NOON)
    assert _moments(port) == [NOON]


def test_old_confirmations_expire_but_the_last_of_each_readable_version(port: Port) -> None:
    first = publish_all(port, [1])
    for hours in range(3):
        confirm(port, first, NOON + hours * HOUR)
    assert expire_confirmations(port, NOON + HOUR) == 1
    assert expire_confirmations(port, NOON + 9 * HOUR) == 1
    assert _moments(port) == [NOON + 2 * HOUR]
    publish_all(port, [2])
    assert expire_confirmations(port, NOON) == 0
    expire(port, keep_candidates=HOUR, retention=timedelta(0))
    assert expire_confirmations(port, NOON) == 1
    assert confirmations(port) == ()


def test_a_version_is_intact_while_all_its_files_are_there_and_whole(port: Port) -> None:
    made = publish_months(port, {"2024-01-01": [1], "2024-02-01": [2]})
    assert is_intact(port, made)
    file = open_version(port).files()[0]
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    assert not is_intact(port, made)
    file.write_bytes(content)
    assert is_intact(port, made)
    file.unlink()
    assert not is_intact(port, made)


def test_publications_are_followed_back_to_where_somebody_else_changed_rows(port: Port) -> None:
    publish_months(port, {"2024-01-01": [1], "2024-02-01": [2]})
    publish_months(port, {"2024-01-01": [3]})
    assert [made.version for made in own_publications(port)] == [1, 0]
    DeltaTable(str(port.path)).delete("id = 2")
    publish_months(port, {"2024-01-01": [4]})
    assert [made.version for made in own_publications(port)] == [3]


def test_a_commit_that_changes_no_row_ends_nothing(port: Port) -> None:
    publish_all(port, [1])
    publish_all(port, [2])
    with pytest.raises(PortError):
        withdraw(port, 7, by="ada", reason="none such")
    withdraw(port, 0, by="ada", reason="wrong")
    publish_all(port, [3])
    assert [made.version for made in own_publications(port)] == [3, 1, 0]


def test_nothing_is_published(port: Port) -> None:
    assert list(own_publications(port)) == []
    assert confirmations(port) == ()
    assert expire_confirmations(port, NOON) == 0
