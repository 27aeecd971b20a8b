"""`mesh products` and `mesh show`: the list of products, and the details of one."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bankmesh.catalog.product_status import OUTCOMES
from bankmesh.cli.name_completion import complete_domain, complete_product
from bankmesh.cli.output import JsonOption, ago, console, count, print_json, print_table
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
    states = DataMeshClient().products(domain)
    home = current_settings().home
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
        if state.fault is not None:
            typer.echo(f"mesh: {state.fault}", err=True)


def _state_row(state: ProductStatus) -> tuple[str, ...]:
    contract = state.contract
    name = contract.port if contract.status is Status.ACTIVE else f"{contract.port} ({_stage(contract)})"
    version = "-" if state.published_version is None else str(state.published_version)
    checks = ", ".join(f"{state.checks[outcome]} {outcome}" for outcome in OUTCOMES if state.checks[outcome])
    return (name, version, count(state.rows), checks or "-", ago(state.published_at), _freshness(state))


def _gate(gate: dict[str, Any]) -> str:
    """Return counts of outcomes, the names of clauses that warned, and who accepted clauses that would have failed."""
    warned = [clause["name"] for clause in gate.get("clauses", ()) if clause["outcome"] == "warned"]
    named = f": {', '.join(warned)}" if warned else ""
    counts = ", ".join(
        f"{n} {outcome}{named if outcome == 'warned' else ''}" for outcome, n in gate["counts"].items() if n
    )
    accepted = [c["accepted"] for c in gate.get("clauses", ()) if c.get("accepted")]
    return "; ".join([counts, *(f"fewer rows accepted by {a['by']}: {a['why']}" for a in accepted)])


def _freshness(state: ProductStatus) -> str:
    built_from = ", ".join(map(str, state.built_from_withdrawn))
    return f"{state.freshness}, built from {built_from}" if built_from else state.freshness


def _stage(contract: Contract) -> str:
    """Return a contract's status, for a deprecated one with its end of support."""
    ending = deprecation_of(contract)
    until = f" until {ending.end_of_support}" if ending and ending.end_of_support else ""
    return f"{contract.status.value}{until}"


def show(product: ProductArgument, major: MajorOption = None, *, as_json: JsonOption = False) -> None:
    """Show a product's contract, columns and published versions with their provenance."""
    mesh = DataMeshClient()
    contract = mesh.contract(product, major)
    versions = mesh.history(contract.product, contract.major)
    withdrawn = mesh.withdrawn_inputs(contract.product, contract.major)
    if as_json:
        facts = _facts(contract, versions)
        print_json(facts | {"built_from_withdrawn": [found.to_json() for found in withdrawn]})
        return
    others = [other for other in mesh.majors(contract.product) if other.major != contract.major]
    _print_product(contract, versions, others, ", ".join(map(str, withdrawn)))


def _facts(contract: Contract, versions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": contract.product,
        "domain": contract.domain,
        "name": contract.name,
        "major": contract.major,
        "contract": {
            "version": contract.version,
            "status": contract.status.value,
            "product_type": contract.product_type,
            "owner": contract.owner,
            "purpose": contract.purpose,
            "usage": contract.usage,
            "limitations": contract.limitations,
            "granularity": contract.granularity,
            "table_description": contract.table_description,
            "file": os.path.relpath(contract.file),
            "service_levels": [
                {"property": s.property, "value": s.value, "unit": s.unit, "description": s.description}
                for s in contract.service_levels
            ],
            "support": [
                {"channel": s.channel, "tool": s.tool, "url": s.url, "scope": s.scope} for s in contract.support
            ],
            "roles": [{"role": r.role, "access": r.access, "description": r.description} for r in contract.roles],
            "custom": contract.custom,
        },
        "columns": [
            {
                "name": column.name,
                "type": str(column.type),
                "classification": column.classification.label,
                "required": column.required,
                "primary_key": column.primary_key_position is not None,
                "description": column.description,
            }
            for column in contract.columns
        ],
        "clauses": [
            {"name": clause.name, "severity": clause.severity.value, "description": clause.description}
            for clause in contract.clauses
        ],
        "versions": versions,
    }


_SHOWN_ELSEWHERE = {"productType", "partitioning", "lifecycle"}
_LABELS = {"endOfSupport": "end of support", "replacedBy": "replaced by"}


def _lines(contract: Contract, others: list[Contract]) -> list[tuple[str, str]]:
    """Return the labels and texts at the head of `mesh show`, without those that the contract leaves out."""
    levels = [f"{s.property} {s.value} {s.unit or ''}".strip() for s in contract.service_levels]
    custom = {name: value for name, value in contract.custom.items() if name not in _SHOWN_ELSEWHERE}
    lines = [
        ("table", contract.table_description),
        ("granularity", contract.granularity),
        ("usage", contract.usage),
        ("limitations", contract.limitations),
        ("owner", contract.owner),
        ("support", ", ".join(channel.url or channel.channel for channel in contract.support)),
        ("roles", ", ".join(f"{r.role} ({r.access})" if r.access else r.role for r in contract.roles)),
        ("service levels", ", ".join(levels)),
        *((_LABELS.get(name, name), _words(value)) for name, value in custom.items()),
        ("life", ", ".join(f"{s.status} {s.on} by {s.by} ({s.why.rstrip('.')})" for s in contract.lifecycle)),
        ("other majors", ", ".join(f"{other.port} ({_stage(other)})" for other in others)),
        ("contract", os.path.relpath(contract.file)),
    ]
    return [(label, " ".join(text.split())) for label, text in lines if text]


def _words(value: Any) -> str:  # noqa: ANN401 - any value of a custom property
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _version_state(version: dict[str, Any]) -> str:
    """Return whether a version is withdrawn, and whether it restored an earlier one, with who and why."""
    withdrawn, restores = version["withdrawn"], version["restores"]
    parts = [f"withdrawn by {withdrawn['by']}: {withdrawn['reason']}"] if withdrawn else []
    parts += [f"restores {restores['version']} ({restores['kind']} by {restores['by']})"] if restores else []
    return "; ".join(parts) or "-"


def _print_product(contract: Contract, versions: list[dict[str, Any]], others: list[Contract], built_from: str) -> None:
    out = console()
    out.print(
        f"[bold]{contract.port}[/bold]  contract {contract.version} ({_stage(contract)}), {contract.product_type}"
    )
    out.print(contract.purpose, markup=False)
    for label, text in _lines(contract, others):
        out.print(f"  {label:<16}{text}", markup=False)
    if built_from:
        out.print(f"  {'not current':<16}built from {built_from}; rebuild it", markup=False)
    out.print()
    print_table(
        ("column", "type", "classification", "required", "description"),
        [
            (c.name, str(c.type), c.classification.label, "yes" if c.required else "no", c.description)
            for c in contract.columns
        ],
    )
    out.print()
    print_table(
        ("version", "published", "rows", "run", "gate", "inputs", "state"),
        [
            (
                str(v["version"]),
                v["published_at"],
                count(v["rows"]),
                v["run_id"],
                _gate(v["gate"]),
                ", ".join(f"{name} {version}" for name, version in v["inputs"].items()),
                _version_state(v),
            )
            for v in versions
        ],
    )
