"""The forwarder: sends what the outbox holds, in order, to wherever OpenLineage's client is told to send.

One forwarder at a time has its turn, so events arrive in the order in which they were kept, and with them those of
each run. A sending is noted before it is tried and confirmed after it: killed in between, it is made once more.

Some receivers answer with a fault of their own to an event that they cannot digest. Such an event is in doubt after a
few attempts: the next run's events are tried, and if the receiver takes them, the one in doubt is set aside.
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
# What a client's error says when the receiver will not have this event, however often it is sent.
_NOT_FINAL = {408, 425, 429}
_CLIENT_ERRORS = range(400, 500)
_SERVER_ERRORS = range(500, 600)
# So often an event may meet a fault of the receiver's own before it is the event that is in doubt.
_DOUBTFUL_AFTER = 4


@dataclass(frozen=True)
class ForwardReport:
    """What one turn did: events sent and refused, and why it stopped before the end, if it did."""

    sent: int
    refused: int
    stopped: str | None

    def __str__(self) -> str:
        parts = [f"{self.sent} events sent"]
        parts += [f"{self.refused} refused"] if self.refused else []
        parts += [f"stopped: {self.stopped}"] if self.stopped else []
        return ", ".join(parts)


NO_RECEIVER = "no receiver is set (OPENLINEAGE_URL or openlineage.yml); events are kept"
OTHERS_TURN = "another process is forwarding"


def forward(outbox: EventOutbox, seconds: float) -> ForwardReport:
    """Send pending events for at most so many seconds; a receiver that fails ends the turn. Raises nothing of its own.

    What could not be sent is pending, in its place, for the next turn.
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
                    # The receiver is well, so what it would not have is at fault.
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
    """Pending events, in order, but for the runs of which one is in doubt."""
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
    """A sending that failed; `final`: never to be had; `at_fault`: the receiver says that the fault is its own."""

    problem: str
    final: bool
    at_fault: bool


def _client() -> OpenLineageClient:
    """OpenLineage's client as the environment sets it up, and the environment as it was before."""
    from openlineage.client import OpenLineageClient

    before = set(os.environ)
    try:
        return OpenLineageClient()
    finally:
        # It writes what it makes of OPENLINEAGE_URL into the environment, where it would outlive the variable.
        for name in set(os.environ) - before:
            del os.environ[name]


def _send(outbox: EventOutbox, client: OpenLineageClient, kept: OutboxEvent) -> _Answer | None:
    """Send one event; None if the receiver has taken it."""
    outbox.note_attempt(kept)
    reached("lineage-attempted")
    try:
        client.emit(run_event(kept.event))
        _wait_until_taken(client)
    except Exception as error:  # noqa: BLE001 - whatever a transport raises; its text may hold a URL with a secret
        status = getattr(getattr(error, "response", None), "status_code", None)
        problem = f"{type(error).__name__}{f' {status}' if status else ''}"
        final = status in _CLIENT_ERRORS and status not in _NOT_FINAL
        # After several answers of its kind the client gives up, and says so by another error.
        at_fault = status in _SERVER_ERRORS or type(error).__name__ == "RetryError"
        outbox.note_failure(kept, problem, refused=final)
        return _Answer(problem, final, at_fault)
    reached("lineage-sent")
    outbox.confirm(kept, datetime.now(UTC))
    return None


def _wait_until_taken(client: OpenLineageClient) -> None:
    """Some transports send behind one's back; what they have not finished is not confirmed. Raises TimeoutError."""
    wait = getattr(client.transport, "wait_for_completion", None)
    if wait is not None and not wait(timeout=_CONFIRMED_WITHIN):
        raise TimeoutError


def run_event(event: Event) -> Any:  # noqa: ANN401 - a class of a module that is loaded late
    """The event as the client wants it; facets stay the plain values that they are."""
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
    outbox.forget(datetime.now(UTC) - timedelta(days=LINEAGE_DAYS.read()), unsent=not has_lineage_receiver())
