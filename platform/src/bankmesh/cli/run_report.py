"""What `mesh run` prints at its end: what was not built and why, the state of what the run concerns, and the next step.

The tables describe what readers have; their last column is what the run did.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from rich.console import Console

from bankmesh.catalog.product_status import product_states
from bankmesh.cli.output import print_json
from bankmesh.cli.product_commands import print_states
from bankmesh.errors import ContractFaults
from bankmesh.names import is_landing, readable_asset
from bankmesh.settings import DEFAULT_HOME, is_run_by_make
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bankmesh.catalog.landing_status import LandingStatus
    from bankmesh.catalog.product_status import ProductStatus
    from bankmesh.orchestration.instance import Instance
    from bankmesh.orchestration.runner.run_outcome import RunOutcome
    from bankmesh.settings import Settings


def report_outcome(outcome: RunOutcome, named: Sequence[str], *, land: bool) -> None:
    """Print why assets were not built, and which landings were made first. `named` are the names as they were typed."""
    for fault in outcome.not_loaded:
        print_line(f"\n{fault}")
    if outcome.cycles:
        print_line(f"\nNot run, because of cycles. {outcome.cycles}")
    for message in outcome.not_delivered.values():
        print_line(f"\nAbsent: {message}")
    for message in outcome.held.values():
        print_line(f"\nNot built: {message}")
    if outcome.skipped:
        print_line(f"\nSkipped, because their inputs are not published: {_listed(outcome.skipped)}.")
    _report_unbuilt(outcome, named)
    _report_sources(outcome, land=land)


def print_line(text: str) -> None:
    """Print a line on standard error, which has the progress; the terminal wraps it."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def _report_unbuilt(outcome: RunOutcome, named: Sequence[str]) -> None:
    """Print the unbuilt inputs of the named products, and the command that builds them."""
    if outcome.unbuilt and (outcome.failed or outcome.skipped):
        lacking = [readable_asset(key) for key in outcome.unbuilt]
        print_line(
            f"\nInputs of {', '.join(named)} were never built: {', '.join(lacking)}. "
            f"`mesh run {' '.join([*lacking, *named])}` builds them first; `mesh run` builds everything."
        )


def _report_sources(outcome: RunOutcome, *, land: bool) -> None:
    """Print the landings that were made first, those that were refused, and those that are older than their files."""
    if landed := outcome.landed_first & outcome.up_to_date:
        print_line(f"\nLanded first, because their files are new or have changed: {_listed(landed)}.")
    if refused := outcome.landed_first & outcome.failed:
        print_line(f"\nNot landed, although their files are new or have changed: {_listed(refused)}; see above.")
    if outcome.newer:
        why = "the products between them and the named ones are not named" if land else "--no-land is set"
        print_line(f"\nNot landed, although their files are new or have changed: {_listed(outcome.newer)}; {why}.")


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(sorted(map(readable_asset, keys)))


def print_states_after(settings: Settings, instance: Instance, outcome: RunOutcome, *, as_json: bool) -> None:
    """Print the state of each product or, if assets were named, of the products and landings that the run concerns.

    As JSON it is the state of each product in any case.
    """
    from bankmesh.orchestration.history.check_events import LoggedChecks

    this_run = outcome.by_port()
    try:
        states = product_states(workspace_contracts(settings.root), settings.home, LoggedChecks(instance))
    except ContractFaults:
        return  # already reported as the reason why a location does not load
    if as_json:
        _print_json(states, outcome)
        return
    landings = _landing_states(settings, outcome) if outcome.named else []
    if landings:
        from bankmesh.cli.landing_output import print_landing_states

        print_line("")
        print_landing_states(landings, this_run)
    shown = [state for state in states if state.contract.port in this_run] if outcome.named else states
    if shown:
        print_line("")
        print_states(shown, this_run)
    if outcome.success and (steps := _next_steps(outcome, landings)):
        print_line(f"\nNext: {steps}")
    if is_run_by_make() and settings.home != (settings.root / DEFAULT_HOME).resolve():
        print_line(f"For `mesh` and `make dev` over the same home: export MESH_HOME={quote(str(settings.home))}")


def _print_json(states: Iterable[ProductStatus], outcome: RunOutcome) -> None:
    this_run, reasons = outcome.by_port(), {readable_asset(key): why for key, why in outcome.build_reasons.items()}
    print_json(
        [
            {
                **state.to_json(),
                "this_run": this_run.get(state.contract.port),
                "made_because": reasons.get(state.contract.port),
            }
            for state in states
        ]
    )


def _landing_states(settings: Settings, outcome: RunOutcome) -> list[LandingStatus]:
    """Return the state of each landing that the run tried to make."""
    from bankmesh.catalog.landing_status import landing_status
    from bankmesh.workspace.landing_names import declared_landings

    tried = outcome.up_to_date | outcome.failed | outcome.absent
    return [landing_status(settings.home, name) for name in declared_landings(settings.root) if name.asset in tried]


def _next_steps(outcome: RunOutcome, landings: Sequence[LandingStatus]) -> str:
    """Return what to do with what was built; empty if nothing suggests itself."""
    if not outcome.named:
        return (
            "`mesh search WORDS` finds a product, `mesh show PRODUCT` and `mesh get PRODUCT` read one, "
            "`mesh lineage PRODUCT.COLUMN` shows the sources of a column, `make dev` opens the Dagster UI."
        )
    built = sorted(readable_asset(key) for key in outcome.up_to_date & outcome.named if not is_landing(key))
    if built:
        return f"`mesh show {built[0]}` shows its columns and versions, `mesh get {built[0]}` reads it."
    named = [landing.name for landing in landings if landing.name.asset in outcome.named]
    if not named:
        return ""
    if readers := outcome.readers - outcome.up_to_date:
        return f"`mesh run {named[0].short}+` builds what reads it: {_listed(readers)}."
    if outcome.readers:
        return ""
    return (
        f"no product reads it yet; `mesh new product {named[0].domain}.NAME --kind dbt --from {named[0].short}` "
        "writes one (or --kind polars)."
    )
