"""Strict conversion of text columns to typed columns: a value that does not read as declared becomes a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.sources.declarations import date_formats, number_formats
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.parsing.temporal_bounds import to_utc, within_calendar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    import pyarrow as pa

    from bankmesh.sources.declarations.number_formats import NumberSpelling
    from bankmesh.sources.declarations.source_declaration import SourceColumn

MISSING = "required, but missing"
CODES_NAMED = 10
_MOST_ZEROS = 100  # more than the exponents that `scientific_pattern` reads


@dataclass(frozen=True)
class FaultyRow:
    """A row that cannot be landed: its position in the batch, and the faults of its columns."""

    row: int
    faults: tuple[RecordFault, ...]


@dataclass(frozen=True)
class ConvertedRows:
    """The typed rows of a batch in order, without the faulty ones."""

    rows: pl.DataFrame
    faulty: tuple[FaultyRow, ...]


def arrow_schema(columns: Sequence[SourceColumn]) -> pa.Schema:
    """Return the schema of the landed rows: timestamps are UTC microseconds, decimals exact."""
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
        """Compile the columns' declarations; `typed` has the values, by position, of columns not stored as text."""
        import polars as pl

        self._columns = tuple(columns)
        self._stored = typed or {}
        self._present, self._typed = [], []
        for at, column in enumerate(columns):
            name, value = f"c{at}", self._stored.get(at)
            self._present.append(_present(name, column) if value is None else pl.col(name))
            self._typed.append(_typed(name, column) if value is None else value.alias(column.name))

    def __call__(self, table: pa.Table) -> ConvertedRows:
        """Convert a table of columns `c0`, `c1`, ... in the order of the declared columns; text except for `typed`."""
        import polars as pl

        text = pl.DataFrame(table).select(self._present)
        typed = text.select(self._typed)
        # A conversion that fails returns null, so a clean batch needs nothing but counts of nulls.
        masks = {
            at: typed[column.name].is_null() & (column.required | text[f"c{at}"].is_not_null())
            for at, column in enumerate(self._columns)
            if typed[column.name].null_count() > (0 if column.required else text[f"c{at}"].null_count())
        }
        if not masks:
            return ConvertedRows(typed, ())
        faults: dict[int, list[RecordFault]] = {}
        for at, mask in masks.items():
            column, missing = self._columns[at], text[f"c{at}"].is_null()
            why = f"does not fit {column.type}" if at in self._stored else _why(column)
            for row in mask.arg_true().to_list():
                # Never the value itself: in a record that is shifted by one field, any column may hold anything.
                fault = RecordFault(column.label, MISSING if missing[row] else why)
                faults.setdefault(row, []).append(fault)
        good = ~pl.select(pl.any_horizontal(*masks.values())).to_series()
        return ConvertedRows(typed.filter(good), tuple(FaultyRow(row, tuple(faults[row])) for row in sorted(faults)))


def _why(column: SourceColumn) -> str:
    if column.codes is not None:
        more = f" and {len(column.codes) - CODES_NAMED} more" if len(column.codes) > CODES_NAMED else ""
        return f"not in the code table, which knows {', '.join(old for old, _ in column.codes[:CODES_NAMED])}{more}"
    if column.type.name == "string":
        return "does not match the pattern"
    formats = " or ".join(f'"{text}"' for text in column.formats if text != date_formats.STORED)
    written = f" written {formats}" if formats else ""
    spelt = f" spelt as {column.read}" if column.read != "plain" else ""
    numbers = f" with {column.numbers}" if str(column.numbers) else ""
    if column.fixed is not None and column.fixed.decimals:
        numbers = f" of digits alone, {column.fixed.decimals} of them decimals{numbers}"
    return f"cannot be read as {column.type}{written}{spelt}{numbers}"


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
        value = _whole(text, column).cast(pl.Int32 if kind == "integer" else pl.Int64, strict=False)
    elif kind == "decimal":
        value = _decimal(text, column).cast(pl.Decimal(column.type.precision, column.type.scale), strict=False)
    elif kind == "double":
        matching = _matching(text, number_formats.double_pattern(column.numbers))
        value = _plain_number(matching, column.numbers).cast(pl.Float64, strict=False)
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


def _whole(text: pl.Expr, column: SourceColumn) -> pl.Expr:
    import polars as pl

    pattern = number_formats.WHOLE_READERS[column.read]
    if pattern is None:
        matching = _matching(text, number_formats.whole_pattern(column.numbers))
        return _plain_number(matching, column.numbers)
    return pl.coalesce(text.str.extract(pattern, group + 1) for group in range(pattern.count("|") + 1))


def _decimal(text: pl.Expr, column: SourceColumn) -> pl.Expr:
    places = column.fixed.decimals if column.fixed is not None else None
    if column.read == number_formats.SCIENTIFIC:
        matching = _matching(text, number_formats.scientific_pattern(column.numbers))
        return _without_exponent(_plain_number(matching, column.numbers), column.type.scale)
    if not places:
        pattern = number_formats.decimal_pattern(column.type.scale, column.numbers, column.read)
        return _plain_number(_matching(text, pattern), column.numbers)
    digits = _plain_number(_matching(text, number_formats.whole_pattern(column.numbers)), column.numbers)
    # Long enough for a sign and a digit in front of the point.
    digits = digits.str.zfill(places + 2)
    return digits.str.head(-places) + "." + digits.str.tail(places)


def _without_exponent(text: pl.Expr, scale: int) -> pl.Expr:
    """Return numbers in plain spelling without an exponent, exactly; null where the value has more places."""
    import polars as pl

    zeros = pl.lit("0" * _MOST_ZEROS)
    whole = text.str.extract("^[+-]?([0-9]+)")
    fraction = text.str.extract(r"\.([0-9]+)").fill_null("")
    exponent = text.str.extract(number_formats.EXPONENT).cast(pl.Int64).fill_null(0)
    digits = zeros + whole + fraction + zeros
    point = whole.str.len_bytes() + exponent + _MOST_ZEROS
    places = digits.str.slice(point).str.strip_chars_end("0")
    value = pl.concat_str(
        text.str.extract("^([+-])").fill_null(""),
        pl.lit("0"),
        digits.str.slice(0, point).str.strip_chars_start("0"),
        pl.lit("."),
        places,
        pl.lit("0") if scale else pl.lit(""),
    )
    return pl.when(places.str.len_bytes() <= scale).then(value if scale else value.str.strip_chars_end("."))


def _plain_number(text: pl.Expr, numbers: NumberSpelling) -> pl.Expr:
    """Return a number of that spelling in Polars' spelling: no grouping, a point, the sign in front."""
    if numbers.thousands is not None:
        text = text.str.replace_all(numbers.thousands, "", literal=True)
    if numbers.decimal != ".":
        text = text.str.replace(numbers.decimal, ".", literal=True)
    if numbers.minus == number_formats.OVERPUNCHED:
        return _without_overpunch(text)
    return text if numbers.minus == "leading" else text.str.replace("^(.*)([+-])$", "${2}${1}")


def _without_overpunch(text: pl.Expr) -> pl.Expr:
    """Return numbers whose last character holds their sign with the sign in front."""
    import polars as pl

    last = text.str.tail(1)
    signs, digits = ({mark: part[at] for mark, part in number_formats.OVERPUNCHES.items()} for at in (0, 1))
    sign = last.replace_strict(signs, default="", return_dtype=pl.String)
    return pl.concat_str(sign, text.str.head(-1), last.replace(digits))


def _temporal(text: pl.Expr, column: SourceColumn) -> pl.Expr:
    import polars as pl

    read = [within_calendar(_written_as(form, text, column)) for form in column.formats]
    return read[0] if len(read) == 1 else pl.coalesce(read)


def _written_as(form: str, text: pl.Expr, column: SourceColumn) -> pl.Expr:
    import polars as pl

    zone = column.timezone or date_formats.DEFAULT_ZONE
    with_time = column.type.name == "timestamp"
    if form == date_formats.STORED:
        stored = pl.when(text.str.starts_with(date_formats.STORED_MARK)).then(text.str.slice(1))
        return _iso(stored, zone) if with_time else stored.str.to_date("%Y-%m-%d", strict=False, exact=True)
    if form == date_formats.ISO:
        return _iso(text, zone)
    compiled = date_formats.compile_format(form, column.century, with_time=with_time)
    matching = _matching(text, compiled.pattern)
    if compiled.prefix:
        matching = pl.lit(compiled.prefix) + matching
    if compiled.rewrite is not None:
        matching = matching.str.replace(compiled.pattern, compiled.rewrite)
    if not with_time:
        return matching.str.to_date(compiled.parse, strict=False, exact=True)
    moment = matching.str.to_datetime(compiled.parse, time_unit="us", strict=False, exact=True)
    return to_utc(moment, zone)


def _iso(text: pl.Expr, zone: str) -> pl.Expr:
    import polars as pl

    ends = text.str.contains(date_formats.END_OF_DAY)
    started = text.str.replace(date_formats.END_OF_DAY, "${1}T00${2}")
    matching = _matching(started, date_formats.ISO_PATTERN).str.replace(" ", "T", literal=True)
    offset = matching.str.contains(date_formats.ISO_WITH_OFFSET)
    zoned = pl.when(offset).then(matching.str.replace("Z", "+00:00", literal=True))
    local = pl.when(~offset).then(matching)
    moment = local.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", time_zone=None, strict=False)
    instant = zoned.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)
    one_day = pl.when(ends).then(pl.duration(days=1)).otherwise(pl.duration())
    return pl.coalesce(instant + one_day, to_utc(moment + one_day, zone))
