"""`mesh run`: materialise products."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Annotated, TextIO

import typer
from rich.console import Console
from rich.markup import escape

from bankmesh.cli.name_completion import complete_selector
from bankmesh.cli.output import JsonOption, count
from bankmesh.cli.run_report import print_line, print_states_after, report_outcome
from bankmesh.contracts.shrink_tolerance import AcceptedShrink
from bankmesh.errors import BankmeshError
from bankmesh.names import step_of_asset
from bankmesh.orchestration.instance import open_instance
from bankmesh.settings import current_settings, remember_exports, require_exports
from bankmesh.workspace.stage_transitions import person

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bankmesh.orchestration.instance import Instance
    from bankmesh.orchestration.runner.run_outcome import RunOutcome, UnchangedAssets
    from bankmesh.settings import Settings


_FORWARD_SECONDS = 20.0
_NAME, _SHORT_NAME, _WIDE = 48, 30, 110
"""The width of names in lines of steps, also that on terminals that are not wide, and the width of one that is."""


class StepLines:
    """Progress on standard error: one line for each step, and on a terminal a spinner while it runs."""

    def __init__(self) -> None:
        # Dagster redirects the descriptor of standard error while steps run, which may lose lines.
        self._console = Console(file=_own_stderr(), highlight=False, soft_wrap=True)
        self._status = self._console.status("loading code locations ...")
        self._since: dict[str, float] = {}
        self._watched = self._console.is_terminal
        if self._watched:
            self._status.start()

    def started(self, step: str) -> None:
        """Show the running step."""
        self._since[step] = time.perf_counter()
        if self._watched:
            self._status.update(f"{_readable(step)} ...")

    def finished(self, step: str, notes: dict[str, object]) -> None:
        """Print version, rows, rejects, gate and duration of a step; of a confirmed version without what was built."""
        is_confirmed, rows = "confirmed" in notes, notes.get("dagster/row_count")
        warned = notes.get("warned")
        named = f": {', '.join(map(str, warned))}" if isinstance(warned, list) else ""
        parts = [f"{count(rows)} rows" if isinstance(rows, int) else "", f"{notes.get('gate', '')}{named}"]
        if isinstance(rejects := notes.get("rejects"), int) and rejects:
            parts.insert(1, f"{count(rejects)} rejected")
        if isinstance(unchanged := notes.get("partitions unchanged"), int) and not is_confirmed:
            parts.insert(1, f"built {notes['partitions built']}, {count(unchanged)} partitions unchanged")
        if isinstance(notes.get("version"), int):
            parts.insert(0, f"version {notes['version']}")
        said = ", ".join(part for part in parts if part)
        self._line("confirmed" if is_confirmed else "done", "green", step, said)

    def failed(self, step: str, message: str) -> None:
        """Print a failed step and its error."""
        self._line("failed", "red", step, "")
        self._console.print(message, markup=False)

    def decided(self, unchanged: UnchangedAssets) -> None:
        """Print the unchanged products, the reasons to build the others, and the number of unchanged landings."""
        landings = [key for key in unchanged.confirmed if "/landing/" in key]
        if landings:
            self._print_decision("confirmed", f"{len(landings)} landing{'s' * (len(landings) != 1)}", "files unchanged")
        for word, decided in (("confirmed", unchanged.confirmed), ("due", unchanged.reasons)):
            for key, why in decided.items():
                if key not in landings and (word == "confirmed" or unchanged.confirmed):
                    self._print_decision(word, _readable(step_of_asset(key)), why)

    def _print_decision(self, word: str, what: str, why: str) -> None:
        colour = "green" if word == "confirmed" else "yellow"
        self._print(colour, word, step_lines(f"{word:<9}", what, " " * 5, why, self._width))

    def stopping(self) -> None:
        """Show on the spinner, if there is one, that the run is being stopped."""
        if self._watched:
            self._status.update("stopping ... (Ctrl-C again ends at once)")

    def close(self) -> None:
        """Stop the spinner."""
        self._status.stop()

    def _line(self, word: str, colour: str, step: str, said: str) -> None:
        seconds = time.perf_counter() - self._since.get(step, time.perf_counter())
        self._print(colour, word, step_lines(f"{word:<6}", _readable(step), f"{seconds:6.1f} s", said, self._width))

    @property
    def _width(self) -> int | None:
        return self._console.width if self._watched else None

    def _print(self, colour: str, word: str, lines: list[str]) -> None:
        lines[0] = lines[0].removeprefix(word)
        # What is said may contain brackets, which are not markup.
        self._console.print(f"[{colour}]{word}[/{colour}]" + escape("\n".join(lines)))


def step_lines(word: str, what: str, seconds: str, said: str, width: int | None) -> list[str]:
    """Return the line of a step, or two where one would be cut at the edge of a terminal; None: it has no edge."""
    name = _NAME if width is None or width >= _WIDE else _SHORT_NAME
    line = f"{word} {what:<{name}} {seconds}  {said}"
    if width is None or len(line) <= width or not said:
        return [line]
    return [f"{word} {what:<{name}} {seconds}", f"{'':<{len(word)}} {said}"]


def _own_stderr() -> TextIO:
    try:
        return os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8")
    except (OSError, ValueError):  # it has no descriptor, as in a test that captures output
        return sys.stderr


def _readable(step: str) -> str:
    """Return what a step builds, as people write it: `retail.party@2`, `retail.landing.core_banking_trans`."""
    from bankmesh.names import readable_asset

    return readable_asset(step.replace("__", "/"))


def run(
    products: Annotated[
        list[str] | None,
        typer.Argument(
            help="Only these products and landings; by default all. "
            "A landing is SYSTEM.OBJECT. +NAME selects also what it reads, NAME+ what reads it.",
            metavar="[[+]NAME[+]...]",
            autocompletion=complete_selector,
        ),
    ] = None,
    *,
    upstream: Annotated[
        bool, typer.Option("--upstream", help="Build first what the named products read, as +NAME does for one.")
    ] = False,
    accept_shrink: Annotated[
        str | None, typer.Option(metavar="WHY", help="Accept that named products or landings shrink, in this run only.")
    ] = None,
    land: Annotated[
        bool, typer.Option(help="Land changed files that a named product reads before it is built.")
    ] = True,
    force: Annotated[bool, typer.Option(help="Build also what is unchanged.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Materialise every product that has changed. Exit 1 if one is not published, except for undelivered systems."""
    from bankmesh.orchestration.runner.asset_selectors import parse_selectors
    from bankmesh.orchestration.runner.local_runner import run_everything
    from bankmesh.products.inputs.source_changes import changed_landings
    from bankmesh.products.inputs.unread_exports import unread_of_landings

    settings = current_settings()
    accepted = _accepted(settings, products or [], accept_shrink)
    only = parse_selectors(settings.root, products or [], upstream=upstream)
    if not products:
        require_exports(settings.exports)
    remember_exports(settings)
    _calm_logs()
    lines = StepLines()
    try:
        with open_instance(settings) as instance:
            work = partial(
                run_everything,
                settings.root,
                instance,
                lines,
                only,
                accepted=accepted,
                changed=partial(changed_landings, settings),
                land=land,
                force=force,
            )
            outcome = _finished_or_stopped(work, instance, lines)
            lines.close()
            report_outcome(outcome, products or [], land=land)
            for unread in unread_of_landings(settings, outcome.landings):
                print_line(f"\nWarning: {unread}")
            _notify_others(settings, instance, outcome.replaced)
            print_states_after(settings, instance, outcome, as_json=as_json)
    finally:
        lines.close()
    raise typer.Exit(0 if outcome.success else 1)


class AcceptanceIncomplete(BankmeshError):
    """`--accept-shrink` lacks a reason, or names of products."""

    is_wrong_call = True


def _accepted(settings: Settings, names: list[str], why: str | None) -> AcceptedShrink | None:
    if why is None:
        return None
    if not why.strip():
        raise AcceptanceIncomplete('--accept-shrink is blank. State why fewer rows are right: --accept-shrink "why".')
    if not names:
        raise AcceptanceIncomplete(
            "--accept-shrink requires names. Name the products (domain.product) and landings "
            "(domain.landing.system_object) that may shrink."
        )
    return AcceptedShrink(" ".join(why.split()), person(settings.root))


def _finished_or_stopped(work: Callable[[], RunOutcome], instance: Instance, lines: StepLines) -> RunOutcome:
    """Return the outcome of the work; if stopped, end the process with one line and the signal's exit code."""
    from bankmesh.orchestration.runner.in_process_runs import cancel_runs_of_this_process
    from bankmesh.products.cancellation import NotStopped, run_cancellable

    try:
        outcome, cancellation = run_cancellable(work, lines.stopping)
        if cancellation.signal is None:
            return outcome
        code, line = cancellation.exit_code, _stop_line(outcome)
    except NotStopped as stop:
        cancel_runs_of_this_process(instance)
        code, line = stop.exit_code, "mesh: stopped while a step was still running. Run the command again to continue."
    lines.close()
    print_line(line)
    sys.stderr.flush()
    # Threads of dbt and Polars may still be in native code, and a normal exit would wait for them or crash.
    os._exit(code)


def _stop_line(outcome: RunOutcome) -> str:
    """Return what a stopped run had done. A commit is never interrupted, so a product in progress is not published."""
    from bankmesh.names import readable_asset

    products = sum("/landing/" not in key for key in outcome.published)
    running = ", ".join(readable_asset(key) for key in sorted(outcome.stopped))
    was = f", {running} was in progress and is not published" if running else ""
    before = f"{products} product{'s' * (products != 1)} published before"
    return f"mesh: stopped; {before}{was}. Run the command again to continue."


def _notify_others(settings: Settings, instance: Instance, replaced: Sequence[int]) -> None:
    """Do the work of the sensors, which need the daemon: forward lineage events and refresh the catalog."""
    from bankmesh.catalog.index.index_update import refresh
    from bankmesh.lineage.openlineage.event_forwarder import forward
    from bankmesh.lineage.openlineage.event_outbox import EventOutbox
    from bankmesh.lineage.openlineage.event_spool import drain_spool, spool_folder
    from bankmesh.orchestration.history.check_events import LoggedChecks
    from bankmesh.orchestration.retention.mesh_expiry import expire_replaced_confirmations
    from bankmesh.settings import has_lineage_receiver, lineage_database

    try:
        with EventOutbox(lineage_database(settings.home)) as outbox:
            drain_spool(spool_folder(settings.home), outbox)
            if has_lineage_receiver() and (stopped := forward(outbox, _FORWARD_SECONDS).stopped):
                print_line(f"\nLineage events are still in the outbox ({stopped}); `mesh lineage forward` sends them.")
    except Exception as error:  # noqa: BLE001 - the products are published; events stay in the outbox
        print_line(f"\nLineage events could not be sent: {type(error).__name__}. `mesh lineage forward` tries again.")
    try:
        if replaced:
            expire_replaced_confirmations(settings, instance, replaced)
    except Exception as error:  # noqa: BLE001 - no data is missing; `mesh expire` removes them later
        print_line(f"\nEvents of earlier confirmations could not be removed: {type(error).__name__}.")
    try:
        refresh(settings, LoggedChecks(instance))
    except BankmeshError as error:
        print_line(f"\nThe catalog is not up to date: {error}")
    except Exception as error:  # noqa: BLE001 - the same
        print_line(f"\nThe catalog is not up to date ({type(error).__name__}); `mesh catalog rebuild` rebuilds it.")


def _calm_logs() -> None:
    """Keep logs and warnings off standard error, which has the step lines; Dagster's event log has everything else."""
    import logging
    import warnings

    warnings.filterwarnings("ignore")
    # Python's resource tracker warns about resources that a process left open when it exits immediately.
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
