"""The standard streams of `mesh`: closed ones, and a standard output that cannot be written.

An error of writing names the stream, so that a full disk behind standard output is not taken for that of the mesh home.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from bankmesh.errors import error_chain

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STANDARD_OUTPUT = "standard output"


class _OutputFile(io.FileIO):
    """The file of standard output."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write bytes. Raises OSError with the name of the stream."""
        try:
            return super().write(data)
        except OSError as error:
            error.filename = STANDARD_OUTPUT
            raise


def prepare_streams() -> None:
    """Open streams that the caller has closed, on nothing, and name standard output in its errors."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # The lowest free descriptor: that of the stream, unless something has opened a file meanwhile.
            handle = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(handle, "w" if number else "r", encoding="utf-8", errors="backslashreplace"))
    out = sys.stdout
    if out is sys.__stdout__ and isinstance(out, io.TextIOWrapper):
        file = _OutputFile(out.fileno(), "w", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(file), out.encoding, out.errors, line_buffering=out.line_buffering
        )


def explain_output_fault(error: BaseException) -> str | None:
    """Return why standard output cannot be written; None if the error is of another kind."""
    for cause in error_chain(error, with_context=True):
        if isinstance(cause, OSError) and cause.filename == STANDARD_OUTPUT and not isinstance(cause, BrokenPipeError):
            return f"{STANDARD_OUTPUT} cannot be written: {cause.strerror}. Write to another file or device."
    return None


def discard_output() -> None:
    """Write what is left, and all later output, to nothing: Python flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
