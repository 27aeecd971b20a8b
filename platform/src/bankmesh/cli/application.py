"""The `mesh` application: its commands, and the messages and exit codes of errors.

Exit codes: 0 success; 1 a negative result (a gate failed, a change breaks, a fault was found);
2 invalid arguments, or a name that does not exist;
130 or 143 stopped, by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import sys

from rich.console import Console

from bankmesh.cli.command_table import COMMANDS, build_application
from bankmesh.cli.get_command import NeedsFile
from bankmesh.cli.rejects_command import RawTextRefused
from bankmesh.cli.run_commands import AcceptanceIncomplete
from bankmesh.cli.storage_faults import explain_storage_fault
from bankmesh.errors import BankmeshError, NotPublished, UnknownName
from bankmesh.products.version_diffs.product_diffs import NoEarlierVersion, NoRefusedCandidate
from bankmesh.scaffolding.product_scaffold import CannotScaffold
from bankmesh.settings import NoExports, NoWorkspace, UnusableHome

WRONG_CALL = 2
INTERRUPTED = {129, 130, 143}
_WRONG_CALLS = (
    UnknownName,
    NotPublished,
    NoEarlierVersion,
    NoRefusedCandidate,
    NeedsFile,
    RawTextRefused,
    CannotScaffold,
    NoExports,
    NoWorkspace,
    UnusableHome,
    AcceptanceIncomplete,
)

app = build_application(COMMANDS)


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
