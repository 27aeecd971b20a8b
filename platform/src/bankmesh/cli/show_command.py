"""`mesh show`: the details of a product or of a landing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bankmesh.cli.name_completion import complete_source
from bankmesh.cli.output import (
    JsonOption,
    column_facts,
    console,
    count,
    print_columns,
    print_json,
    print_table,
    warn_of_reader,
)
from bankmesh.cli.product_commands import MajorOption, stage_words
from bankmesh.client import DataMeshClient
from bankmesh.names import split_major
from bankmesh.products.publication_schedule import schedule_of
from bankmesh.settings import current_settings
from bankmesh.workspace.domain_folders import declared_ports

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract
    from bankmesh.settings import Settings


def _gate(gate: dict[str, Any]) -> str:
    """Return counts of outcomes, the names of clauses that warned, and who accepted clauses that would have failed."""
    warned = [clause["name"] for clause in gate.get("clauses", ()) if clause["outcome"] == "warned"]
    named = f": {', '.join(warned)}" if warned else ""
    counts = ", ".join(
        f"{n} {outcome}{named if outcome == 'warned' else ''}" for outcome, n in gate["counts"].items() if n
    )
    accepted = [c["accepted"] for c in gate.get("clauses", ()) if c.get("accepted")]
    return "; ".join([counts, *(f"fewer rows accepted by {a['by']}: {a['why']}" for a in accepted)])


def show(
    target: Annotated[
        str,
        typer.Argument(
            help="domain.product, domain.product@2 for a major, or a landing: system.object.",
            metavar="PRODUCT|LANDING",
            autocompletion=complete_source,
        ),
    ],
    major: MajorOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show a product's contract, columns and published versions with their provenance, or a landing's columns."""
    mesh, settings = DataMeshClient(), current_settings()
    if major is None and not mesh.majors(split_major(target)[0]):
        _show_landing(settings, target, as_json=as_json)
        return
    contract = mesh.contract(target, major)
    warn_of_reader(mesh.reads.metadata_reader())
    versions = mesh.history(contract.product, contract.major)
    withdrawn = mesh.withdrawn_inputs(contract.product, contract.major)
    rejects = _rejects_behind(settings, contract, versions)
    if as_json:
        facts = _facts(contract, versions) | {"rejects": rejects}
        print_json(facts | {"built_from_withdrawn": [found.to_json() for found in withdrawn]})
        return
    others = [other for other in mesh.majors(contract.product) if other.major != contract.major]
    lines = [
        *_lines(contract, others),
        *[("rejects", f"{_rejected(each)}; `mesh rejects {each['landing']}` lists them") for each in rejects],
        *([("not current", f"built from {', '.join(map(str, withdrawn))}; rebuild it")] if withdrawn else []),
    ]
    _print_product(contract, versions, lines)


def _show_landing(settings: Settings, target: str, *, as_json: bool) -> None:
    """Show the landing of that name. Raises UnknownName and AmbiguousLanding."""
    from bankmesh.cli.landing_output import print_landing
    from bankmesh.workspace.landing_names import require_landing

    products = {split_major(port)[0] for port in declared_ports(settings.root)}
    print_landing(settings, require_landing(settings.root, target, products), as_json=as_json)


def _rejects_behind(settings: Settings, contract: Contract, versions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the landings that the newest version was built from and that rejected records, with the counts."""
    if not versions or not any(isinstance(mark, str) for mark in versions[0]["inputs"].values()):
        return []
    from bankmesh.catalog.landing_status import landings_of_version

    return [
        {"landing": name.short, "records": landing.rows_in, "rejects": landing.rejects}
        for name, landing in landings_of_version(settings.home, contract.domain, versions[0]["inputs"])
        if landing.rejects
    ]


def _rejected(each: dict[str, Any]) -> str:
    return f"{count(each['rejects'])} of {count(each['records'])} records of {each['landing']}"


def _facts(contract: Contract, versions: list[dict[str, Any]]) -> dict[str, Any]:
    timing = schedule_of(contract)
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
            "schedule": {"cron": timing.cron, "timezone": timing.timezone, "runs": contract.status.in_force}
            if timing
            else None,
        },
        "columns": [
            column_facts(column) | {"primary_key": column.primary_key_position is not None}
            for column in contract.columns
        ],
        "clauses": [
            {"name": clause.name, "severity": clause.severity.value, "description": clause.description}
            for clause in contract.clauses
        ],
        "versions": versions,
    }


_SHOWN_ELSEWHERE = {"productType", "partitioning", "lifecycle", "scheduleTimezone"}
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
        ("schedule", _schedule(contract)),
        *((_LABELS.get(name, name), _words(value)) for name, value in custom.items()),
        ("life", ", ".join(f"{s.status} {s.on} by {s.by} ({s.why.rstrip('.')})" for s in contract.lifecycle)),
        ("other majors", ", ".join(f"{other.port} ({stage_words(other)})" for other in others)),
        ("contract", os.path.relpath(contract.file)),
    ]
    return [(label, " ".join(text.split())) for label, text in lines if text]


def _schedule(contract: Contract) -> str:
    """Return the times at which a schedule publishes the product, or when it will; "" if the contract promises none."""
    timing = schedule_of(contract)
    if timing is None:
        return ""
    text = f"{timing.in_words} (cron {timing.cron})"
    if contract.status.in_force:
        return text
    return f"not while it is {contract.status.value}; once it is active (`mesh contract move`), {text}"


def _words(value: Any) -> str:  # noqa: ANN401 - any value of a custom property
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _version_state(version: dict[str, Any]) -> str:
    """Return whether a version is withdrawn, and whether it restored an earlier one, with who and why."""
    withdrawn, restores = version["withdrawn"], version["restores"]
    parts = [f"withdrawn by {withdrawn['by']}: {withdrawn['reason']}"] if withdrawn else []
    parts += [f"restores {restores['version']} ({restores['kind']} by {restores['by']})"] if restores else []
    return "; ".join(parts) or "-"


def _print_product(contract: Contract, versions: list[dict[str, Any]], lines: list[tuple[str, str]]) -> None:
    out = console()
    out.print(
        f"[bold]{contract.port}[/bold]  contract {contract.version} ({stage_words(contract)}), {contract.product_type}"
    )
    out.print(contract.purpose, markup=False)
    for label, text in lines:
        out.print(f"  {label:<16}{text}", markup=False)
    print_columns(contract.columns)
    if not versions:
        out.print(f"Never published: `mesh run {contract.port}` builds it.", markup=False)
        return
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
