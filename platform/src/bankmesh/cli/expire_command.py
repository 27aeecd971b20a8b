"""`mesh expire`: remove data whose retention period is over."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.output import JsonOption, count, print_json
from bankmesh.orchestration.instance import existing_instance
from bankmesh.settings import current_settings
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from bankmesh.orchestration.retention.mesh_expiry import Facts


def expire(
    candidates_days: Annotated[float, typer.Option(help="Days to keep unpublished candidates.")] = 7,
    rejects_days: Annotated[float, typer.Option(help="Days to keep rejected legacy rows.")] = 30,
    events_days: Annotated[
        float | None,
        typer.Option(help="Days to keep events of superseded runs; by default BANKMESH_EVENTS_DAYS."),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Remove expired candidates, versions, landings, rejected rows, events and lineage.

    The port of a retired product is moved to the archive, where nothing expires.
    """
    from bankmesh.orchestration.retention.mesh_expiry import RetentionPeriods, expire_part, expiry_parts

    settings = current_settings()
    periods = RetentionPeriods(
        candidates=timedelta(days=candidates_days),
        rejects=timedelta(days=rejects_days),
        events=None if events_days is None else timedelta(days=events_days),
    )
    contracts = workspace_contracts(settings.root)
    removed: dict[str, Facts] = {}
    failures: dict[str, str] = {}
    with existing_instance(settings) or nullcontext() as instance:
        for name, part in expiry_parts(settings, contracts, instance, datetime.now(UTC), periods):
            with uninterrupted():
                removed[name], failure = expire_part(part)
            if failure is not None:
                failures[name] = failure
    if as_json:
        print_json({**removed, **{name: {"error": failure} for name, failure in failures.items()}})
    else:
        for name, facts in removed.items():
            if name not in failures:
                typer.echo(f"{name}: {_sentence(facts)}")
    for name, failure in failures.items():
        typer.echo(f"{name} has not expired: {failure}", err=True)
    if failures:
        raise typer.Exit(1)


def _sentence(facts: Facts) -> str:
    """Return one line of text: `3 runs, 812 rows, 5,120,000 bytes`."""
    if facts is None:
        return "nothing exists yet, or another process is expiring it"
    if isinstance(facts, int):
        return count(facts)
    if "archived" in facts:
        return f"archived in {facts['archived']}" if facts["archived"] else "nothing was ever published"
    parts = [f"{_amount(value)} {name}" for name, value in facts.items() if name != "held_by"]
    holders = facts.get("held_by")
    if isinstance(holders, list) and holders:
        parts.append(f"older runs are kept until read by {' and by '.join(holders)}")
    return ", ".join(parts)


def _amount(value: object) -> str:
    if isinstance(value, int):
        return count(value)
    return count(len(value)) if isinstance(value, tuple | list) else str(value)
