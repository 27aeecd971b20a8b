"""Reads the layout of fixed-width files: record length, title lines, record types and control totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from bankmesh.contracts.model import ColumnType
from bankmesh.contracts.parsing.regular_expressions import check_pattern
from bankmesh.sources.declarations.field_reader import read_decimals, read_padding, read_position, read_whole
from bankmesh.sources.declarations.number_formats import NUMBER_KEYS, PLAIN_NUMBERS, NumberSpelling, read_numbers
from bankmesh.sources.declarations.record_layout import (
    DETAIL,
    HEADER,
    NO_PADDING,
    RECORD_ROLES,
    TRAILER,
    BatchTotal,
    ControlTotal,
    FieldPosition,
    FilteredTotal,
    FixedField,
    FixedWidthFormat,
    Padding,
    RecordType,
)
from bankmesh.sources.declarations.source_declaration import ENCODINGS, NAME, PLAIN_TEXT, TextFormat
from bankmesh.yaml.nodes import Mapping

if TYPE_CHECKING:
    from bankmesh.sources.declarations.source_declaration import FileFormat

FIXED_WIDTH_KEYS = (
    "encoding", "record_length", "terminated", "padding", "pad", "title_lines", "end_lines", "selector", "records",
    *NUMBER_KEYS,
)  # fmt: skip
RECORD_TYPE_KEYS = ("value", "role", "totals")
TOTAL_KEYS = ("count", "sum", "of", "where", "since", "start", "length", "padding", "pad", "decimals", *NUMBER_KEYS)

_TOTAL_TYPE = ColumnType("decimal", 38, 38)


def read_layout(given: Mapping, base: FileFormat) -> FixedWidthFormat:
    """Read the format of fixed-width files; keys that are not given come from `base`."""
    shared = base if isinstance(base, (TextFormat, FixedWidthFormat)) else PLAIN_TEXT
    fixed = base if isinstance(base, FixedWidthFormat) else None
    encoding = given.word("encoding", ENCODINGS, shared.encoding)
    length = fixed.record_length if fixed else 0
    if fixed is None or "record_length" in given.entries:
        length = read_whole(given, "record_length", least=1) or 0
    terminated = given.flag("terminated", default=fixed.terminated if fixed else True)
    if not terminated and encoding.startswith("utf-"):
        at = given.value("encoding") or given.value("terminated") or given.node
        message = f"records of {given.what} have no line ends, so each character must be one byte; {encoding} has more"
        given.faults.add(at, "unterminated-encoding", message)
    numbers = read_numbers(given, shared.numbers, None, None)
    padding = read_padding(given, fixed.padding if fixed else NO_PADDING)
    selector = fixed.selector if fixed else None
    if "selector" in given.entries:
        place = Mapping(given.value("selector"), f"selector of {given.what}", given.faults)
        place.only(("start", "length"))
        selector = read_position(place, length)
    records = fixed.records if fixed else ()
    if "records" in given.entries:
        records = _records(given, selector, length, numbers, padding)
    _check_inherited(given, length, selector, records)
    return FixedWidthFormat(
        encoding=encoding,
        record_length=length,
        terminated=terminated,
        padding=padding,
        title_lines=read_line_patterns(given, "title_lines", fixed.title_lines if fixed else ()),
        end_lines=read_line_patterns(given, "end_lines", fixed.end_lines if fixed else ()),
        selector=selector,
        records=records,
        numbers=numbers,
    )


def read_line_patterns(given: Mapping, key: str, base: tuple[str, ...]) -> tuple[str, ...]:
    """Read regular expressions for whole lines; `base` if the key is absent."""
    patterns = given.texts(key)
    for pattern in patterns or ():
        if problem := check_pattern(pattern):
            given.faults.add(given.value(key), "bad-pattern", f"{key} of {given.what}: {problem}")
            return base
    return base if patterns is None else patterns


def _check_inherited(
    given: Mapping, length: int, selector: FieldPosition | None, records: tuple[RecordType, ...]
) -> None:
    """Note a fault for record types without a selector, and for inherited positions beyond the record's own length."""
    if bool(records) != (selector is not None):
        at = given.value("records") or given.value("selector") or given.node
        given.faults.add(at, "missing-key", f"{given.what}: selector and records need each other")
    if "record_length" not in given.entries or not length:
        return
    totals = [total.field.position for record in records for total in record.totals]
    beyond = [position for position in (*totals, *([selector] if selector else [])) if position.end > length]
    if beyond:
        message = f"{given.what}: records have {length} characters, but the selector or a total is at {beyond[0]}"
        given.faults.add(given.value("record_length"), "position-out-of-range", message)


def _records(
    given: Mapping, selector: FieldPosition | None, length: int, numbers: NumberSpelling, padding: Padding
) -> tuple[RecordType, ...]:
    faults = given.faults
    listed = Mapping(given.value("records"), f"records of {given.what}", faults)
    entries = {name: Mapping(node, f"record {name}", faults) for name, (_, node) in listed.entries.items()}
    roles = {}
    for name, entry in entries.items():
        entry.only(RECORD_TYPE_KEYS)
        if not NAME.match(name):
            faults.add(listed.entries[name][0], "bad-name", f"record {name}: small letters, digits, underscores only")
        roles[name] = entry.word("role", RECORD_ROLES, DETAIL)
        if roles[name] != DETAIL and list(roles.values()).count(roles[name]) > 1:
            faults.add(entry.node, "duplicate-role", f"record {name} is a second {roles[name]}; a file has one")
    if DETAIL not in roles.values():
        faults.add(given.value("records"), "missing-key", f"records of {given.what} need at least one detail")
    taken: dict[str, str] = {}
    made = []
    for name, entry in entries.items():
        values = _values(entry, selector, taken)
        taken |= dict.fromkeys(values, name)
        totals = _totals(entry, roles, name, length, numbers, padding)
        _check_total_positions(entry, totals, selector)
        made.append(RecordType(name, values, roles[name], totals))
    return tuple(made)


def _values(entry: Mapping, selector: FieldPosition | None, taken: dict[str, str]) -> tuple[str, ...]:
    values = entry.one_or_more("value")
    for value in values:
        if selector is not None and value and len(value) != selector.length:
            message = f"value of {entry.what} is {value!r}; the selector at {selector} has {selector.length} characters"
            entry.faults.add(entry.value("value"), "bad-selector-value", message)
        if value in taken or values.count(value) > 1:
            message = f"value {value!r} of {entry.what} also identifies {taken.get(value, 'it a second time')}"
            entry.faults.add(entry.value("value"), "bad-selector-value", message)
    return values


def _totals(
    entry: Mapping, roles: dict[str, str], name: str, length: int, numbers: NumberSpelling, padding: Padding
) -> tuple[ControlTotal, ...]:
    node = entry.value("totals")
    if node is None:
        return ()
    if not isinstance(node, yaml.SequenceNode):
        entry.faults.add(node, "wrong-type", f"totals of {entry.what} must be a list")
        return ()
    found = []
    for at, item in enumerate(node.value, 1):
        given = Mapping(item, f"total {at} of {entry.what}", entry.faults)
        given.only(TOTAL_KEYS)
        total = _total(given, roles, length, numbers, padding)
        if roles[name] == DETAIL:
            found.append(
                _of_batch(given, total, [each for each, role in roles.items() if role == DETAIL and each != name])
            )
        else:
            found.append(_filtered(given, total, length))
    return tuple(found)


def _total(given: Mapping, roles: dict[str, str], length: int, numbers: NumberSpelling, base: Padding) -> ControlTotal:
    position, padding = read_position(given, length), read_padding(given, base)
    if ("sum" in given.entries) == ("count" in given.entries):
        given.faults.add(given.node, "missing-key", f"{given.what} needs either count or sum")
    if "sum" in given.entries:
        decimals = read_decimals(given, _TOTAL_TYPE)
        record = given.word("of", [name for name, role in roles.items() if role == DETAIL] or [""])
        spelling = read_numbers(given, numbers, None, None)
        if decimals is not None:
            spelling = NumberSpelling(minus=spelling.minus)
        return ControlTotal(FixedField(position, padding, decimals=decimals), (record,), given.text("sum"), spelling)
    for key in ("of", "decimals", *NUMBER_KEYS):
        if key in given.entries:
            message = f"{given.what} is a count; {key} is for a sum"
            given.faults.add(given.value(key), "option-of-another-type", message)
    counted = given.one_or_more("count") if "count" in given.entries else ()
    for record in counted:
        if record and record not in roles:
            message = f"count of {given.what}: {record} is no record type; allowed: {', '.join(roles)}"
            given.faults.add(given.value("count"), "unknown-word", message)
    return ControlTotal(FixedField(position, padding), counted, None, PLAIN_NUMBERS)


def _of_batch(given: Mapping, total: ControlTotal, beginnings: list[str]) -> ControlTotal:
    """Return the total of a record that ends a batch."""
    if "since" not in given.entries:
        message = f"{given.what}: only a {HEADER} or {TRAILER} has totals, and the end of a batch with `since`"
        given.faults.add(given.node, "totals-of-detail", message)
        return total
    if "where" in given.entries:
        message = f"{given.what} has since, which does not go with where"
        given.faults.add(given.value("where"), "option-of-another-kind", message)
    since = given.word("since", beginnings or [""])
    return BatchTotal(total.field, total.records, total.column, total.numbers, since)


def _filtered(given: Mapping, total: ControlTotal, length: int) -> ControlTotal:
    """Return the total over the records that its `where` chooses, if it has one."""
    if "since" in given.entries:
        message = f"{given.what}: since is for the record that ends a batch, not for a {HEADER} or {TRAILER}"
        given.faults.add(given.value("since"), "option-of-another-kind", message)
    if "where" not in given.entries:
        return total
    chosen = Mapping(given.value("where"), f"where of {given.what}", given.faults)
    chosen.only(("start", "length", "value"))
    position, values = read_position(chosen, length), chosen.one_or_more("value")
    for value in values:
        if value and len(value) != position.length:
            message = f"value of {chosen.what} is {value!r}; the position has {position.length} characters"
            given.faults.add(chosen.value("value"), "bad-selector-value", message)
    return FilteredTotal(total.field, total.records, total.column, total.numbers, position, values)


def _check_total_positions(entry: Mapping, totals: tuple[ControlTotal, ...], selector: FieldPosition | None) -> None:
    seen = [selector] if selector is not None else []
    for at, total in enumerate(totals, 1):
        position = total.field.position
        if any(position.overlaps(other) for other in seen):
            message = f"total {at} of {entry.what} at {position} overlaps the selector or another total"
            entry.faults.add(entry.value("totals"), "overlapping-columns", message)
        seen.append(position)
