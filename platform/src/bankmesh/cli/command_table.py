"""The commands of `mesh`, each with its module, so that a completion at Tab imports only the one that is typed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bankmesh.cli.command_group import CommandGroup

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

COMMANDS = {
    "products": "product_commands.products",
    "show": "show_command.show",
    "get": "get_command.get",
    "diff": "diff_command.diff",
    "profile": "profile_command.profile",
    "rejects": "rejects_command.rejects",
    "search": "search_command.search",
    "scorecard": "scorecard_command.scorecard",
    "run": "run_commands.run",
    "dev": "dev_command.dev",
    "doctor": "doctor_command.doctor",
    "test": "unit_test_command.run_tests",
    "withdraw": "restore_commands.withdraw",
    "rollback": "restore_commands.rollback",
    "resume": "restore_commands.resume",
    "expire": "expire_command.expire",
    "export": "export_command.export",
    "alerts": "alert_commands.app",
    "automation": "automation_commands.app",
    "catalog": "catalog_commands.app",
    "contract": "contract_commands.app",
    "audit": "audit_commands.app",
    "verify": "audit_commands.verify_receipt",
    "lineage": "lineage_commands.app",
    "policy": "policy_commands.app",
    "token": "token_command.app",
    "deploy": "deploy_commands.app",
    "new": "new_command.app",
    "rename": "rename_command.rename",
    "remove": "removal_command.remove",
    "import": "import_command.app",
}
"""Command → module and function, or the group of its commands."""


def build_application(names: Iterable[str], *, imported: Collection[str] | None = None) -> typer.Typer:
    """Return the application with these commands; those that are not in `imported` (None: all) have only a name."""
    app = typer.Typer(
        cls=CommandGroup,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Data products of the bank: find, read, check and run them.",
    )
    app.callback()(mesh)
    for name in names:
        command = _imported(COMMANDS[name]) if imported is None or name in imported else _nothing
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _imported(place: str) -> Any:  # noqa: ANN401 - a function or a group
    module, _, name = place.partition(".")
    return getattr(import_module(f"bankmesh.cli.{module}"), name)


def _nothing() -> None: ...


def _print_version(*, is_requested: bool) -> None:
    if is_requested:
        from importlib.metadata import version

        typer.echo(f"bankmesh {version('bankmesh')}")
        raise typer.Exit


def mesh(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of `mesh` itself, which stand before the command."""
