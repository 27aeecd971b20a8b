"""`mesh expire`: remove what may no longer be kept."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.output import JsonOption, count, print_json
from bankmesh.instance import existing_instance
from bankmesh.settings import current_settings
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from bankmesh.retention.mesh_expiry import Facts


def expire(
    candidates_days: Annotated[float, typer.Option(help="Keep candidates that were not published so long.")] = 7,
    rejects_days: Annotated[float, typer.Option(help="Keep rejected legacy rows so long.")] = 30,
    events_days: Annotated[
        float | None,
        typer.Option(help="Keep events of superseded runs so long; as BANKMESH_EVENTS_DAYS says if left out."),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Remove what may no longer be kept: old candidates, versions, landings, rejected rows, events and lineage.

    The port of a retired product is moved to the archive, where nothing expires.
    """
    from bankmesh.retention.mesh_expiry import RetentionPeriods, expiry_parts

    settings = current_settings()
    periods = RetentionPeriods(
        candidates=timedelta(days=candidates_days),
        rejects=timedelta(days=rejects_days),
        events=None if events_days is None else timedelta(days=events_days),
    )
    contracts = workspace_contracts(settings.root)
    removed: dict[str, Facts] = {}
    with existing_instance(settings) or nullcontext() as instance:
        for name, part in expiry_parts(settings, contracts, instance, datetime.now(UTC), periods):
            with uninterrupted():
                removed[name] = part()
    if as_json:
        print_json(removed)
        return
    for name, facts in removed.items():
        typer.echo(f"{name}: {_sentence(facts)}")


def _sentence(facts: Facts) -> str:
    """One line for people: `3 runs, 812 rows, 5,120,000 bytes`."""
    if facts is None:
        return "nothing there yet, or another process is expiring them"
    if isinstance(facts, int):
        return count(facts)
    if "archived" in facts:
        return f"archived in {facts['archived']}" if facts["archived"] else "nothing was ever published"
    parts = [f"{_amount(value)} {name}" for name, value in facts.items() if name != "held_by"]
    holders = facts.get("held_by")
    if isinstance(holders, list) and holders:
        parts.append(f"older runs stay until read by {' and by '.join(holders)}")
    return ", ".join(parts)


def _amount(value: object) -> str:
    if isinstance(value, int):
        return count(value)
    return count(len(value)) if isinstance(value, tuple | list) else str(value)
