"""Reads one column of a source declaration, and refuses options that do not apply to its type."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import replace
from typing import TYPE_CHECKING

import yaml

from bankmesh.contracts.model import Classification, ColumnType
from bankmesh.contracts.parsing.regular_expressions import check_pattern
from bankmesh.sources.declarations.code_tables import read_codes
from bankmesh.sources.declarations.date_formats import (
    DEFAULT_ZONE,
    ISO,
    STORED,
    YEAR_AND_CENTURY,
    BadFormat,
    compile_format,
)
from bankmesh.sources.declarations.field_reader import FIELD_KEYS, read_field, read_line_names
from bankmesh.sources.declarations.format_ambiguity import find_ambiguity
from bankmesh.sources.declarations.number_formats import (
    DECIMAL_READERS,
    MINUS,
    NUMBER_KEYS,
    PLAIN_NUMBERS,
    WHOLE_READERS,
    NumberSpelling,
    read_numbers,
)
from bankmesh.sources.declarations.source_declaration import (
    NAME,
    ParquetFormat,
    RecordFormat,
    SourceColumn,
    TextFormat,
)
from bankmesh.yaml.nodes import Mapping

if TYPE_CHECKING:
    from bankmesh.sources.declarations.code_tables import Codes, CodeTable
    from bankmesh.sources.declarations.record_layout import FixedField
    from bankmesh.sources.declarations.source_declaration import FileFormat

TYPES = ("string", "long", "integer", "decimal(p,s)", "double", "date", "timestamp", "boolean")

LEVEL_88 = "level_88"
"""In place of a code table: that of the field's conditions in its copybook."""

_DECIMAL = re.compile(r"^decimal\((\d+), ?(\d+)\)$")
_MOST_DIGITS = 38
_CELL = re.compile("[A-Z]{1,3}[1-9][0-9]{0,6}")
_ANY_CENTURY = 1900
"""In place of a century that is a fault, so that the formats are not faults for it, too."""
COLUMN_KEYS = (
    "type", "description", "classification", "required", "as", "missing", "codes", "pattern", "format", "century",
    "timezone", "read", "header_pattern", "path", "when", "cell", *NUMBER_KEYS,
)  # fmt: skip
_NUMBERS = ("long", "integer", "decimal", "double")
_ONLY_FOR = {
    "codes": ("string", "boolean"),
    "pattern": ("string",),
    "format": ("date", "timestamp"),
    "century": ("date", "timestamp"),
    "timezone": ("timestamp",),
    "read": ("long", "integer", "decimal"),
    "decimal": ("decimal", "double"),
    "thousands": _NUMBERS,
    "minus": _NUMBERS,
}


def read_column(
    header: str, key: yaml.Node, given: Mapping, markers: tuple[str, ...], written: FileFormat, record: str = ""
) -> SourceColumn:
    """Read a column of files in the format `written`; `markers` are the object's values for missing ones.

    Parquet files may store dates and timestamps as typed values, which need no format. In fixed-width files the object
    consists of the records of type `record`. In nested records `path` is the column's place; otherwise its key is.
    """
    given.only((*COLUMN_KEYS, *FIELD_KEYS))
    column, header = header, _path(given, header, written)
    kind = _type(given)
    for option, types in _ONLY_FOR.items():
        if option in given.entries and kind.name not in types:
            message = f"{given.what} is {kind}; {option} is for {' and '.join(types)}"
            given.faults.add(given.value(option), "option-of-another-type", message)
    name = given.text("as", column)
    if not NAME.match(name):
        would = f"{given.what} would land as {name}" if name else f"{given.what} needs a name to land as"
        message = f"{would}; use small letters, digits, underscores (`as` renames)"
        given.faults.add(given.value("as") or key, "bad-name", message)
    is_pattern = given.flag("header_pattern", default=False)
    if is_pattern:
        _check_pattern(header, key, f"header of {given.what}", given)
    century = _century(given)
    zone = _timezone(given)
    label = given.word("classification", [c.label for c in Classification])
    missing = given.texts("missing")
    cell = _cell(given, written)
    fixed = read_field(given, column, kind, written, record)
    codes, codes_by_file = _codes(given, kind, column, written, record)
    read = given.word("read", DECIMAL_READERS if kind.name == "decimal" else WHOLE_READERS, "plain")
    return SourceColumn(
        name=name,
        header=header,
        type=kind,
        description=given.text("description"),
        classification=Classification[label.upper()],
        required=given.flag("required", default=False),
        missing=markers if missing is None else missing,
        codes=codes,
        codes_by_file=codes_by_file,
        pattern=_pattern(given),
        formats=_formats(given, kind, century, zone, written),
        century=century,
        timezone=zone,
        read=read,
        place=given.faults.place(key),
        header_pattern=is_pattern,
        numbers=_numbers(given, kind, read, written, fixed),
        fixed=fixed,
        when=_when(given, written),
        field_place=cell or (written.field_place(record, header) if isinstance(written, RecordFormat) else ""),
        cell=cell,
    )


def file_column(given: Mapping) -> SourceColumn | None:
    """Return the column that an object's `file_as` adds: the name of the file that each row came from."""
    node = given.value("file_as")
    name = given.optional_text("file_as")
    if node is None or name is None:
        return None
    if not NAME.match(name):
        message = f"file_as of {given.what} is {name}; use small letters, digits, underscores"
        given.faults.add(node, "bad-name", message)
    description = "Name of the file that the row came from, below the folder of its system."
    return replace(_derived_column(name, ColumnType("string"), description, given, node), file_name=True)


def line_columns(given: Mapping, written: FileFormat, record: str) -> tuple[SourceColumn, ...]:
    """Return the columns that `line_as` and `line_above_as` of an object add."""
    made = []
    for name, above, node in read_line_names(given, written, record):
        if not NAME.match(name):
            message = f"a column of lines of {given.what} is {name}; use small letters, digits, underscores"
            given.faults.add(node, "bad-name", message)
        of = f"the nearest {above} record above the row" if above else "the row"
        column = _derived_column(name, ColumnType("long"), f"Line of {of} in its file, from 1.", given, node)
        made.append(replace(column, line_of=above))
    return tuple(made)


def _derived_column(name: str, kind: ColumnType, description: str, given: Mapping, node: yaml.Node) -> SourceColumn:
    """Return a column that the files do not contain."""
    return SourceColumn(
        name=name,
        header="",
        type=kind,
        description=description,
        classification=Classification.INTERNAL,
        required=True,
        missing=(),
        codes=None,
        pattern=None,
        formats=(),
        century=None,
        timezone=None,
        read="plain",
        place=given.faults.place(node),
    )


def _codes(
    given: Mapping, kind: ColumnType, column: str, written: FileFormat, record: str
) -> tuple[Codes | None, tuple[CodeTable, ...]]:
    """Read `codes`: a table, tables by file, or `level_88` for that of a copybook."""
    node = given.value("codes")
    if node is not None and "pattern" in given.entries:
        given.faults.add(given.value("pattern"), "pattern-and-codes", f"{given.what}: give codes or a pattern")
    if not isinstance(node, yaml.ScalarNode) or node.value != LEVEL_88:
        return read_codes(given, kind)
    if kind.name != "string":
        message = f"{given.what} is {kind}; the names of level 88 are for string"
        given.faults.add(node, "option-of-another-type", message)
        return None, ()
    if isinstance(written, RecordFormat) and written.has_conditions:
        return written.condition_codes(given, column, record), ()
    message = f"codes of {given.what}: {LEVEL_88} is for files with copybooks"
    given.faults.add(node, "option-of-another-kind", message)
    return None, ()


def _path(given: Mapping, column: str, written: FileFormat) -> str:
    """Return the place of a column in its records: its `path`, or its key in the declaration."""
    if "path" not in given.entries:
        return column
    if isinstance(written, RecordFormat) and written.has_paths:
        return given.text("path", column)
    given.faults.add(
        given.value("path"), "option-of-another-kind", f"{given.what}: path is for files of nested records"
    )
    return column


def _when(given: Mapping, written: FileFormat) -> tuple[str, tuple[str, ...]] | None:
    """Return the field and its values of `when`, the condition under which a field is there."""
    node = given.value("when")
    if node is None:
        return None
    if not isinstance(written, RecordFormat) or "when" not in written.field_keys:
        message = f"{given.what}: when is for files with copybooks"
        given.faults.add(node, "option-of-another-kind", message)
        return None
    condition = Mapping(node, f"when of {given.what}", given.faults)
    if len(condition.entries) != 1:
        given.faults.add(node, "wrong-type", f"when of {given.what} names one field, with one or more values")
        return None
    if given.flag("required", default=False):
        given.faults.add(node, "required-and-when", f"{given.what}: a column with when is null in other records")
    [field] = condition.entries
    return field, condition.one_or_more(field)


def _cell(given: Mapping, written: FileFormat) -> str | None:
    """Return the cell of `cell`, which holds the value of all rows."""
    cell = given.optional_text("cell")
    if cell is None:
        return None
    if not isinstance(written, RecordFormat) or "cell" not in written.field_keys:
        given.faults.add(given.value("cell"), "option-of-another-kind", f"{given.what}: cell is for workbooks")
        return None
    if not _CELL.fullmatch(cell):
        given.faults.add(given.value("cell"), "bad-cell", f"cell of {given.what} is {cell}; write it like B2")
        return None
    if "header_pattern" in given.entries:
        message = f"{given.what} has a cell; header_pattern is for columns with headings"
        given.faults.add(given.value("header_pattern"), "option-of-another-kind", message)
    return cell


def _type(given: Mapping) -> ColumnType:
    text = given.text("type")
    decimal = _DECIMAL.match(text)
    if decimal is not None and int(decimal[2]) <= int(decimal[1]) <= _MOST_DIGITS and int(decimal[1]):
        return ColumnType("decimal", int(decimal[1]), int(decimal[2]))
    if text in TYPES and text != "decimal(p,s)":
        return ColumnType(text)
    if text:
        message = f"type of {given.what} is {text}; allowed: {', '.join(TYPES)}"
        given.faults.add(given.value("type"), "unknown-type", message)
    return ColumnType("string")


def _pattern(given: Mapping) -> str | None:
    pattern = given.optional_text("pattern")
    if pattern is None:
        return None
    return pattern if _check_pattern(pattern, given.value("pattern"), f"pattern of {given.what}", given) else None


def _check_pattern(pattern: str, node: yaml.Node | None, what: str, given: Mapping) -> bool:
    problem = check_pattern(pattern)
    if problem:
        given.faults.add(node, "bad-pattern", f"{what}: {problem}")
    return problem is None


def _numbers(
    given: Mapping, kind: ColumnType, read: str, written: FileFormat, fixed: FixedField | None
) -> NumberSpelling:
    """Return how the column's numbers are written; plain if its type or its `read` uses no separators."""
    own = [key for key in NUMBER_KEYS if key in given.entries]
    if kind.name not in _NUMBERS:
        return PLAIN_NUMBERS
    if kind.name in {"long", "integer"} and read != "plain":
        for key in own:
            message = f"{given.what}: {key} does not go with read: {read}, which spells the whole number"
            given.faults.add(given.value(key), "read-and-separators", message)
        return PLAIN_NUMBERS
    text = written if isinstance(written, TextFormat) else None
    base = PLAIN_NUMBERS if isinstance(written, ParquetFormat) else written.numbers
    if fixed is not None and fixed.decimals is not None:  # digits alone, with a sign
        return NumberSpelling(minus=given.word("minus", MINUS, base.minus))
    places = kind.name == "double" or kind.scale > 0
    return read_numbers(given, base, text.separator if text else None, text.quote if text else None, places=places)


def _formats(
    given: Mapping, kind: ColumnType, century: int | None, zone: str | None, written: FileFormat
) -> tuple[str, ...]:
    if kind.name not in _ONLY_FOR["format"]:
        return ()
    if "format" not in given.entries:
        if isinstance(written, ParquetFormat):
            return ()
        default = _default_format(written, kind)
        if default is not None:
            return (default,)
    formats = given.one_or_more("format")
    problems = False
    for at, text in enumerate(formats):
        problem = _format_problem(text, kind, century)
        if text in formats[:at]:
            problem = f"{text} is listed twice"
        if problem:
            problems = True
            given.faults.add(given.value("format"), "bad-format", f"format of {given.what}: {problem}")
    if not formats or not all(formats) or problems:
        return formats
    if century is not None and not any("%y" in text for text in formats):
        message = f"format of {given.what}: {YEAR_AND_CENTURY}"
        given.faults.add(given.value("century"), "bad-format", message)
    else:
        _check_ambiguity(given, kind, formats, century, zone)
    return (STORED, *formats) if isinstance(written, RecordFormat) and written.stores_dates else formats


def _default_format(written: FileFormat, kind: ColumnType) -> str | None:
    if not isinstance(written, RecordFormat):
        return None
    return written.date_format if kind.name == "date" else written.timestamp_format


def _check_ambiguity(
    given: Mapping, kind: ColumnType, formats: tuple[str, ...], century: int | None, zone: str | None
) -> None:
    found = find_ambiguity(formats, century, zone or DEFAULT_ZONE)
    if found is None:
        return
    shape = "%Y-%m-%d" if kind.name == "date" else "%Y-%m-%d %H:%M:%S UTC"
    one, other = (format(moment, shape) for moment in (found.read_first, found.read_second))
    message = (
        f'format of {given.what}: {found.text} is {one} in "{found.first}" and {other} in "{found.second}". Declare '
        "formats of which at most one reads a text; if files differ, declare an object for each kind of file"
    )
    given.faults.add(given.value("format"), "ambiguous-formats", message)


def _format_problem(text: str, kind: ColumnType, century: int | None) -> str | None:
    if not text or (text == ISO and kind.name == "timestamp"):
        return None
    try:
        compile_format(text, century, with_time=kind.name == "timestamp")
    except BadFormat as error:
        return str(error)
    return None


def _century(given: Mapping) -> int | None:
    text = given.optional_text("century")
    if text is None:
        return None
    if re.fullmatch(r"[1-9][0-9]00", text):
        return int(text)
    message = f"century of {given.what} is {text}; give the first year of it, such as 1900 (for 1900 to 1999) or 2000"
    given.faults.add(given.value("century"), "bad-century", message)
    return _ANY_CENTURY


def _timezone(given: Mapping) -> str | None:
    if "timezone" not in given.entries:
        return None
    name = given.text("timezone", "UTC")
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        message = f"timezone of {given.what} is {name}; give a name such as UTC or Europe/Prague"
        given.faults.add(given.value("timezone"), "unknown-word", message)
        return "UTC"
    return name
