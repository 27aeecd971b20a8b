"""The forwarder: sends the events of the outbox, in order, to the receiver configured for OpenLineage's client.

One forwarder runs at a time, so events arrive in the order in which they were stored, also within each run. An
attempt to send is recorded before it is made and confirmed after it: if the process is killed in between, the event is
sent once more.

Some receivers answer with a server error to an event that they cannot process. Such an event is in doubt after a few
attempts: the events of the next run are sent, and if the receiver accepts one, the event in doubt is set aside.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bankmesh.fault_points import reached
from bankmesh.settings import LINEAGE_DAYS, has_lineage_receiver

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient

    from bankmesh.lineage.openlineage.event_outbox import EventOutbox, OutboxEvent
    from bankmesh.lineage.openlineage.run_events import Event

_TURN_SECONDS = 120.0
_CONFIRMED_WITHIN = 20.0
# Client errors are final: the receiver will refuse this event again. These statuses are the exceptions.
_NOT_FINAL = {408, 425, 429}
_CLIENT_ERRORS = range(400, 500)
_SERVER_ERRORS = range(500, 600)
# After so many attempts that end in a server error, the event itself is in doubt and no longer the receiver.
_DOUBTFUL_AFTER = 4


@dataclass(frozen=True)
class ForwardReport:
    """The result of one turn: events sent and refused, and why it stopped early, if it did."""

    sent: int
    refused: int
    stopped: str | None

    def __str__(self) -> str:
        parts = [f"{self.sent} events sent"]
        parts += [f"{self.refused} refused"] if self.refused else []
        parts += [f"stopped: {self.stopped}"] if self.stopped else []
        return ", ".join(parts)


NO_RECEIVER = "no receiver is set (OPENLINEAGE_URL or openlineage.yml); events are only stored"
OTHERS_TURN = "another process is forwarding"


def forward(outbox: EventOutbox, seconds: float) -> ForwardReport:
    """Send pending events for at most `seconds`; a failing receiver ends the turn. Raises no errors of the receiver.

    Events that could not be sent stay pending, in their order, for the next turn.
    """
    _forget_old(outbox)
    if not has_lineage_receiver():
        return ForwardReport(0, 0, NO_RECEIVER)
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    if not outbox.take_turn(holder, datetime.now(UTC), seconds + _TURN_SECONDS):
        return ForwardReport(0, 0, OTHERS_TURN)
    try:
        return _forward(outbox, time.monotonic() + seconds)
    finally:
        outbox.end_turn(holder)


def _forward(outbox: EventOutbox, deadline: float) -> ForwardReport:
    sent = refused = 0
    stopped: str | None = None
    doubtful: list[tuple[OutboxEvent, str]] = []
    client = _client()
    try:
        while stopped is None and (waiting := _next(outbox, doubtful)):
            for kept in waiting:
                if time.monotonic() > deadline:
                    stopped = "out of time"
                    break
                answer = _send(outbox, client, kept)
                if answer is None:
                    sent += 1
                    # The receiver works, so the events that it did not accept are at fault.
                    refused += _set_aside(outbox, doubtful)
                elif answer.final:
                    refused += 1
                elif answer.at_fault and kept.attempts >= _DOUBTFUL_AFTER:
                    doubtful.append((kept, answer.problem))
                    break
                else:
                    stopped = answer.problem
                    break
    finally:
        client.close(0)
    return ForwardReport(sent, refused, stopped)


def _next(outbox: EventOutbox, doubtful: list[tuple[OutboxEvent, str]]) -> list[OutboxEvent]:
    """Return pending events in order, without those of runs that have an event in doubt."""
    runs = {kept.run_id for kept, _ in doubtful}
    return [kept for kept in outbox.pending() if kept.run_id not in runs]


def _set_aside(outbox: EventOutbox, doubtful: list[tuple[OutboxEvent, str]]) -> int:
    for kept, problem in doubtful:
        outbox.note_failure(kept, problem, refused=True)
    found = len(doubtful)
    doubtful.clear()
    return found


@dataclass(frozen=True)
class _Answer:
    """A failed attempt to send. `final`: retrying is useless; `at_fault`: the receiver reported an error of its own."""

    problem: str
    final: bool
    at_fault: bool


def _client() -> OpenLineageClient:
    """Return OpenLineage's client, configured from the environment; the environment is left unchanged."""
    from openlineage.client import OpenLineageClient

    before = set(os.environ)
    try:
        return OpenLineageClient()
    finally:
        # The client writes settings derived from OPENLINEAGE_URL into the environment, where they would outlive it.
        for name in set(os.environ) - before:
            del os.environ[name]


def _send(outbox: EventOutbox, client: OpenLineageClient, kept: OutboxEvent) -> _Answer | None:
    """Send one event; return None if the receiver accepted it, else the failure."""
    outbox.note_attempt(kept)
    reached("lineage-attempted")
    try:
        client.emit(run_event(kept.event))
        _wait_until_taken(client)
    except Exception as error:  # noqa: BLE001 - transports raise anything; the text may hold a URL with a secret
        status = getattr(getattr(error, "response", None), "status_code", None)
        problem = f"{type(error).__name__}{f' {status}' if status else ''}"
        final = status in _CLIENT_ERRORS and status not in _NOT_FINAL
        # After several server errors the client stops retrying and raises RetryError instead.
        at_fault = status in _SERVER_ERRORS or type(error).__name__ == "RetryError"
        outbox.note_failure(kept, problem, refused=final)
        return _Answer(problem, final, at_fault)
    reached("lineage-sent")
    outbox.confirm(kept, datetime.now(UTC))
    return None


def _wait_until_taken(client: OpenLineageClient) -> None:
    """Wait for transports that send in the background, so that only sent events are confirmed. Raises TimeoutError."""
    wait = getattr(client.transport, "wait_for_completion", None)
    if wait is not None and not wait(timeout=_CONFIRMED_WITHIN):
        raise TimeoutError


def run_event(event: Event) -> Any:  # noqa: ANN401 - a class of a module that is loaded late
    """Return the event as an object of OpenLineage's client; facets stay plain values."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

    made = RunEvent(
        eventType=RunState(event["eventType"]),
        eventTime=event["eventTime"],
        run=Run(event["run"]["runId"], event["run"]["facets"]),
        job=Job(event["job"]["namespace"], event["job"]["name"], event["job"]["facets"]),
        inputs=[InputDataset(**dataset) for dataset in event["inputs"]],
        outputs=[OutputDataset(**dataset) for dataset in event["outputs"]],
        producer=event["producer"],
    )
    made.schemaURL = event["schemaURL"]
    return made


def _forget_old(outbox: EventOutbox) -> None:
    outbox.delete_before(datetime.now(UTC) - timedelta(days=LINEAGE_DAYS.read()), unsent=not has_lineage_receiver())
