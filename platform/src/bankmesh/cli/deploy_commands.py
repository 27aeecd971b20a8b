"""`mesh deploy`: what a server needs to know of the workspace."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.output import JsonOption, print_json
from bankmesh.settings import current_settings

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="Prepare a server for the workspace.")


@app.callback()
def deploy() -> None:
    """Prepare a server for the workspace."""


@app.command()
def permissions(
    *,
    prefix: Annotated[str, typer.Option(help="What the names of users and groups begin with.")] = "mesh-",
    as_json: JsonOption = False,
) -> None:
    """Print a shell script that gives each code location a user of its own, which reads only its declared inputs.

    Run the script as root on the server, with MESH_HOME set. Nothing is changed by this command.
    """
    from bankmesh.orchestration.code_locations import load_products
    from bankmesh.products.inputs.duty_report import read_ports
    from bankmesh.workspace.location_users import permission_script, plan_permissions
    from bankmesh.workspace.workspace_contracts import workspace_contracts

    settings = current_settings()
    ports = [contract.port for contract in workspace_contracts(settings.root) if contract.status.has_port]
    reads = {port: read_ports(product) for port, product in load_products(settings.root).items()}
    plan = plan_permissions(ports, reads, prefix)
    if as_json:
        print_json(asdict(plan))
    else:
        sys.stdout.write(permission_script(plan))
