"""Columns of text to typed columns, strictly: what does not read as declared becomes a fault, never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.sources import forms
from bankmesh.sources.temporal import after_christ, to_utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    import pyarrow as pa

    from bankmesh.sources.declaration import SourceColumn

MISSING = "required, but missing"


@dataclass(frozen=True)
class Faulty:
    """A row that cannot be landed: its position in the batch, its first faulty column (as in the file), and why."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True)
class Converted:
    """The typed rows of a batch in order, without the faulty ones."""

    rows: pl.DataFrame
    faulty: tuple[Faulty, ...]


def arrow_schema(columns: Sequence[SourceColumn]) -> pa.Schema:
    """What the rows land as: timestamps are UTC microseconds, decimals exact."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "boolean": pa.bool_(),
        "integer": pa.int32(),
        "long": pa.int64(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", "UTC"),
    }
    return pa.schema(
        (c.name, pa.decimal128(c.type.precision, c.type.scale) if c.type.name == "decimal" else types[c.type.name])
        for c in columns
    )


class Converter:
    """Converts batches of one object; safe to call from several threads."""

    def __init__(self, columns: Sequence[SourceColumn], typed: Mapping[int, pl.Expr] | None = None) -> None:
        """Compile the columns' declarations; `typed` has the values of those, by position, that are no text."""
        import polars as pl

        self._columns = tuple(columns)
        self._stored = typed or {}
        self._present, self._typed = [], []
        for at, column in enumerate(columns):
            name, value = f"c{at}", self._stored.get(at)
            self._present.append(_present(name, column) if value is None else pl.col(name))
            self._typed.append(_typed(name, column) if value is None else value.alias(column.name))

    def __call__(self, table: pa.Table) -> Converted:
        """Convert a table of columns `c0`, `c1`, ... in the order of the declared columns, text but for `typed`."""
        import polars as pl

        text = pl.DataFrame(table).select(self._present)
        typed = text.select(self._typed)
        # A conversion that fails gives null, so counting nulls is all there is to do for a clean batch.
        masks = {
            at: typed[column.name].is_null() & (column.required | text[f"c{at}"].is_not_null())
            for at, column in enumerate(self._columns)
            if typed[column.name].null_count() > (0 if column.required else text[f"c{at}"].null_count())
        }
        if not masks:
            return Converted(typed, ())
        faults: dict[int, list[tuple[str, str]]] = {}
        for at, mask in masks.items():
            column, missing = self._columns[at], text[f"c{at}"].is_null()
            why = f"does not fit {column.type}" if at in self._stored else _why(column)
            for row in mask.arg_true().to_list():
                faults.setdefault(row, []).append((column.label, MISSING if missing[row] else why))
        good = ~pl.select(pl.any_horizontal(*masks.values())).to_series()
        return Converted(typed.filter(good), tuple(_faulty(row, faults[row]) for row in sorted(faults)))


def _faulty(row: int, found: list[tuple[str, str]]) -> Faulty:
    # Never the value itself: in a record that has slipped by one field, any column may hold anything.
    return Faulty(row, found[0][0], "; ".join(f"{column}: {why}" for column, why in found))


def _why(column: SourceColumn) -> str:
    if column.codes is not None:
        return f"not in the code table, which knows {', '.join(code for code, _ in column.codes)}"
    if column.type.name == "string":
        return "does not match the pattern"
    written = f' written "{column.format}"' if column.format else ""
    spelt = f" spelt as {column.read}" if column.read != "plain" else ""
    return f"cannot be read as {column.type}{written}{spelt}"


def _present(name: str, column: SourceColumn) -> pl.Expr:
    import polars as pl

    text = pl.col(name)
    if not column.missing:
        return text
    return pl.when(text.is_in(list(column.missing))).then(None).otherwise(text).alias(name)


def _typed(name: str, column: SourceColumn) -> pl.Expr:
    import polars as pl

    text = pl.col(name)
    kind = column.type.name
    if kind == "string":
        value = _string(text, column)
    elif kind == "boolean":
        codes = {old: new == "true" for old, new in column.codes or (("true", "true"), ("false", "false"))}
        value = text.replace_strict(codes, default=None, return_dtype=pl.Boolean)
    elif kind in ("integer", "long"):
        value = _whole(text, column.read).cast(pl.Int32 if kind == "integer" else pl.Int64, strict=False)
    elif kind == "decimal":
        precision, scale = column.type.precision, column.type.scale
        matching = _matching(text, forms.decimal_pattern(precision, scale))
        value = matching.cast(pl.Decimal(precision, scale), strict=False)
    elif kind == "double":
        value = _matching(text, forms.DOUBLE).cast(pl.Float64, strict=False)
        value = pl.when(value.is_finite()).then(value)
    else:
        value = _temporal(text, column)
    return value.alias(column.name)


def _matching(text: pl.Expr, pattern: str) -> pl.Expr:
    import polars as pl

    return pl.when(text.str.contains(pattern)).then(text)


def _string(text: pl.Expr, column: SourceColumn) -> pl.Expr:
    import polars as pl

    if column.codes is not None:
        return text.replace_strict(dict(column.codes), default=None, return_dtype=pl.String)
    return text if column.pattern is None else _matching(text, rf"\A(?:{column.pattern})\z")


def _whole(text: pl.Expr, reader: str) -> pl.Expr:
    import polars as pl

    pattern = forms.READERS[reader]
    if pattern is None:
        return _matching(text, forms.INTEGER)
    return pl.coalesce(text.str.extract(pattern, group + 1) for group in range(pattern.count("|") + 1))


def _temporal(text: pl.Expr, column: SourceColumn) -> pl.Expr:
    import polars as pl

    if column.format == forms.ISO:
        return after_christ(_iso(text, column.timezone))
    with_time = column.type.name == "timestamp"
    form = forms.compile_format(column.format or "", column.century, with_time=with_time)
    matching = _matching(text, form.pattern)
    if form.century is not None:
        matching = (
            pl.lit(form.century) + matching
            if form.year is None
            else matching.str.replace(form.year, f"${{1}}{form.century}${{2}}")
        )
    if not with_time:
        return after_christ(matching.str.to_date(form.parse, strict=False, exact=True))
    moment = matching.str.to_datetime(form.parse, time_unit="us", strict=False, exact=True)
    return after_christ(to_utc(moment, column.timezone))


def _iso(text: pl.Expr, zone: str) -> pl.Expr:
    import polars as pl

    matching = _matching(text, forms.ISO_PATTERN).str.replace(" ", "T", literal=True)
    offset = matching.str.contains(forms.ISO_WITH_OFFSET)
    zoned = pl.when(offset).then(matching.str.replace("Z", "+00:00", literal=True))
    local = pl.when(~offset).then(matching)
    moment = local.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", time_zone=None, strict=False)
    return pl.coalesce(
        zoned.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False),
        to_utc(moment, zone),
    )
