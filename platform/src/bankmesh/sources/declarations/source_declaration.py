"""The content of a source declaration as plain frozen values, without file access or heavy imports."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from bankmesh.sources.declarations.number_formats import PLAIN_NUMBERS, NumberSpelling
from bankmesh.sources.declarations.record_layout import FieldPosition, FixedField, FixedWidthFormat, RecordType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.contracts.model import Classification, ColumnType
    from bankmesh.errors import Place
    from bankmesh.sources.declarations.code_tables import Codes, CodeTable
    from bankmesh.yaml.nodes import Mapping

PARSER_VERSION = 3
"""Part of every fingerprint: raise it when the same file would land as other rows."""

UTF8_SIG = "utf-8-sig"
UTF16 = {"utf-16": "", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE"}
"""Encodings that become UTF-8 before lines are counted, with the order of their bytes; empty: the mark decides."""

ENCODINGS = ("ascii", "utf-8", UTF8_SIG, "latin-1", "cp1250", "cp1252", "iso8859-2", *UTF16)
"""Apart from UTF-16, in each only the byte 0x0A is a line end, so that files can be split at line ends."""

WHITESPACE = "whitespace"
"""The delimiter of files whose values are separated by any number of blanks and tabs."""

OTHERWISE = ("unknown", "day_before_last", "last_day")
"""Rules for the last complete day of an export without a control file."""


@dataclass(frozen=True)
class TextTotal:
    """A total that a title or end line of delimited text states in a named group of its pattern.

    It is the exact sum of `column` (its name in the file), or the number of records if that is None. `decimals` is the
    number of digits behind an implied decimal point, None where the point is written.
    """

    group: str
    column: str | None = None
    numbers: NumberSpelling = PLAIN_NUMBERS
    decimals: int | None = None

    def __str__(self) -> str:
        """The total in messages: `records`, `as sum of amount`."""
        return "records" if self.column is None else f"as sum of {self.column}"


@dataclass(frozen=True)
class TextFormat:
    """How the files of a system are written.

    `delimiter` is one character, several, or WHITESPACE. `quote` is None if values are not quoted. `multiline` allows
    line ends in quoted values; without it every line is a record of its own, so that one bad quote never affects the
    next line. `numbers` is how columns write numbers that declare no spelling of their own. The first lines match
    `title_lines` and the last ones `end_lines`, regular expressions for whole lines, of which `totals` are parts.
    """

    delimiter: str
    quote: str | None
    encoding: str
    header: bool
    multiline: bool
    numbers: NumberSpelling = PLAIN_NUMBERS
    title_lines: tuple[str, ...] = ()
    end_lines: tuple[str, ...] = ()
    totals: tuple[TextTotal, ...] = ()

    @property
    def separator(self) -> str:
        """The characters between two values."""
        return " " if self.delimiter == WHITESPACE else self.delimiter


PLAIN_TEXT = TextFormat(delimiter=",", quote='"', encoding="utf-8", header=True, multiline=False)
"""The default text format."""


@dataclass(frozen=True)
class ParquetFormat:
    """Files are Parquet, which contain names and types."""

    kind: str = "parquet"


@dataclass(frozen=True, kw_only=True)
class RecordFormat:
    """A format with records of named fields; a column's header is the name or path of its field.

    A subclass has one field for each of its keys in `format`, and is read by a `RecordReader` of its own. `numbers` is
    how columns write numbers as text that declare no spelling of their own.
    """

    kind: ClassVar[str]
    has_paths: ClassVar[bool] = False
    """Whether columns may have a `path`."""
    has_conditions: ClassVar[bool] = False
    """Whether fields may have conditions (level 88), which a column may take its code table from."""
    date_format: ClassVar[str | None] = None
    timestamp_format: ClassVar[str | None] = None
    """The formats of dates and timestamps of columns that declare none; None if they must."""
    stores_dates: ClassVar[bool] = False
    """Whether files store dates as such, which columns read beside the formats that they declare for texts."""

    numbers: NumberSpelling = PLAIN_NUMBERS

    def meaning(self) -> dict[str, object]:
        """Return what decides how files land, as JSON; the spelling of numbers belongs to each column."""
        found = {"kind": self.kind, **asdict(self)}
        del found["numbers"]
        return found

    def record_types(self) -> tuple[str, ...]:
        """Return the types of records that an object's `record` may name; empty if all records are of one type."""
        return ()

    field_keys: ClassVar[tuple[str, ...]] = ()
    """The keys of fixed-width fields that its columns may have, too."""

    def read_field(self, given: Mapping, header: str, record: str) -> FixedField | None:  # noqa: ARG002
        """Return the field of the column `given` in records of that type, if fields have positions; notes faults."""
        return None

    def condition_codes(self, given: Mapping, header: str, record: str) -> Codes | None:  # noqa: ARG002
        """Return the code table that the format has for a column, if its fields have conditions; notes faults."""
        return None

    def typed_records(self) -> tuple[RecordType, ...]:
        """Return all types of records with their control totals; empty if all records are of one type."""
        return ()

    def field_place(self, record: str, header: str) -> str:  # noqa: ARG002 - for formats whose fields have a place
        """Return the place (tag, position) of a field of that type of record; empty if its name is its place."""
        return ""

    def reveals(self, place: str, other: str) -> bool:  # noqa: ARG002 - for formats whose fields have a place
        """Whether a field at `place` holds all of the one at the `other`, so that it is classified no lower."""
        return False

    def check_columns(self, given: Mapping, record: str, columns: Sequence[SourceColumn]) -> None:
        """Note faults of the object `given` whose columns files of this format cannot have."""


NAME = re.compile(r"^[a-z][a-z0-9_]*$")
"""Names of objects, record types and landed columns."""

FileFormat = TextFormat | ParquetFormat | FixedWidthFormat | RecordFormat


@dataclass(frozen=True)
class Tolerance:
    """How many rejects are acceptable in a landing: a number of rows, or percent of the records read."""

    value: float
    percent: bool

    def allows(self, rejects: int, rows_in: int) -> bool:
        """Whether so many rejects among `rows_in` records are within the tolerance."""
        return rejects <= (self.value * rows_in / 100 if self.percent else self.value)

    def __str__(self) -> str:
        """The tolerance as people write it: `0 rows`, `0.1%`."""
        return f"{self.value:g}{'%' if self.percent else ' rows'}"


@dataclass(frozen=True)
class CompleteThrough:
    """How to find the day up to which an export is complete.

    The control file decides if there is one. Otherwise the greatest value of the landed `column` does:
    `day_before_last` (the export may end within its last day), `last_day`, or `unknown`.
    """

    control_file: str | None
    otherwise: str
    column: str | None


@dataclass(frozen=True)
class SourceColumn:
    """A column of a legacy object.

    `header` is its name or path in the file, `name` its name once landed. With `header_pattern` the header is a regular
    expression that the name in the file matches in full. `file_name` marks the column that is not in the file: it holds
    the name of the file of each row. `missing` are values that read as null in addition to the absent field. `codes`
    are pairs of legacy and landed value; `codes_by_file` are in their place if they differ among files. `formats`,
    `century` and `timezone` apply to dates and timestamps (typed ones of a Parquet file need no format); the first
    format that reads a value is used, and `timezone` is None if none is declared. `pattern` applies to strings,
    `numbers` to numbers, and `read` names one of `number_spelling.WHOLE_READERS` or `DECIMAL_READERS`. `fixed` is the
    field of a fixed-width file. `line_of` marks a column that is not in the file either: it holds the line of the
    nearest record of that type above each row, or that of the row itself if it is empty. A column with `when` is read
    only in records where that field holds one of the values, and is null in others. A column with a `cell` (`B2`) holds
    that of its sheet's titles in each row.
    """

    name: str
    header: str
    type: ColumnType
    description: str
    classification: Classification
    required: bool
    missing: tuple[str, ...]
    codes: tuple[tuple[str, str], ...] | None
    pattern: str | None
    formats: tuple[str, ...]
    century: int | None
    timezone: str | None
    read: str
    place: Place
    header_pattern: bool = False
    file_name: bool = False
    numbers: NumberSpelling = PLAIN_NUMBERS
    fixed: FixedField | None = None
    line_of: str | None = None
    when: tuple[str, tuple[str, ...]] | None = None
    field_place: str = ""
    cell: str | None = None
    codes_by_file: tuple[CodeTable, ...] = ()

    @property
    def is_in_file(self) -> bool:
        """Whether the files contain the column; its value otherwise comes from the name or lines of the file."""
        return not self.file_name and self.line_of is None

    def heads(self, found: str) -> bool:
        """Whether the column has that header in a file."""
        return bool(re.fullmatch(self.header, found)) if self.header_pattern else found == self.header

    @property
    def has_codes(self) -> bool:
        """Whether values are legacy values of a code table."""
        return self.codes is not None or bool(self.codes_by_file)

    @property
    def label(self) -> str:
        """The column's name in messages: its header in the file, `""` for an empty header."""
        return self.header or '""'


@dataclass(frozen=True)
class LegacyObject:
    """One object (file, or set of files) of a legacy system, with everything that landing it needs.

    `files` are names or glob patterns below `folder`, itself below the folder of exports. The first that matches any
    file is used, with all files that it matches; with `take_all`, all files that any pattern matches. `columns` are
    those that land; `in_file` are those of them that the files contain, in their order. `key` are landed columns whose
    greatest value must not fall from one landing to the next.

    In files with several types of records the rows are the records of type `record`. Characters of fixed-width records
    that no column covers are blank, except those of `unused`. `summed` are the columns, with the types of their
    records, that control totals sum up. `member` is the name, or a pattern, of the file within a zip archive.
    """

    system: str
    name: str
    description: str
    owner: str
    folder: str
    files: tuple[str, ...]
    format: FileFormat
    rejects_tolerated: Tolerance
    optional: bool
    may_be_empty: bool
    complete_through: CompleteThrough | None
    columns: tuple[SourceColumn, ...]
    place: Place
    key: tuple[str, ...] = ()
    take_all: bool = False
    record: str = ""
    unused: tuple[FieldPosition, ...] = ()
    summed: tuple[tuple[str, SourceColumn], ...] = ()
    member: str | None = None

    @property
    def in_file(self) -> tuple[SourceColumn, ...]:
        """The columns that the files contain: all but those of the file's name and lines."""
        return tuple(column for column in self.columns if column.is_in_file)

    @property
    def file_as(self) -> str | None:
        """The landed column with the name of each row's file, if one is declared."""
        return next((column.name for column in self.columns if column.file_name), None)

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns' names in the file, in order."""
        return tuple(column.header for column in self.in_file)

    @property
    def shares_files(self) -> bool:
        """Whether other objects may be other records of the same files."""
        return bool(self.record) or isinstance(self.format, RecordFormat)

    @property
    def classification(self) -> Classification:
        """The classification of the most confidential column."""
        return max(column.classification for column in self.columns)

    @property
    def digest(self) -> str:
        """Hash of everything that decides which rows a file lands as; descriptions and owners do not."""
        meaning = {
            "parser": PARSER_VERSION,
            "format": _format_meaning(self.format),
            "tolerated": str(self.rejects_tolerated),
            "optional": self.optional,
            "may_be_empty": self.may_be_empty,
            "complete_through": vars(self.complete_through) if self.complete_through else None,
            "columns": [_column_meaning(column) for column in self.columns],
        }
        if isinstance(self.format, FixedWidthFormat):
            meaning["record"], meaning["unused"] = self.record, [asdict(position) for position in self.unused]
            meaning["summed"] = [(record, _column_meaning(column)) for record, column in self.summed]
        if isinstance(self.format, RecordFormat):
            meaning["record"] = self.record
            if self.summed:
                meaning["summed"] = [(record, _column_meaning(column)) for record, column in self.summed]
        if self.member is not None:
            meaning["member"] = self.member
        text = json.dumps(meaning, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class LegacySystem:
    """A legacy system: the content of one `sources/<system>.yaml`. `ignore` are files of its folder without rows."""

    name: str
    description: str
    owner: str
    folder: str
    objects: tuple[LegacyObject, ...]
    file: str
    ignore: tuple[str, ...] = ()

    def object(self, name: str) -> LegacyObject:
        """Return the object of that name. Raises KeyError."""
        for candidate in self.objects:
            if candidate.name == name:
                return candidate
        raise KeyError(name)


_LATER_KEYS = ("title_lines", "end_lines", "totals")
"""Left out where nothing is declared, so that they do not change fingerprints."""


def _format_meaning(written: FileFormat) -> dict[str, object]:
    if isinstance(written, (FixedWidthFormat, RecordFormat)):
        return written.meaning()
    # The spelling of numbers belongs to each column, which may differ from its format.
    found = {key: value for key, value in vars(written).items() if key != "numbers"}
    if isinstance(written, TextFormat):
        found["totals"] = [asdict(total) for total in written.totals]
    return {key: value for key, value in found.items() if value or key not in _LATER_KEYS}


def _column_meaning(column: SourceColumn) -> dict[str, object]:
    meaning = dict(vars(column))
    del meaning["description"], meaning["place"], meaning["field_place"]
    # Options at their default are left out, so that new options do not change fingerprints.
    for option in ("header_pattern", "file_name"):
        if not meaning[option]:
            del meaning[option]
    for option in ("line_of", "when", "cell"):
        if meaning[option] is None:
            del meaning[option]
    del meaning["codes_by_file"]
    if column.codes_by_file:
        meaning["codes_by_file"] = [asdict(table) for table in column.codes_by_file]
    if column.fixed is None:
        del meaning["fixed"]
    else:
        meaning["fixed"] = asdict(column.fixed)
    meaning["numbers"] = vars(column.numbers)
    if column.numbers == PLAIN_NUMBERS:
        del meaning["numbers"]
    return meaning | {"type": str(column.type), "classification": column.classification.label}
