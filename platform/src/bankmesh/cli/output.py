"""Output of commands: tables with colour on a terminal, tab-separated if piped, JSON for scripts."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from bankmesh.cli.table_layout import TableText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bankmesh.access.metadata_reader import MetadataReader
    from bankmesh.contracts.model import Column
    from bankmesh.sources import SourceColumn

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def warn_of_reader(reader: MetadataReader) -> None:
    """Say on standard error why a token that was given does not count."""
    if reader.problem is not None:
        sys.stderr.write(f"mesh: {reader.problem} What everybody may see is shown.\n")


def console() -> Console:
    """Return a console on standard output; if piped, it is wide enough not to truncate anything."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print a table; tab-separated if piped. No text is interpreted as markup, and no word or number is cut."""
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            sys.stdout.write("\t".join(map(str, row)) + "\n")
        return
    out = console()
    table = TableText(headings, [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows])
    for line in table.lines(out.width):
        out.print(line, soft_wrap=True)


def print_columns(columns: Iterable[Column | SourceColumn]) -> None:
    """Print a table of the columns of a product or a landing, between blank lines."""
    out = console()
    out.print()
    print_table(
        ("column", "type", "classification", "required", "description"),
        [(c.name, str(c.type), c.classification.label, "yes" if c.required else "no", c.description) for c in columns],
    )
    out.print()


def column_facts(column: Column | SourceColumn) -> dict[str, Any]:
    """Return a column of a product or a landing for JSON."""
    return {
        "name": column.name,
        "type": str(column.type),
        "classification": column.classification.label,
        "required": column.required,
        "description": column.description,
    }


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago a moment was, in the largest unit that is not zero: `3 h ago`."""
    if moment is None:
        return "never"
    seconds = int(((now or datetime.now(UTC)) - moment).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{max(0, seconds)} s ago"


def count(number: int | None) -> str:
    """Return an integer with thousands separators, a dash for None."""
    return "-" if number is None else f"{number:,}"
