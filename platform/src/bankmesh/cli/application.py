"""The `mesh` application: its commands, and the messages and exit codes of errors.

Exit codes: 0 success; 1 a negative result (a gate failed, a change breaks, a fault was found);
2 invalid arguments, or a name that does not exist;
130 or 143 stopped, by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console

from bankmesh.cli import (
    alert_commands,
    automation_commands,
    catalog_commands,
    contract_commands,
    dev_command,
    expire_command,
    export_command,
    get_command,
    lineage_commands,
    new_command,
    product_commands,
    rejects_command,
    restore_commands,
    run_commands,
    scorecard_command,
    search_command,
    unit_test_command,
)
from bankmesh.cli.get_command import NeedsFile
from bankmesh.cli.rejects_command import RawTextRefused
from bankmesh.cli.storage_faults import explain_storage_fault
from bankmesh.errors import BankmeshError, NotPublished, UnknownName
from bankmesh.scaffolding.product_scaffold import CannotScaffold
from bankmesh.settings import NoExports, NoWorkspace, UnusableHome

WRONG_CALL = 2
INTERRUPTED = {129, 130, 143}
_WRONG_CALLS = (
    UnknownName,
    NotPublished,
    NeedsFile,
    RawTextRefused,
    CannotScaffold,
    NoExports,
    NoWorkspace,
    UnusableHome,
    run_commands.AcceptanceIncomplete,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Data products of the bank: find, read, check and run them.",
)


def _print_version(*, is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"bankmesh {version('bankmesh')}")
        raise typer.Exit


@app.callback()
def mesh(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of `mesh` itself, which stand before the command."""


app.command("products")(product_commands.products)
app.command("show")(product_commands.show)
app.command("get")(get_command.get)
app.command("rejects")(rejects_command.rejects)
app.command("search")(search_command.search)
app.command("scorecard")(scorecard_command.scorecard)
app.command("run")(run_commands.run)
app.command("dev")(dev_command.dev)
app.command("test")(unit_test_command.run_tests)
app.command("withdraw")(restore_commands.withdraw)
app.command("rollback")(restore_commands.rollback)
app.command("resume")(restore_commands.resume)
app.command("expire")(expire_command.expire)
app.command("export")(export_command.export)
app.add_typer(alert_commands.app, name="alerts")
app.add_typer(automation_commands.app, name="automation")
app.add_typer(catalog_commands.app, name="catalog")
app.add_typer(contract_commands.app, name="contract")
app.add_typer(lineage_commands.app, name="lineage")
app.add_typer(new_command.app, name="new")


def report_error(error: BaseException) -> None:
    """Exit with the error's exit code; user errors print one message on standard error, without a stack trace."""
    match error:
        case BankmeshError():
            _print_error(str(error))
            sys.exit(WRONG_CALL if isinstance(error, _WRONG_CALLS) else 1)
        case SystemExit() if error.code in INTERRUPTED:
            sys.stderr.write("mesh: stopped.\n")
        case BrokenPipeError():
            sys.stderr.close()
            return
        case Exception() if text := explain_storage_fault(error):
            _print_error(text)
            sys.exit(1)
    raise error


def _print_error(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"mesh: {text}", markup=False)
