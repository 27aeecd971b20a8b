"""`mesh automation`: the one switch over schedules, new files and refreshes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from bankmesh.cli.output import JsonOption, print_json
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from bankmesh.operations.automation_switch import AutomationSwitch

app = typer.Typer(no_args_is_help=True, help="Turn off, and on again, everything that starts runs by itself.")


@app.command()
def on() -> None:
    """Schedules, new files and inputs that publish start runs again, from the next tick on."""
    _turn(on=True)


@app.command()
def off() -> None:
    """Nothing starts a run by itself from the next tick on; runs that are queued or under way go on."""
    _turn(on=False)


@app.command()
def status(*, as_json: JsonOption = False) -> None:
    """Say whether automation is on, since when and by whom. Exit 1 if it is off."""
    from bankmesh.operations.automation_switch import read_switch

    switch = read_switch(current_settings().home)
    if as_json:
        print_json(asdict(switch))
    else:
        typer.echo(switch)
    raise typer.Exit(0 if switch.on else 1)


def _turn(*, on: bool) -> None:
    from bankmesh.operations.automation_switch import turn

    switch: AutomationSwitch = turn(current_settings().home, datetime.now(UTC), on=on)
    typer.echo(switch)
    if switch.on != on:
        typer.echo(
            "The environment is stronger than this switch; take the variable away from the processes of Dagster."
        )
        raise typer.Exit(1)
