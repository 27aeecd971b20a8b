"""`mesh get`: write the rows of a product to the terminal or to a file."""

from __future__ import annotations

import sys
import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.cli.name_completion import complete_column_list
from bankmesh.cli.output import print_table
from bankmesh.cli.product_commands import MajorOption, ProductArgument
from bankmesh.cli.reader_options import PurposeOption, ReaderOption
from bankmesh.client import DataMeshClient, DataProduct, DeprecatedMajor
from bankmesh.errors import BankmeshError, UnknownName, shorten_list
from bankmesh.settings import current_settings
from bankmesh.storage.atomic_files import replaced_file
from bankmesh.workspace.deprecation import deprecation_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from bankmesh.workspace.landing_names import LandingName

TABLE_ROWS = 20
MOST_ROWS = 2**32 - 1
"""The most rows that Polars counts."""


class Format(StrEnum):
    """The format to write rows in."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class NeedsFile(BankmeshError):
    """A binary format was requested on standard output."""

    is_wrong_call = True

    def __init__(self) -> None:
        super().__init__("Parquet is a binary format. Name a file with -o FILE.")


class UnwritableOutput(BankmeshError):
    """The file to write rows to cannot be written."""

    is_wrong_call = True

    def __init__(self, output: Path, problem: str) -> None:
        super().__init__(f"{output} cannot be written: {problem}. Name another file with -o FILE.")


class NotInJson(BankmeshError):
    """The rows to write as JSON contain NaN or infinity, which JSON does not have.

    Attributes:
        counts: number of such values by column.

    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = dict(counts)
        found = ", ".join(f"{name} has {count:,}" for name, count in counts.items())
        super().__init__(
            f"JSON has no NaN and no infinity, but {found} such values. Use --format csv (NaN, inf, -inf) or parquet, "
            "or leave the column out with --columns."
        )


class LandingNotRead(BankmeshError):
    """The rows of a landing were requested; only products of its domain read them."""

    is_wrong_call = True

    def __init__(self, landing: LandingName) -> None:
        start = f"mesh new product {landing.domain}.NAME --kind dbt --from {landing.short}"
        super().__init__(
            f"{landing.full} is a landing, which only products of {landing.domain} read. "
            f"`mesh show {landing.short}` has its columns and counts; `{start}` writes a product with its rows."
        )


def get(
    product: ProductArgument,
    major: MajorOption = None,
    version: Annotated[int | None, typer.Option(help="A published version; by default the newest.")] = None,
    *,
    purpose: PurposeOption = None,
    reader: ReaderOption = None,
    archived: Annotated[bool, typer.Option("--archived", help="Read a retired product from the archive.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Allow reading a withdrawn version.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=0, max=MOST_ROWS, help=f"Maximum number of rows; {TABLE_ROWS} for a table.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Only these columns: a,b,c.", autocompletion=complete_column_list)
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="table, csv, json or parquet.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
) -> None:
    """Read the rows of a product at one version, as policies show them to the reader for the purpose."""
    if format_ is Format.PARQUET and output is None:
        raise NeedsFile
    client = DataMeshClient(token=reader, purpose=purpose)
    opened = _open(client, product, major, version, archived=archived, withdrawn=withdrawn)
    frame = opened.scan(_chosen(columns, opened) if columns else None)
    _note_decision(opened, frame.collect_schema().names(), has_chosen=columns is not None)
    if limit is None and format_ is Format.TABLE and output is None:
        limit = TABLE_ROWS
    if limit is not None:
        frame = frame.head(limit)
    write_rows(frame, format_, output)


def write_rows(frame: pl.LazyFrame, format_: Format, output: Path | None) -> None:
    """Write rows to a file, or to standard output if `output` is None.

    Raises NeedsFile, NotInJson and UnwritableOutput.
    """
    if output is None:
        _WRITERS[format_](frame, None)
        return
    if output.is_dir():
        raise UnwritableOutput(output, "it is a folder")
    try:
        if output.exists() and not output.is_file():  # a pipe or a device is written directly
            _WRITERS[format_](frame, output)
            return
        with replaced_file(output) as beside:
            _WRITERS[format_](frame, beside)
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is not None and Path(error.filename).parent != output.parent:
            raise
        raise UnwritableOutput(output, error.strerror or str(error)) from error


def _open(
    client: DataMeshClient, product: str, major: int | None, version: int | None, *, archived: bool, withdrawn: bool
) -> DataProduct:
    """Open the product; a deprecated major prints one line on standard error instead of a Python warning."""
    domain, _, name = product.partition(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecatedMajor)
        try:
            opened = client.get_data_product(domain, name, major, version, archived=archived, withdrawn=withdrawn)
        except UnknownName:
            _refuse_landing(product)
            raise
    if ending := deprecation_of(opened.contract):
        sys.stderr.write(f"mesh: {ending.notice}\n")
    return opened


def _refuse_landing(name: str) -> None:
    """Raise LandingNotRead if this is the name of a landing."""
    from bankmesh.workspace.landing_names import declared_landings, find_landing

    if landing := find_landing(declared_landings(current_settings().root), name):
        raise LandingNotRead(landing)


def _chosen(columns: str, opened: DataProduct) -> list[str]:
    """Return the chosen columns. Raises UnknownName for one that neither the contract nor the version has."""
    known = [column.name for column in opened.columns]
    chosen = [name.strip() for name in columns.split(",") if name.strip()]
    for name in chosen:
        if name not in known and name not in opened.decision.columns:
            raise UnknownName(f"column of {opened.contract.port}", name, known)
    return chosen


def _note_decision(opened: DataProduct, read: list[str], *, has_chosen: bool) -> None:
    """Say on standard error what of the product these rows leave out or mask."""
    decision = opened.decision
    masked = [f"{name} ({decision.masks[name]})" for name in read if name in decision.masks]
    withheld = [] if has_chosen else [name for name in decision.columns if name not in decision.readable]
    notes = [
        *([f"masked: {shorten_list(masked)}"] if masked else []),
        *([f"withheld: {shorten_list(withheld)}"] if withheld else []),
        *([] if decision.row_filter.is_everything else ["only rows that you may see"]),
    ]
    if notes:
        sys.stderr.write(
            f"mesh: as {decision.principal.id}, for {decision.purpose}: {'; '.join(notes)}. "
            f"`mesh policy explain {opened.contract.port}` says why.\n"
        )


def _write_table(frame: pl.LazyFrame, output: Path | None) -> None:
    if output is not None:
        _write_csv(frame, output)
        return
    rows = frame.collect()
    print_table(rows.columns, [["" if v is None else str(v) for v in row] for row in rows.iter_rows()])


def _write_csv(frame: pl.LazyFrame, output: Path | None) -> None:
    flat = _flatten(frame)
    if output is not None:
        flat.sink_csv(output, engine="streaming")
    else:
        sys.stdout.write(flat.collect().write_csv())


def _flatten(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Join the elements of lists by `;`, because CSV has no lists."""
    import polars as pl

    lists = [name for name, kind in frame.collect_schema().items() if isinstance(kind, pl.List)]
    return frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(";") for name in lists)


def _write_json(frame: pl.LazyFrame, output: Path | None) -> None:
    rows = frame.collect()
    if counts := _not_finite(rows):
        raise NotInJson(counts)
    text = rows.write_json() + "\n"
    if output is not None:
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def _not_finite(rows: pl.DataFrame) -> dict[str, int]:
    """Return the number of NaN or infinite values by column, also in lists. Polars would write null for them."""
    counts: dict[str, int] = {}
    for column in rows.iter_columns():
        values = column.explode() if column.dtype.is_nested() else column
        if values.dtype.is_float() and (count := int(values.is_finite().not_().sum())):
            counts[column.name] = count
    return counts


def _write_parquet(frame: pl.LazyFrame, output: Path | None) -> None:
    import polars as pl

    if output is None:
        raise NeedsFile
    try:
        frame.sink_parquet(output, engine="streaming")
    except pl.exceptions.ComputeError as error:
        _, is_of_the_output, problem = str(error).partition("underlying IO error: ")
        if not is_of_the_output:  # errors of reading have texts of their own, see `ReadFailed`
            raise
        raise OSError(problem) from error


_WRITERS = {
    Format.TABLE: _write_table,
    Format.CSV: _write_csv,
    Format.JSON: _write_json,
    Format.PARQUET: _write_parquet,
}
