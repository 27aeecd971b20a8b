"""Parses whole blocks of JSON lines with Arrow, where its reading is the strict one; all else is left to the slow way.

Arrow keeps the text of numbers until they have their declared type, and finds keys that are twice in an object. What it
reads more leniently is searched for before, and whatever it refuses is parsed again one line at a time, so that a
record lands the same, or is rejected with the same reason, in both ways.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from bankmesh.sources.documents.field_paths import place_path
from bankmesh.sources.documents.json_records import known_fields, parse_declared
from bankmesh.sources.parsing.stored_value_conversion import typed_value
from bankmesh.sources.parsing.text_conversion import Converter

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import polars as pl
    import pyarrow as pa

    from bankmesh.sources.declarations.source_declaration import LegacyObject, SourceColumn
    from bankmesh.sources.documents.json_formats import JsonFormat
    from bankmesh.sources.documents.json_records import KnownFields
    from bankmesh.sources.parsing.record_structure import Positions

_ESCAPED_KEY = re.compile(rb'\\.[^"\\]*"[ \t\r]*:')
_NOT_FINITE = re.compile(rb"[:,\[][ \t\r]*-?(?:NaN|Inf)")
_MOST_OPENINGS = 1000
"""Objects and lists on one line; Arrow recurses into nested ones."""

_MOST_DIGITS = 38


class JsonColumns:
    """Converts blocks of lines to rows; safe to use from several threads."""

    def __init__(self, obj: LegacyObject, written: JsonFormat) -> None:
        """Prepare to read the object's columns; `is_usable` tells whether any block can be read so."""
        self._columns = obj.in_file
        self._all_columns = obj.columns
        self._paths = [[str(step) for step in parse_declared(column).steps] for column in self._columns]
        self._ignores = written.other_fields == "ignore"
        ignored = [path.steps for path in written.ignored_paths]
        self._infers = self._ignores or bool(ignored)
        self._known = known_fields([*(tuple(path) for path in self._paths), *ignored])
        self.is_usable = _is_flat(obj, written) and self._prepare()

    def read(self, text: bytes, first_line: int) -> pl.DataFrame | None:
        """Return the rows of whole lines; None if anything in them is not as declared, or cannot be read so."""
        import pyarrow as pa
        from pyarrow import json

        lines = _plain_lines(text)
        if lines is None or not self._is_strict(text):
            return None
        parsing = json.ParseOptions(self._schema, unexpected_field_behavior="infer" if self._infers else "error")
        reading = json.ReadOptions(use_threads=False, block_size=len(text) + 1)
        try:
            table = json.read_json(io.BytesIO(text), reading, parsing)
        except pa.ArrowException:
            return None
        if table.num_rows != len(lines) or not (self._ignores or _is_known(table.schema, self._known)):
            return None
        return self._convert_table(table, lines + first_line)

    def _prepare(self) -> bool:
        """Derive Arrow's schema and the conversion; return whether there is one."""
        import polars as pl
        import pyarrow as pa

        leaves, typed = list[pa.DataType](), dict[int, "pl.Expr"]()
        for at, column in enumerate(self._columns):
            arrow = _arrow_type(column)
            leaves.append(arrow)
            if not pa.types.is_string(arrow):
                stored = pl.DataFrame(pa.table({"c": pa.array([], arrow)})).dtypes[0]
                value = typed_value(f"c{at}", column, stored)
                if value is None or column.missing:
                    return False
                typed[at] = value
        schema = _schema_of(self._paths, leaves)
        if schema is None:
            return False
        self._schema, self._converter = schema, Converter(self._columns, typed)
        decimals = {path[-1] for path, arrow in zip(self._paths, leaves, strict=True) if pa.types.is_decimal(arrow)}
        self._quoted = [re.compile(rb'"%s"[ \t\r]*:[ \t\r]*"' % re.escape(key.encode())) for key in decimals]
        return True

    def _is_strict(self, text: bytes) -> bool:
        """Whether Arrow reads the text as strictly as it must: a quoted number is a decimal to it, NaN a number."""
        if b"\\" in text and _ESCAPED_KEY.search(text):
            return False
        if (b"NaN" in text or b"Inf" in text) and _NOT_FINITE.search(text):
            return False
        return not any(quoted.search(text) for quoted in self._quoted)

    def _convert_table(self, table: pa.Table, lines: Positions) -> pl.DataFrame | None:
        import polars as pl
        import pyarrow as pa
        from pyarrow import compute

        found = {}
        for at, (head, *below) in enumerate(self._paths):
            values = table[head]
            found[f"c{at}"] = compute.struct_field(values, below) if below else values
        converted = self._converter(pa.table(found))
        if converted.faulty:
            return None
        added = [pl.Series(column.name, lines, pl.Int64) for column in self._all_columns if column.line_of is not None]
        return converted.rows.with_columns(added)


def _is_flat(obj: LegacyObject, written: JsonFormat) -> bool:
    """Whether each record is a line, and each field is below objects only."""
    paths = [parse_declared(column) for column in obj.in_file]
    is_keyed = all(isinstance(step, str) for path in paths for step in path.steps)
    try:
        placed = [place_path(path, written.rows_path) for path in paths]
    except ValueError:
        return False
    return (
        is_keyed
        and bool(paths)
        and all(place.level == 0 for place in placed)
        and not (written.rows_path.steps or written.quoted_numbers)
    )


def _arrow_type(column: SourceColumn) -> pa.DataType:
    import pyarrow as pa

    name = column.type.name
    if name == "decimal":
        return pa.decimal128(_MOST_DIGITS, column.type.scale)
    if name == "boolean":
        return pa.string() if column.codes is not None else pa.bool_()
    return {"long": pa.int64(), "integer": pa.int64(), "double": pa.float64()}.get(name, pa.string())


def _schema_of(paths: Sequence[Sequence[str]], leaves: Sequence[pa.DataType]) -> pa.Schema | None:
    """Return the schema of nested fields; None if a path leads to a value and another below it."""
    import pyarrow as pa

    below: dict[str, list[tuple[Sequence[str], pa.DataType]]] = {}
    for (head, *rest), leaf in zip(paths, leaves, strict=True):
        below.setdefault(head, []).append((rest, leaf))
    fields = []
    for name, members in below.items():
        inner = [member for member in members if member[0]]
        if not inner and len(members) == 1:
            fields.append(pa.field(name, members[0][1]))
            continue
        nested = _schema_of(*zip(*inner, strict=True)) if len(inner) == len(members) else None
        if nested is None:
            return None
        fields.append(pa.field(name, pa.struct(list(nested))))
    return pa.schema(fields)


def _is_known(fields: pa.Schema | pa.StructType, known: KnownFields) -> bool:
    """Whether all fields that Arrow found are declared or ignored."""
    import pyarrow as pa

    for field in fields:
        if field.name not in known:
            return False
        below = known[field.name]
        if below is not None and pa.types.is_struct(field.type) and not _is_known(field.type, below):
            return False
    return True


def _plain_lines(text: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """Return the numbers, from 0, of the lines with a value; None unless each of them is in braces.

    Between a closing and an opening brace no value goes on, so each such line is one value if there are as many values.
    """
    import numpy as np

    cells = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(cells == ord("\n"))
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])[: len(ends)]
    last = ends - 1
    last = last - (cells[last] == ord("\r"))
    is_blank = last < starts
    is_plain = is_blank | ((cells[starts] == ord("{")) & (cells[last] == ord("}")))
    if not len(ends) or not is_plain.all():
        return None
    openings = ((cells == ord("[")) | (cells == ord("{"))).astype(np.int32)
    if np.add.reduceat(openings, starts).max() > _MOST_OPENINGS:
        return None
    return np.flatnonzero(~is_blank)
