"""Lineage events of an attempt, written to the outbox: START when it begins, COMPLETE, FAIL or ABORT when it ends.

Nothing here fails a run. While the outbox is unreachable, events are stored as files beside the mesh's data.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError
from bankmesh.lineage.openlineage.attempt_facts import AttemptEnd
from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.lineage.openlineage.event_spool import spool_event
from bankmesh.lineage.openlineage.run_events import ABORT, COMPLETE, FAIL, ending_event, start_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bankmesh.lineage.openlineage.attempt_facts import InputFacts, JobFacts, OutputFacts, RunFacts
    from bankmesh.lineage.openlineage.run_events import Event


@dataclass
class Attempt:
    """One attempt whose events are emitted. `ending` is what is known so far; FAIL and ABORT events include it."""

    start: Event
    ending: AttemptEnd = field(default_factory=AttemptEnd)
    reported: bool = False

    _keep: Callable[[Event], None] = field(default=lambda _event: None, repr=False)

    def complete(self, ending: AttemptEnd) -> None:
        """Emit COMPLETE: the attempt has published."""
        self._end(COMPLETE, ending)

    def fail(self, error: str) -> None:
        """Emit FAIL: the attempt ended without publishing. `error` must not quote values of the data."""
        self._end(FAIL, _with_error(self.ending, error))

    def abort(self, error: str) -> None:
        """Emit ABORT: the attempt was stopped. `error` must not quote values of the data."""
        self._end(ABORT, _with_error(self.ending, error))

    def _end(self, kind: str, ending: AttemptEnd) -> None:
        if not self.reported:
            self.reported = True
            self._keep(ending_event(self.start, kind, ending, datetime.now(UTC)))


@contextmanager
def attempt(
    keep: Callable[[Event], None], run: RunFacts, job: JobFacts, inputs: list[InputFacts], output: OutputFacts
) -> Iterator[Attempt]:
    """Emit the START of an attempt. An exception inside ends it as FAIL, or as ABORT if it was stopped from outside."""
    start = start_event(run, job, inputs, output, datetime.now(UTC))
    keep(start)
    made = Attempt(start, _keep=keep)
    try:
        yield made
    except Exception as error:
        made.fail(_safe_text(error))
        raise
    except BaseException as stopped:
        made.abort(f"stopped: {type(stopped).__name__}")
        raise


def event_writer(
    database: str, spool: Path, run_id: str, asset: str, warn: Callable[[str], object]
) -> Callable[[Event], None]:
    """Return what writes the events of a run's attempt at an asset to the outbox, or to `spool`; it never raises."""

    def keep(event: Event) -> None:
        try:
            with EventOutbox(database) as outbox:
                outbox.keep(event, run_id, asset)
        except Exception as error:  # noqa: BLE001 - databases raise many errors, and lineage never fails a run
            # Only the class: the text of a database error quotes what was written.
            _put_aside(event, type(error).__name__)

    def _put_aside(event: Event, problem: str) -> None:
        try:
            spool_event(spool, event, run_id, asset)
        except OSError as error:
            causes = f"outbox: {problem}, disk: {error.strerror}"
            warn(f"OpenLineage: the {event['eventType']} event is lost; it could not be stored ({causes}).")
        else:
            warn(f"OpenLineage: the outbox is unreachable ({problem}); {event['eventType']} is stored on disk.")

    return keep


def _safe_text(error: Exception) -> str:
    """Return the error text that the run may show: of Bankmesh's own errors the text, of others only the class.

    Texts of other errors may quote values of the data.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BankmeshError):
            return str(cause)
        description = getattr(cause, "description", None)
        if isinstance(description, str) and description:
            return description
        cause = cause.__cause__
    return f"{type(error).__name__}; its message may quote values and is not shown"


def _with_error(known: AttemptEnd, error: str) -> AttemptEnd:
    return replace(known, error=error)
