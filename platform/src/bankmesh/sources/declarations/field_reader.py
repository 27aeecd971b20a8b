"""Reads what a declaration says about the fields and lines of fixed-width files, and refuses impossible positions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import yaml

from bankmesh.errors import Fault
from bankmesh.sources.declarations.record_layout import (
    DETAIL,
    NO_PADDING,
    PADDING_SIDES,
    TRAILER,
    FieldPosition,
    FixedField,
    FixedWidthFormat,
    Padding,
    RecordType,
)
from bankmesh.sources.declarations.source_declaration import RecordFormat
from bankmesh.yaml.nodes import Mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bankmesh.contracts.model import ColumnType
    from bankmesh.sources.declarations.source_declaration import FileFormat, LegacyObject, SourceColumn
    from bankmesh.yaml.nodes import Faults

FIELD_KEYS = ("start", "length", "padding", "pad", "decimals", "from")
"""Keys of a column that are for fixed-width files only."""

FIXED_RECORD_KEYS = ("line_above_as", "unused")
"""Keys of an object that are for fixed-width files only."""

RECORD_KEYS = ("record", *FIXED_RECORD_KEYS)
"""Keys of an object that are for files with records of declared types."""

SUMMED_TYPES = ("long", "integer", "decimal")
_NOT_PADDING = "+-\r\n"
_OTHER_KIND = "option-of-another-kind"
_NOWHERE = FieldPosition(0, 0)
"""In place of a position that is not readable: it overlaps no other."""


def read_field(given: Mapping, header: str, kind: ColumnType, written: FileFormat, record: str) -> FixedField | None:
    """Read the field of a column of records of type `record`; None, with faults for its keys, in other formats."""
    if isinstance(written, RecordFormat):
        _refuse_keys(given, [key for key in FIELD_KEYS if key not in written.field_keys])
        return written.read_field(given, header, record)
    if not isinstance(written, FixedWidthFormat):
        _refuse_keys(given, FIELD_KEYS)
        return None
    if "header_pattern" in given.entries:
        message = f"{given.what} has a position; header_pattern is for files with headings"
        given.faults.add(given.value("header_pattern"), _OTHER_KIND, message)
    above = ""
    if "from" in given.entries:
        above = given.word("from", _records_above(written, record) or (record,))
    position = read_position(given, written.record_length)
    return FixedField(position, read_padding(given, written.padding), above, read_decimals(given, kind))


def read_position(given: Mapping, record_length: int) -> FieldPosition:
    """Read `start` (from 1) and `length`, in characters; both are required and stay within the record."""
    start = read_whole(given, "start", least=1)
    length = read_whole(given, "length", least=1)
    if start is None or length is None:
        return _NOWHERE
    position = FieldPosition(start, length)
    if record_length and position.end > record_length:
        message = f"{given.what} is at {position}, but a record has {record_length} characters"
        given.faults.add(given.value("start"), "position-out-of-range", message)
        return _NOWHERE
    return position


def read_whole(given: Mapping, key: str, *, least: int) -> int | None:
    """Return a whole number of at least `least`; required. None, with a fault, for anything else."""
    text = given.text(key)
    if text.isascii() and text.isdigit() and int(text) >= least:
        return int(text)
    if text:
        message = f"{key} of {given.what} is {text}; give a whole number from {least}"
        given.faults.add(given.value(key), "bad-number", message)
    return None


def read_padding(given: Mapping, base: Padding = NO_PADDING) -> Padding:
    """Read `padding` and `pad`; what is not given comes from `base`."""
    side = given.word("padding", PADDING_SIDES, base.side)
    character = given.text("pad", base.character)
    if len(character) != 1 or not character.isascii() or character.isalnum() or character in _NOT_PADDING:
        message = (
            f"pad of {given.what} is {character!r}; give one ASCII character that is no letter, digit, sign or line "
            "end (zeros in front of a number need no rule: they never count)"
        )
        given.faults.add(given.value("pad"), "one-character", message)
        return Padding(side)
    return Padding(side, character)


def read_decimals(given: Mapping, kind: ColumnType) -> int | None:
    """Read `decimals`, the digits behind an implied point; None if the key is absent."""
    if "decimals" not in given.entries:
        return None
    decimals = read_whole(given, "decimals", least=1)
    if kind.name != "decimal":
        message = f"{given.what} is {kind}; decimals is for decimal"
        given.faults.add(given.value("decimals"), "option-of-another-type", message)
    elif decimals is not None and decimals > kind.scale:
        message = f"{given.what} has {decimals} decimals, but {kind} has {kind.scale}"
        given.faults.add(given.value("decimals"), "bad-number", message)
    for key in ("decimal", "thousands", "read"):
        if key in given.entries:
            message = f"{given.what}: {key} does not go with decimals, which reads digits alone"
            given.faults.add(given.value(key), "read-and-separators", message)
    return decimals


def read_record(given: Mapping, written: FileFormat) -> str:
    """Return the type of the records that an object's rows are; empty if its format has no types."""
    if isinstance(written, FixedWidthFormat):
        is_typed, types = bool(written.records), tuple(each.name for each in written.records if each.role == DETAIL)
    elif isinstance(written, RecordFormat):
        _refuse_keys(given, FIXED_RECORD_KEYS)
        types = written.record_types()
        is_typed = bool(types)
    else:
        _refuse_keys(given, ("record", *FIXED_RECORD_KEYS))
        return ""
    if is_typed:
        return given.word("record", types or ("",))
    if "record" in given.entries:
        message = f"{given.what} names a record type, but records of its format are of one type"
        given.faults.add(given.value("record"), "unknown-word", message)
    return ""


def read_unused(given: Mapping, written: FileFormat) -> tuple[FieldPosition, ...]:
    """Return the positions whose characters are neither landed nor required to be blank."""
    node = given.value("unused")
    if node is None or not isinstance(written, FixedWidthFormat):
        return ()
    if not isinstance(node, yaml.SequenceNode):
        given.faults.add(node, "wrong-type", f"unused of {given.what} must be a list of positions")
        return ()
    entries = [Mapping(item, f"unused {at} of {given.what}", given.faults) for at, item in enumerate(node.value, 1)]
    for entry in entries:
        entry.only(("start", "length"))
    return tuple(read_position(entry, written.record_length) for entry in entries)


def read_line_names(given: Mapping, written: FileFormat, record: str) -> tuple[tuple[str, str, yaml.Node], ...]:
    """Return the columns with line numbers: landed name, record type (empty: the row's own), and node."""
    found = []
    own, name = given.value("line_as"), given.optional_text("line_as")
    if own is not None and name is not None:
        found.append((name, "", own))
    node = given.value("line_above_as")
    if node is not None and isinstance(written, FixedWidthFormat):
        known = _records_above(written, record)
        for above, landed in given.pairs("line_above_as") or ():
            if above not in known:
                message = f"line_above_as of {given.what}: {above} is no other record type; allowed: {', '.join(known)}"
                given.faults.add(node, "unknown-word", message)
            else:
                found.append((landed, above, node))
    return tuple(found)


def check_overlaps(columns: Iterable[SourceColumn], unused: Sequence[FieldPosition], faults: Faults) -> None:
    """Note a fault at each column whose field has characters in common with an earlier one of the same record."""
    seen: list[tuple[str, str, FieldPosition]] = []
    for column, field in ((column, column.fixed) for column in columns):
        if field is None:
            continue
        taken = [(name, at) for record, name, at in seen if record == field.record and at.overlaps(field.position)]
        taken += [("unused", at) for at in unused if not field.record and at.overlaps(field.position)]
        if taken:
            message = f"column {column.label} at {field.position} overlaps {taken[0][0]} at {taken[0][1]}"
            faults.found.append(Fault(column.place.file, column.place.line, "overlapping-columns", message))
        seen.append((field.record, column.label, field.position))


def with_summed_columns(obj: LegacyObject, objects: Iterable[LegacyObject], faults: Faults) -> LegacyObject:
    """Return the object with the columns that control totals of its files sum up, from all objects of the same files.

    Notes a fault for a total whose column no object declares, or declares as another type than a whole or decimal one,
    or that several objects read in different ways.
    """
    types = _types_of(obj.format)
    alike = [other for other in objects if _is_laid_out_like(obj.format, other.format)]
    summed = []
    for total in (total for record in types for total in record.totals if total.column is not None):
        columns = [c for other in alike if other.record == total.records[0] for c in other.columns]
        found = [c for c in columns if c.header == total.column and c.fixed is not None and not c.fixed.record]
        numbers = [column for column in found if column.type.name in SUMMED_TYPES]
        spellings = {(c.fixed, c.type, c.numbers, c.missing, c.read) for c in numbers}
        if len(spellings) == 1:
            summed.append((total.records[0], numbers[0]))
        else:
            problem = "is declared by no object of these files"
            if spellings:
                problem = "is declared in several ways by objects of these files"
            elif found:
                problem = f"is none of {', '.join(SUMMED_TYPES)}"
            first = alike[0]  # the files are the same, so that one fault is enough
            message = f"object {first.name}: a control total sums up {total.records[0]}.{total.column}, which {problem}"
            faults.found.append(Fault(first.place.file, first.place.line, "unknown-column", message))
    return replace(obj, summed=tuple(dict.fromkeys(summed)))


def check_classification(obj: LegacyObject, objects: Iterable[LegacyObject], faults: Faults) -> None:
    """Note a fault at each column `from` another record that is classified lower than the same field in its object."""
    for column, field in ((column, column.fixed) for column in obj.columns):
        if field is None or not field.record:
            continue
        alike = [other for other in objects if _has_records_like(other, obj.format, field.record)]
        fields = [c for other in alike for c in other.columns]
        own = [c for c in fields if c.fixed and not c.fixed.record and c.fixed.position.overlaps(field.position)]
        highest = max(own, key=lambda c: c.classification, default=column)
        if highest.classification > column.classification:
            message = (
                f"column {column.label} is {column.classification.label}, but its characters ({field.record} "
                f"{field.position}) are column {highest.label} of {field.record}, "
                f"which is {highest.classification.label}"
            )
            faults.found.append(Fault(column.place.file, column.place.line, "classified-lower", message))


def check_revealed_fields(obj: LegacyObject, objects: Iterable[LegacyObject], faults: Faults) -> None:
    """Note a fault at each column that holds all of another field of the same messages, and is classified lower."""
    if not isinstance(obj.format, RecordFormat):
        return
    others = [c for other in objects if type(other.format) is type(obj.format) for c in other.columns if c.field_place]
    for column in (column for column in obj.columns if column.field_place):
        held = [other for other in others if obj.format.reveals(column.field_place, other.field_place)]
        highest = max(held, key=lambda other: other.classification, default=column)
        if highest.classification > column.classification:
            message = (
                f"column {column.label} is {column.classification.label}, but it holds {highest.label} "
                f"({highest.field_place}), which is {highest.classification.label} in this declaration"
            )
            faults.found.append(Fault(column.place.file, column.place.line, "classified-lower", message))


def _has_records_like(obj: LegacyObject, written: FileFormat, name: str) -> bool:
    """Whether the object's rows are the records of that type of a format, by selector and values."""
    if isinstance(written, RecordFormat):
        return obj.record == name and _is_laid_out_like(obj.format, written)
    if not isinstance(obj.format, FixedWidthFormat) or not isinstance(written, FixedWidthFormat):
        return False
    is_laid_out = (obj.format.record_length, obj.format.selector) == (written.record_length, written.selector)
    return obj.record == name and is_laid_out and _values_of(obj.format, name) == _values_of(written, name)


def _types_of(written: FileFormat) -> tuple[RecordType, ...]:
    if isinstance(written, FixedWidthFormat):
        return written.records
    return written.typed_records() if isinstance(written, RecordFormat) else ()


def _is_laid_out_like(written: FileFormat, other: FileFormat) -> bool:
    """Whether files of both formats have the same records."""
    if not isinstance(written, (FixedWidthFormat, RecordFormat)) or type(written) is not type(other):
        return False
    return written.meaning() == other.meaning()  # type: ignore[union-attr]


def _values_of(written: FixedWidthFormat, name: str) -> frozenset[str]:
    return frozenset(value for record in written.records if record.name == name for value in record.values)


def _records_above(written: FixedWidthFormat, record: str) -> tuple[str, ...]:
    """Return the other record types; a trailer is above none."""
    return tuple(each.name for each in written.records if each.name != record and each.role != TRAILER)


def _refuse_keys(given: Mapping, keys: Iterable[str]) -> None:
    for key in (key for key in keys if key in given.entries):
        given.faults.add(given.value(key), _OTHER_KIND, f"{given.what}: {key} is for fixed-width files")
