"""Telling of an attempt: its START when it begins, its ending when it ends, both into the outbox.

Nothing here fails a run. While the outbox is out of reach, events wait as files beside the mesh's data.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bankmesh.errors import BankmeshError
from bankmesh.lineage.openlineage.attempt_facts import AttemptEnd
from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.lineage.openlineage.event_spool import put_aside
from bankmesh.lineage.openlineage.run_events import ABORT, COMPLETE, FAIL, ending_event, start_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bankmesh.lineage.openlineage.attempt_facts import InputFacts, JobFacts, OutputFacts, RunFacts
    from bankmesh.lineage.openlineage.run_events import Event


@dataclass
class Attempt:
    """One attempt that is being told of. `ending` is what is known of it so far; a failure takes it along."""

    start: Event
    ending: AttemptEnd = field(default_factory=AttemptEnd)
    told: bool = False

    _keep: Callable[[Event], None] = field(default=lambda _event: None, repr=False)

    def complete(self, ending: AttemptEnd) -> None:
        """It has published."""
        self._end(COMPLETE, ending)

    def fail(self, error: str) -> None:
        """It has ended without publishing; `error` may quote no value."""
        self._end(FAIL, _with_error(self.ending, error))

    def abort(self, error: str) -> None:
        """It was stopped."""
        self._end(ABORT, _with_error(self.ending, error))

    def _end(self, kind: str, ending: AttemptEnd) -> None:
        if not self.told:
            self.told = True
            self._keep(ending_event(self.start, kind, ending, datetime.now(UTC)))


@contextmanager
def attempt(
    database: str,
    spool: Path,
    run: RunFacts,
    job: JobFacts,
    inputs: list[InputFacts],
    output: OutputFacts,
    warn: Callable[[str], Any],
) -> Iterator[Attempt]:
    """Tell of an attempt. Whatever is raised inside ends it as FAIL, or as ABORT if it was stopped from outside."""
    keep = _keeper(database, spool, run, warn)
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


def _keeper(database: str, spool: Path, run: RunFacts, warn: Callable[[str], Any]) -> Callable[[Event], None]:
    def keep(event: Event) -> None:
        try:
            with EventOutbox(database) as outbox:
                outbox.keep(event, run.dagster_run, run.asset)
        except Exception as error:  # noqa: BLE001 - whatever a database out of reach raises: lineage never fails a run
            # The class alone: the text of a database error quotes what was written.
            _put_aside(event, f"{type(error).__name__}", warn)

    def _put_aside(event: Event, problem: str, warn: Callable[[str], Any]) -> None:
        try:
            put_aside(spool, event, run.dagster_run, run.asset)
        except OSError as error:
            warn(f"OpenLineage: {event['eventType']} is lost, neither outbox ({problem}) nor disk ({error.strerror}).")
        else:
            warn(f"OpenLineage: the outbox is out of reach ({problem}); {event['eventType']} waits on disk.")

    return keep


def _safe_text(error: Exception) -> str:
    """What the run itself may show: our own errors' texts, and of others only the class, since texts quote values."""
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
