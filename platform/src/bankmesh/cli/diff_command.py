"""`mesh diff`: what changed between two versions of a product, or would have changed with a refused candidate."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from bankmesh.cli.output import JsonOption, console, count, print_json, print_table
from bankmesh.cli.product_commands import MajorOption, ProductArgument
from bankmesh.cli.reader_options import PurposeOption, ReaderOption
from bankmesh.cli.rejects_command import printable
from bankmesh.client import DataMeshClient
from bankmesh.products.version_diffs.product_diffs import EXAMPLES, MOST_EXAMPLES
from bankmesh.products.version_diffs.version_diff import RowCounts, plain_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bankmesh.products.version_diffs.version_diff import (
        ChangedRow,
        ComparedSide,
        PartitionCounts,
        RepeatedKeys,
        SchemaDifference,
        VersionDiff,
    )

CANDIDATE = "candidate"
PARTITIONS = 20
_WIDEST_VALUE = 40
_COUNTS = ("before", "after", "added", "removed", "changed", "unchanged")


def diff(
    product: ProductArgument,
    major: MajorOption = None,
    since: Annotated[
        int | None, typer.Option("--from", help="The earlier version; by default the last one before the other.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar=f"VERSION|{CANDIDATE}", help=f"The later version, or {CANDIDATE}: the last refused."
        ),
    ] = None,
    *,
    purpose: PurposeOption = None,
    reader: ReaderOption = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Allow comparing withdrawn versions.")] = False,
    examples: Annotated[
        int, typer.Option(min=0, max=MOST_EXAMPLES, help="Maximum number of changed rows to show.")
    ] = EXAMPLES,
    as_json: JsonOption = False,
) -> None:
    """Show what changed between two versions of a product, or what a refused candidate would have changed."""
    version = _version(to)
    mesh = DataMeshClient(token=reader, purpose=purpose)
    contract = mesh.contract(product, major)
    read = partial(mesh.get_data_product, contract.domain, contract.name, contract.major, withdrawn=withdrawn)
    with _progress() as notify:
        if to == CANDIDATE:
            found = read(since).diff_candidate(examples=examples, notify=notify)
        else:
            found = read(version).diff(since, withdrawn=withdrawn, examples=examples, notify=notify)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)


def _version(to: str | None) -> int | None:
    if to is None or to == CANDIDATE:
        return None
    if not (to.isascii() and to.isdigit()):
        raise typer.BadParameter(f"{to!r} is neither a version nor {CANDIDATE}.", param_hint="--to")
    return int(to)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show the current step on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    with Console(stderr=True).status("Comparing ...") as status:
        yield lambda step: status.update(f"Comparing: {step} ...")


def _print(found: VersionDiff) -> None:
    _line(f"{found.port}: {_side(found.before)} -> {_side(found.after)}")
    for line in _remarks(found):
        _line(line)
    _line()
    print_table(("rows", *_COUNTS), [("all", *_cells(found.rows))])
    if found.schema.differs:
        _line()
        print_table(("column", "change of schema"), _schema(found.schema))
    if any(found.columns.values()):
        _line()
        changed = sorted(
            ((name, rows) for name, rows in found.columns.items() if rows), key=lambda item: (-item[1], item[0])
        )
        print_table(("column", "changed rows"), ((name, count(rows)) for name, rows in changed))
    if found.partitions:
        _line()
        print_table((found.partition_column or "", *_COUNTS), _partitions(found.partitions))
    if found.examples:
        _line()
        print_table(("row", "column", "before", "after"), _examples(found.examples))


def _line(text: str = "") -> None:
    console().print(text, markup=False, soft_wrap=True)


def _side(side: ComparedSide) -> str:
    what = "published" if side.candidate is None else "of"
    return f"{side} ({what} {datetime.fromisoformat(side.moment):%Y-%m-%d %H:%M} UTC)"


def _remarks(found: VersionDiff) -> Iterator[str]:
    if found.key:
        yield f"Rows are paired by the primary key: {', '.join(found.key)}."
    else:
        yield f"Whole rows are compared, because {found.why_no_key}: a row that differs is removed and added."
    if found.after.candidate is not None and found.after.built_on != found.before.version:
        yield f"The candidate was built when version {found.after.built_on} was the newest."
    for side, repeated in (("before", found.repeated_before), ("after", found.repeated_after)):
        if repeated.keys:
            yield _repeated(side, repeated)
    if found.is_filtered:
        yield "Only rows that you may read are compared."
    if found.withheld:
        yield f"Not compared, because they are withheld from you: {', '.join(found.withheld)}."
    if not found.differs:
        yield "Nothing differs."


def _repeated(side: str, repeated: RepeatedKeys) -> str:
    what = f"{count(repeated.rows)} rows share {count(repeated.keys)} keys"
    return f"Repeated keys {side}: {what}. Rows of such keys are compared whole, as removed and added."


def _cells(rows: RowCounts) -> tuple[str, ...]:
    return tuple(count(getattr(rows, name)) for name in _COUNTS)


def _schema(schema: SchemaDifference) -> Iterator[tuple[str, str]]:
    for name, kind in schema.added:
        yield name, f"added, {kind}"
    for name, kind in schema.removed:
        yield name, f"removed, {kind}"
    for column in schema.retyped:
        yield column.name, f"{column.before} -> {column.after}{'' if column.is_compared else ', values not compared'}"


def _partitions(partitions: Sequence[PartitionCounts]) -> list[tuple[str, ...]]:
    """Return the rows of the table; partitions after the first ones are summed."""
    listed = [(found.partition, *_cells(found.rows)) for found in partitions[:PARTITIONS]]
    rest = [found.rows for found in partitions[PARTITIONS:]]
    if rest:
        listed.append((f"{len(rest):,} more", *_cells(_sum(rest))))
    return listed


def _sum(rows: Sequence[RowCounts]) -> RowCounts:
    changed = None if rows[0].changed is None else sum(found.changed or 0 for found in rows)
    sums = {name: sum(getattr(found, name) for found in rows) for name in _COUNTS if name != "changed"}
    return RowCounts(**sums, changed=changed)


def _examples(rows: Iterable[ChangedRow]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        label = str(row.number) if row.key is None else ", ".join(_text(value) for value in row.key.values())
        for value in row.values:
            sides = (_text(value.before), _text(value.after)) if value.is_shown else ("not shown", "not shown")
            yield (label, value.column, *sides)
            label = ""


def _text(value: Any) -> str:  # noqa: ANN401 - a value of any column
    """Return a value for a cell: null as a dash; on a terminal a long text is cut off."""
    plain = plain_value(value)
    if plain is None:
        return "-"
    text = printable(str(plain))
    is_cut = sys.stdout.isatty() and len(text) > _WIDEST_VALUE
    return f"{text[: _WIDEST_VALUE - 3]}..." if is_cut else text
