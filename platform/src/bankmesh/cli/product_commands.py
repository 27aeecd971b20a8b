"""`mesh products`: the list of products, and the table of their states."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.catalog.product_status import OUTCOMES
from bankmesh.cli.name_completion import complete_domain, complete_product
from bankmesh.cli.output import JsonOption, ago, count, print_json, print_table, warn_of_reader
from bankmesh.client import DataMeshClient
from bankmesh.contracts.model import Status
from bankmesh.settings import current_settings
from bankmesh.storage.atomic_files import is_writable
from bankmesh.workspace.deprecation import deprecation_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.catalog.product_status import ProductStatus
    from bankmesh.contracts.model import Contract

ProductArgument = Annotated[
    str,
    typer.Argument(
        help="domain.product, or domain.product@2 for a major.", metavar="PRODUCT", autocompletion=complete_product
    ),
]
MajorOption = Annotated[
    int | None, typer.Option(help="Major version of the contract; by default the newest active one.")
]


def products(
    domain: Annotated[str | None, typer.Option(help="Only this domain.", autocompletion=complete_domain)] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the products with their version, rows, checks and freshness."""
    mesh, home = DataMeshClient(), current_settings().home
    warn_of_reader(mesh.reads.metadata_reader())
    states = mesh.products(domain)
    if home.is_dir() and not is_writable(home):
        sys.stderr.write(f"mesh: MESH_HOME {home} is not writable, so the outcomes of checks are unknown.\n")
    if as_json:
        print_json([state.to_json() for state in states])
        return
    print_states(states)


def print_states(states: list[ProductStatus], this_run: Mapping[str, str] | None = None) -> None:
    """Print the table of products of `mesh products` and `mesh run`.

    `this_run` has what the run did to each product, by port.
    """
    headings = ("product", "version", "rows", "checks", "published", "freshness")
    if this_run is None:
        print_table(headings, [_state_row(state) for state in states])
    else:
        rows = [(*_state_row(state), this_run.get(state.contract.port, "-")) for state in states]
        print_table((*headings, "this run"), rows)
    for state in states:
        if state.is_attempt_refused:
            typer.echo(_refusal(state), err=True)
        if state.fault is not None:
            typer.echo(f"mesh: {state.fault}", err=True)


def _refusal(state: ProductStatus) -> str:
    """Return what the checks of a refused attempt are of, and what readers have meanwhile."""
    readers = "it has no version yet"
    if state.published_version is not None:
        readers = f"readers keep version {state.published_version}"
    return f"{state.contract.port}: the checks are of the last attempt, which was not published; {readers}."


def _state_row(state: ProductStatus) -> tuple[str, ...]:
    contract = state.contract
    name = contract.port if contract.status is Status.ACTIVE else f"{contract.port} ({stage_words(contract)})"
    version = "-" if state.published_version is None else str(state.published_version)
    return (name, version, count(state.rows), _checks(state), ago(state.published_at), _freshness(state))


def _checks(state: ProductStatus) -> str:
    """Return counts of outcomes, and whether they are of an attempt that was refused, not of the version beside."""
    counts = ", ".join(f"{state.checks[outcome]} {outcome}" for outcome in OUTCOMES if state.checks[outcome])
    return f"last attempt: {counts}" if state.is_attempt_refused else counts or "-"


def _freshness(state: ProductStatus) -> str:
    built_from = ", ".join(map(str, state.built_from_withdrawn))
    return f"{state.freshness}, built from {built_from}" if built_from else state.freshness


def stage_words(contract: Contract) -> str:
    """Return a contract's status, for a deprecated one with its end of support."""
    ending = deprecation_of(contract)
    until = f" until {ending.end_of_support}" if ending and ending.end_of_support else ""
    return f"{contract.status.value}{until}"
