"""The `mesh` application: its commands, and the messages and exit codes of errors.

Exit codes: 0 success; 1 a negative result (a gate failed, a change breaks, a fault was found);
2 invalid arguments, or a name that does not exist;
130 or 143 stopped, by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from bankmesh.cli.command_table import COMMANDS, build_application
from bankmesh.cli.standard_streams import discard_output, explain_output_fault
from bankmesh.cli.storage_faults import explain_storage_fault
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer

WRONG_CALL = 2
INTERRUPTED = {129, 130, 143}


def application_for(words: Sequence[str]) -> typer.Typer:
    """Return the application; only the command that these arguments name is imported, or all if they list commands."""
    named = [word for word in words if not word.startswith("-")][:1]
    lists = not words or (not named and "--help" in words)
    return build_application(COMMANDS, imported=None if lists else named)


def report_error(error: BaseException) -> None:
    """Exit with the error's exit code; user errors print one message on standard error, without a stack trace."""
    match error:
        case BankmeshError():
            _print_error(str(error))
            sys.exit(WRONG_CALL if error.is_wrong_call else 1)
        case SystemExit() if error.code in INTERRUPTED:
            sys.stderr.write("mesh: stopped.\n")
        case BrokenPipeError():
            sys.stderr.close()
            return
        case Exception() if text := explain_output_fault(error):
            discard_output()
            _print_error(text)
            sys.exit(1)
        case Exception() if text := explain_storage_fault(error):
            _print_error(text)
            sys.exit(1)
    raise error


def _print_error(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"mesh: {text}", markup=False)
