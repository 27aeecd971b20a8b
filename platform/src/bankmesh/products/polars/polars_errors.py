"""The parts of a Polars transform's error that may be shown: its class, its place and names of columns, never a value.

Polars quotes values in its messages, and a pivot makes names of columns out of values. So a name is shown only if it
is one of an input or of the contract, or is written in the code of the transform's own package.
"""

from __future__ import annotations

import difflib
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.errors import shorten_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

WITHHELD = "Its message may quote values and is not shown; run the transform's own test to see it."

_STRING = r'"((?:[^"\\]|\\.)*)"'
_UNABLE = re.compile(rf"unable to find column {_STRING}; valid columns: \[(.*?)\]\s*(?:\n|$)")
_NOT_FOUND = re.compile(rf"{_STRING} not found")
_EACH = re.compile(_STRING)


def place_of(error: BaseException, transform: Callable[..., object]) -> str:
    """Return ` at file:line` of the transform's own file in the traceback; else ` in file:line` of its definition."""
    code = getattr(transform, "__code__", None)
    if code is None:
        return ""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == code.co_filename]
    if frames:
        return f" at {frames[-1].filename}:{frames[-1].lineno}"
    # A plan fails when it is collected, outside the transform.
    return f" in {code.co_filename}:{code.co_firstlineno}"


def explain(error: BaseException, transform: Callable[..., object], known: Iterable[str], fix: str) -> str:
    """Explain which column, or field of a struct, is missing and which one may be meant; or that the text is withheld.

    `known` are the columns of the inputs and of the contract, `fix` is what to do about a missing column.
    """
    missing = _missing_column(error)
    if missing is None:
        return WITHHELD
    kind, name, there = missing
    code = _Code(transform)
    schemas = frozenset(known)
    if name not in schemas and not code.names(name):
        return f"A {kind} is missing, and its name is not in the code; run the transform's own test to see it."
    safe = [other for other in there if other in schemas or code.names(other)] or sorted(schemas - {name})
    return f"There is no {kind} {name} where it is read.{_suggest(name, safe, listed=bool(there))} {fix}"


def _missing_column(error: BaseException) -> tuple[str, str, list[str]] | None:
    """Return the kind of the missing name, the name, and the existing names if Polars lists them."""
    import polars as pl

    errors = pl.exceptions
    first = str(error).strip().partition("\n")[0]
    if isinstance(error, errors.StructFieldNotFoundError):
        return "field", first.strip('"'), []
    if isinstance(error, errors.ColumnNotFoundError):
        if found := _UNABLE.search(str(error)):
            return "column", _plain(found[1]), [_plain(name) for name in _EACH.findall(found[2])]
        if found := _NOT_FOUND.search(first):
            return "column", _plain(found[1]), []
        return "column", first.strip('"'), []
    if isinstance(error, errors.SchemaFieldNotFoundError):
        return "column", first.strip('"'), []
    return None


def _plain(written: str) -> str:
    return written.replace('\\"', '"').replace("\\\\", "\\")


def _suggest(name: str, there: list[str], *, listed: bool) -> str:
    near = difflib.get_close_matches(name, there, n=1)
    if near:
        return f" Did you mean {near[0]}?"
    return f" Columns there: {shorten_list(there)}." if listed and there else ""


class _Code:
    """The text of the transform's own package, as far as it is loaded."""

    def __init__(self, transform: Callable[..., object]) -> None:
        own = getattr(transform, "__code__", None)
        files = {own.co_filename} if own is not None else set()
        package = str(getattr(transform, "__module__", "")).partition(".")[0]
        for module_name, module in tuple(sys.modules.items()):
            if package and module_name.partition(".")[0] == package and (file := getattr(module, "__file__", None)):
                files.add(file)
        self._texts = list(_read(files))

    def names(self, name: str) -> bool:
        """Return whether the name occurs there as a whole word."""
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        return bool(name) and any(word.search(text) for text in self._texts)


def _read(files: Iterable[str]) -> Iterator[str]:
    for file in sorted(files):
        path = Path(file)
        if path.suffix == ".py" and path.is_file():
            yield path.read_text(encoding="utf-8", errors="replace")
