"""The outbox and its forwarder: nothing lost, order kept, twice only what was never confirmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from lineage_forwarder import POINTS
from lineage_samples import DAGSTER_RUN, NOON, completed, started

from bankmesh.lineage.openlineage.attempt_facts import AttemptEnd
from bankmesh.lineage.openlineage.event_forwarder import NO_RECEIVER, OTHERS_TURN, forward
from bankmesh.lineage.openlineage.event_outbox import EventOutbox, events, pack_body, unpack_body
from bankmesh.lineage.openlineage.event_spool import drain_spool, spool_event
from bankmesh.lineage.openlineage.run_events import ABORT, FAIL, ending_event

PROGRAM = Path(__file__).parents[1] / "helpers/lineage_forwarder.py"
RUNS = 4


@pytest.fixture
def database(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'lineage.db'}"


@pytest.fixture
def outbox(database):
    """Four attempts, two of them told to their end."""
    with EventOutbox(database) as made:
        for number in range(RUNS):
            made.keep(started(number), DAGSTER_RUN, f"shop/spend_{number}")
        for number in range(2):
            made.keep(completed(number), DAGSTER_RUN, f"shop/spend_{number}")
        yield made


def kept(outbox: EventOutbox) -> list[tuple[str, str]]:
    return [(found.run_id, found.kind) for found in outbox.all_events()]


def send_to(monkeypatch, receiver) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", receiver.url)


@given(st.text())
def test_a_body_is_unpacked_as_it_was(text) -> None:
    assert unpack_body(pack_body(text)) == text


def test_events_of_an_earlier_release_are_read_as_they_were_kept(outbox, database, receiver, monkeypatch) -> None:
    before = [found.event for found in outbox.all_events()]
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        for number, body in connection.execute(sa.select(events.c.number, events.c.body)).all():
            plain = unpack_body(body)
            assert len(plain) > len(body) > 0
            connection.execute(sa.update(events).where(events.c.number == number).values(body=plain))
    engine.dispose()
    assert [found.event for found in outbox.all_events()] == before
    send_to(monkeypatch, receiver)
    assert forward(outbox, 30).sent == RUNS + 2


def test_what_arrives_is_what_was_kept_in_the_same_order(outbox, receiver, monkeypatch) -> None:
    send_to(monkeypatch, receiver)
    assert forward(outbox, 30).sent == RUNS + 2
    # The client tells its own version, as a tag of the run; all else is as it was kept.
    assert [event["run"]["facets"].pop("tags")["tags"][0]["key"] for event in receiver.events] == [
        "openlineage_client_version"
    ] * (RUNS + 2)
    assert receiver.events == [json.loads(found.body) for found in outbox.all_events()]
    assert outbox.counts() == {"pending": 0, "sent": RUNS + 2, "refused": 0}
    assert forward(outbox, 30).sent == 0


def test_without_a_receiver_events_are_kept_and_go_once_there_is_one(outbox, receiver, monkeypatch) -> None:
    assert forward(outbox, 30).stopped == NO_RECEIVER
    assert outbox.counts()["pending"] == RUNS + 2
    send_to(monkeypatch, receiver)
    forward(outbox, 30)
    assert receiver.told == kept(outbox)


def test_openlineages_own_settings_file_says_where(outbox, receiver, monkeypatch, tmp_path) -> None:
    file = tmp_path / "openlineage.yml"
    file.write_text(f"transport:\n  type: http\n  url: {receiver.url}\n  compression: gzip\n")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(file))
    assert forward(outbox, 30).sent == RUNS + 2
    assert receiver.told == kept(outbox)


def test_forwarding_leaves_the_environment_as_it_was(outbox, receiver, monkeypatch) -> None:
    send_to(monkeypatch, receiver)
    before = dict(os.environ)
    forward(outbox, 30)
    assert dict(os.environ) == before


def test_disabled_means_kept(outbox, receiver, monkeypatch) -> None:
    send_to(monkeypatch, receiver)
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert forward(outbox, 30).stopped == NO_RECEIVER
    assert receiver.asked == 0


def test_a_dead_receiver_loses_nothing_and_gets_all_in_order_when_it_is_back(
    outbox, receiver, monkeypatch, tmp_path
) -> None:
    # The client tries a dead one for some nine seconds unless it is told otherwise.
    file = tmp_path / "impatient.yml"
    file.write_text(f"transport: {{type: http, url: '{receiver.url}', retry: {{total: 0}}}}\n")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(file))
    receiver.stop()
    done = forward(outbox, 30)
    assert (done.sent, done.stopped) == (0, "ConnectionError")
    assert outbox.counts()["pending"] == RUNS + 2
    receiver.start()
    forward(outbox, 30)
    assert receiver.told == kept(outbox)


def test_a_receiver_that_is_at_fault_is_asked_again_later(outbox, receiver, monkeypatch) -> None:
    send_to(monkeypatch, receiver)
    receiver.refuse = {"shop.spend_1": 429}
    done = forward(outbox, 60)
    assert done.sent == 1
    assert done.stopped
    receiver.refuse = {}
    forward(outbox, 30)
    assert receiver.told == kept(outbox)


def test_an_event_that_the_receiver_will_not_have_holds_up_no_other(outbox, receiver, monkeypatch) -> None:
    send_to(monkeypatch, receiver)
    receiver.refuse = {"shop.spend_1": 422}
    done = forward(outbox, 30)
    assert (done.sent, done.refused, done.stopped) == (RUNS, 2, None)
    assert [found.error for found in outbox.all_events() if found.state == "refused"] == ["HTTPError 422"] * 2
    receiver.refuse = {}
    assert outbox.try_again() == 2
    assert forward(outbox, 30).sent == 2


def test_an_event_that_breaks_the_receiver_is_set_aside_once_others_are_taken(
    outbox, receiver, monkeypatch, tmp_path
) -> None:
    file = tmp_path / "impatient.yml"
    file.write_text(f"transport: {{type: http, url: '{receiver.url}', retry: {{total: 0}}}}\n")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(file))
    receiver.refuse = {"shop.spend_0": 500}
    for _ in range(4):
        assert forward(outbox, 30).stopped
    assert receiver.told == []
    done = forward(outbox, 30)
    assert (done.sent, done.refused) == (RUNS, 1)
    # Its ending breaks the receiver too; while nothing else is there to be taken, nobody knows whose fault it is.
    assert done.stopped
    for _ in range(5):
        forward(outbox, 30)
    assert outbox.counts() == {"pending": 1, "sent": RUNS, "refused": 1}
    receiver.refuse = {}
    assert forward(outbox, 30).sent == 1


def test_a_receiver_that_is_broken_for_all_gets_everything_in_the_end(outbox, receiver, monkeypatch, tmp_path) -> None:
    file = tmp_path / "impatient.yml"
    file.write_text(f"transport: {{type: http, url: '{receiver.url}', retry: {{total: 0}}}}\n")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(file))
    receiver.refuse = {f"shop.spend_{number}": 503 for number in range(RUNS)}
    for _ in range(12):
        assert forward(outbox, 30).sent == 0
    assert outbox.counts()["refused"] == 0
    receiver.refuse = {}
    forward(outbox, 30)
    assert receiver.told == kept(outbox)


def test_a_slow_receiver_costs_the_forwarder_its_time_and_nobody_else(outbox, receiver, monkeypatch) -> None:
    send_to(monkeypatch, receiver)
    receiver.delay = 0.5
    sending = threading.Thread(target=forward, args=(outbox, 1.2))
    sending.start()
    while not receiver.asked:
        time.sleep(0.01)
    begun = time.monotonic()
    outbox.keep(completed(2), DAGSTER_RUN, "shop/spend_2")
    assert time.monotonic() - begun < receiver.delay / 2
    sending.join()
    assert 0 < len(receiver.events) < RUNS + 3
    receiver.delay = 0
    forward(outbox, 30)
    assert receiver.told == kept(outbox)


def test_one_forwarder_at_a_time_has_its_turn(outbox, receiver, monkeypatch) -> None:
    send_to(monkeypatch, receiver)
    now = datetime.now(UTC)
    assert outbox.take_turn("another", now, 60)
    assert forward(outbox, 30).stopped == OTHERS_TURN
    assert not outbox.take_turn("a third", now, 60)
    assert outbox.take_turn("a third", now + timedelta(seconds=61), 60)
    outbox.end_turn("a third")
    assert forward(outbox, 30).stopped is None


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("hits", [1, 3])
def test_a_killed_forwarder_repeats_at_most_the_one_that_was_not_confirmed(
    point, hits, database, outbox, receiver, monkeypatch
) -> None:
    command = [sys.executable, str(PROGRAM), database, receiver.url, point, str(hits)]
    assert subprocess.run(command, timeout=60, check=False).returncode == -9
    assert len(receiver.events) == (hits if point == "lineage-sent" else hits - 1)
    send_to(monkeypatch, receiver)
    # The turn of the one that was killed is over after a while.
    later = datetime.now(UTC) + timedelta(minutes=10)
    assert outbox.take_turn("its successor", later, 0)
    outbox.end_turn("its successor")
    forward(outbox, 30)
    expected = kept(outbox)
    assert list(dict.fromkeys(receiver.told)) == expected
    twice = {key for key, times in Counter(receiver.told).items() if times > 1}
    assert twice == ({expected[hits - 1]} if point == "lineage-sent" else set())


def test_an_attempt_is_told_once_and_ends_once(outbox) -> None:
    before = kept(outbox)
    assert not outbox.keep(started(0), DAGSTER_RUN, "shop/spend_0")
    assert not outbox.keep(ending_event(started(0), ABORT, AttemptEnd(error="no"), NOON), DAGSTER_RUN, "shop/spend_0")
    assert kept(outbox) == before
    assert [found.asset for found in outbox.unfinished()] == ["shop/spend_2", "shop/spend_3"]
    assert outbox.keep(ending_event(started(2), FAIL, AttemptEnd(error="no"), NOON), DAGSTER_RUN, "shop/spend_2")
    assert [found.asset for found in outbox.unfinished()] == ["shop/spend_3"]


def test_many_writers_at_once_lose_nothing(database) -> None:
    def write(first: int) -> None:
        with EventOutbox(database) as mine:
            for number in range(first, first + 10):
                mine.keep(started(number), DAGSTER_RUN, f"shop/spend_{number}")

    threads = [threading.Thread(target=write, args=(start,)) for start in range(0, 60, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with EventOutbox(database) as outbox:
        assert len(set(kept(outbox))) == 60


def test_what_waited_on_disk_goes_into_the_outbox_in_order_and_once(outbox, tmp_path) -> None:
    folder = tmp_path / "waiting"
    spool_event(folder, started(8), DAGSTER_RUN, "shop/spend_8")
    spool_event(folder, completed(8), DAGSTER_RUN, "shop/spend_8")
    spool_event(folder, started(0), DAGSTER_RUN, "shop/spend_0")
    assert drain_spool(folder, outbox) == 3
    assert kept(outbox)[-2:] == [(started(8)["run"]["runId"], kind) for kind in ("START", "COMPLETE")]
    assert len(kept(outbox)) == RUNS + 4
    assert drain_spool(folder, outbox) == 0


def test_old_events_are_forgotten_once_they_are_sent_or_nobody_wants_them(outbox, receiver, monkeypatch) -> None:
    send_to(monkeypatch, receiver)
    receiver.refuse = {"shop.spend_3": 429}
    forward(outbox, 30)
    far = datetime.now(UTC) + timedelta(days=1)
    assert outbox.delete_before(far, unsent=False) == 3
    assert outbox.counts()["pending"] == 3
    assert outbox.delete_before(far, unsent=True) == 3
    assert kept(outbox) == []
