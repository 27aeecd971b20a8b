"""How facts are printed: tables with colour on a terminal, plain when piped, JSON for scripts."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def console() -> Console:
    """Standard output; as wide as its content when piped, so that nothing is cut off for a script."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """A table; tab-separated without frame when piped."""
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            sys.stdout.write("\t".join(row) + "\n")
        return
    table = Table(*headings, title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    # The first column names the thing: it is never cut short.
    table.columns[0].no_wrap = True
    table.columns[0].overflow = "fold"
    console().print(table)


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that is not zero: `3 h ago`."""
    if moment is None:
        return "never"
    seconds = int(((now or datetime.now(UTC)) - moment).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{max(0, seconds)} s ago"


def count(number: int | None) -> str:
    """A whole number with thousands separated; a dash for none."""
    return "-" if number is None else f"{number:,}"
