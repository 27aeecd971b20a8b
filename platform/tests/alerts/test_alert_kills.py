"""Killed at any instant and started again: every alert arrives, twice only if its first sending was never confirmed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from alert_kills import POINTS, facts, work

from bankmesh.alerts.delivery.alert_outbox import CONFIRMED, AlertOutbox
from bankmesh.alerts.incident_decisions import after

pytestmark = pytest.mark.system

PROGRAM = Path(__file__).parents[1] / "helpers/alert_kills.py"
FACTS = 6


def run_until_killed(database: str, url: str, point: str, hits: int) -> int:
    command = [sys.executable, str(PROGRAM), database, url, point, str(hits), str(FACTS)]
    return subprocess.run(command, timeout=60, check=False, capture_output=True).returncode


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("hits", [1, 4])
def test_a_kill_loses_nothing_and_repeats_only_what_was_not_confirmed(point, hits, tmp_path, http_receiver) -> None:
    database = f"sqlite:///{tmp_path / 'alerts.db'}"
    assert run_until_killed(database, http_receiver.url, point, hits) == -9

    work(database, http_receiver.url, FACTS)

    expected = [notice.id for notice in after("retail", {}, facts(FACTS))[1]]
    arrived = Counter(http_receiver.ids)
    assert list(dict.fromkeys(http_receiver.ids)) == expected
    assert {name for name, times in arrived.items() if times > 1} == (
        {expected[hits - 1]} if point == "alert-sent" else set()
    )
    assert max(arrived.values()) <= 2
    with AlertOutbox(database) as outbox:
        deliveries = [delivery for told in outbox.history(99) for delivery in told.deliveries]
    assert {delivery.state for delivery in deliveries} == {CONFIRMED}


def test_a_kill_between_reading_and_recording_is_as_if_nothing_was_read(tmp_path, http_receiver) -> None:
    database = f"sqlite:///{tmp_path / 'alerts.db'}"
    for hits in (1, 1, 1):
        assert run_until_killed(database, http_receiver.url, "alerts-recorded", hits) == -9
    with AlertOutbox(database) as outbox:
        assert outbox.position("retail") == 3
        assert len(outbox.unrouted("retail")) == 3
    work(database, http_receiver.url, FACTS)
    assert len(http_receiver.ids) == len(set(http_receiver.ids)) == FACTS
