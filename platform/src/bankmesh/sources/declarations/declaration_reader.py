"""Reads source declarations (`sources/<system>.yaml`) strictly, and reports every fault of every file at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml

from bankmesh.errors import Fault, Place, SourceFaults
from bankmesh.sources.declarations.column_reader import file_column, line_columns, read_column
from bankmesh.sources.declarations.field_reader import (
    RECORD_KEYS,
    check_classification,
    check_overlaps,
    check_revealed_fields,
    read_record,
    read_unused,
    with_summed_columns,
)
from bankmesh.sources.declarations.format_reader import read_format
from bankmesh.sources.declarations.record_layout import FixedWidthFormat
from bankmesh.sources.declarations.source_declaration import (
    NAME,
    OTHERWISE,
    CompleteThrough,
    LegacyObject,
    LegacySystem,
    RecordFormat,
    TextFormat,
    Tolerance,
)
from bankmesh.sources.declarations.text_format_reader import check_text_totals
from bankmesh.sources.landing_history import KEY_TYPES
from bankmesh.sources.parsing.compression import ZIP
from bankmesh.yaml.nodes import Faults, Mapping, compose, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import FileFormat, SourceColumn

_TOLERANCE = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(%?)$")
SYSTEM_KEYS = ("system", "description", "owner", "folder", "ignore", "format", "objects")
OBJECT_KEYS = (
    "description", "files", "member", "file_as", "line_as", "format", "rejects_tolerated", "missing", "optional",
    "may_be_empty", "complete_through", "key", "columns",
)  # fmt: skip


def read_systems(folder: Path) -> tuple[LegacySystem, ...]:
    """Read every declaration (`*.yaml`) of a folder, in order of name.

    Returns none if the folder is missing, because a domain may have no legacy systems. Raises SourceFaults with all
    faults of all files.
    """
    return _read_all(sorted(folder.glob("*.yaml")))


def read_system(file: Path) -> LegacySystem:
    """Read one declaration. Raises SourceFaults with all of its faults."""
    return _read_all([file])[0]


def _read_all(files: Iterable[Path]) -> tuple[LegacySystem, ...]:
    found: list[Fault] = []
    systems = []
    for file in files:
        faults = Faults(str(file))
        system = _read(file, faults)
        found += faults.found
        if system is not None:
            systems.append(system)
    if found:
        raise SourceFaults(dict.fromkeys(found))
    return tuple(systems)


def _read(file: Path, faults: Faults) -> LegacySystem | None:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        faults.add(None, "not-readable", f"cannot be read as UTF-8 text: {error}")
        return None
    parsed = _parse(file, text)
    if any(read_text(path) != known for path, known in parsed.beside.items()):
        _parse.cache_clear()
        parsed = _parse(file, text)
    faults.found.extend(parsed.faults)
    return parsed.system


@dataclass(frozen=True)
class _ParsedDeclaration:
    """The system that a text declares, its faults, and the texts of the other files that it names."""

    system: LegacySystem | None
    faults: tuple[Fault, ...]
    beside: dict[Path, str | None]


@lru_cache(maxsize=256)
def _parse(file: Path, text: str) -> _ParsedDeclaration:
    """Return what a text declares.

    Results are cached, because each landing of a run reads the declarations of all domains.
    """
    faults = Faults(str(file))
    system = _system(file, text, faults)
    return _ParsedDeclaration(system, tuple(faults.found), faults.beside)


def _system(file: Path, text: str, faults: Faults) -> LegacySystem | None:
    root = compose(text, faults)
    if root is None:
        return None
    top = Mapping(root, "the declaration", faults)
    top.only(SYSTEM_KEYS)
    name = top.text("system")
    if name and name != file.stem:
        message = f"system is {name}, but the file is {file.name}: give both the same name"
        faults.add(top.value("system"), "name-of-file", message)
    folder = top.text("folder", ".")
    _stays_below(folder, top, "folder")
    ignore = top.texts("ignore") or ()
    system = LegacySystem(name, top.text("description"), top.text("owner"), folder, (), str(file))
    written = read_format(Mapping(top.value("format"), "format", faults))
    objects = Mapping(top.value("objects"), "objects", faults)
    if not objects.entries:
        faults.add(top.value("objects") or root, "missing-key", "the declaration needs at least one of objects")
    found = [_object(objects, key, system, written) for key in objects.entries]
    for item in found:
        check_classification(item, found, faults)
        check_revealed_fields(item, found, faults)
    made = [with_summed_columns(item, found, faults) for item in found]
    return LegacySystem(name, system.description, system.owner, folder, tuple(made), str(file), ignore)


def _object(objects: Mapping, name: str, system: LegacySystem, written: FileFormat) -> LegacyObject:
    faults = objects.faults
    key, node = objects.entries[name]
    if not NAME.match(name):
        faults.add(key, "bad-name", f"object {name}: small letters, digits and underscores only")
    given = Mapping(node, f"object {name}", faults)
    given.only((*OBJECT_KEYS, *RECORD_KEYS))
    own = read_format(Mapping(given.value("format"), f"format of {given.what}", faults), written)
    record, unused = read_record(given, own), read_unused(given, own)
    columns = _columns(given, name, own, record)
    if isinstance(own, FixedWidthFormat):
        check_overlaps(columns, unused, faults)
    check_text_totals(given, own, columns)
    if isinstance(own, RecordFormat):
        own.check_columns(given, record, columns)
    files, take_all = _files(given)
    member = _member(given, own, files)
    return LegacyObject(
        system=system.name,
        name=name,
        description=given.text("description"),
        owner=system.owner,
        folder=system.folder,
        files=files,
        format=own,
        rejects_tolerated=_tolerance(given),
        optional=given.flag("optional", default=False),
        may_be_empty=given.flag("may_be_empty", default=False),
        complete_through=_complete_through(given, columns),
        columns=columns,
        place=Place(faults.file, key.start_mark.line + 1),
        key=_key(given, columns),
        take_all=take_all,
        record=record,
        unused=unused,
        member=member,
    )


def _columns(given: Mapping, name: str, written: FileFormat, record: str) -> tuple[SourceColumn, ...]:
    columns = Mapping(given.value("columns"), f"columns of {name}", given.faults)
    if not columns.entries:
        given.faults.add(given.value("columns") or given.node, "missing-key", f"object {name} needs columns")
    markers = given.texts("missing") or ()
    made: dict[str, SourceColumn] = {}
    for header, (key, node) in columns.entries.items():
        what = f"column {name}.{header}" if header else f'column {name}.""'
        column = read_column(header, key, Mapping(node, what, given.faults), markers, written, record)
        if column.name in made:
            message = f"two columns of {name} would land as {column.name}"
            given.faults.add(key, "duplicate-column", message)
        made[column.name] = column
    for column in line_columns(given, written, record):
        if column.name in made:
            message = f"a column of lines of {name} is {column.name}, which is a declared column"
            given.faults.found.append(Fault(column.place.file, column.place.line, "duplicate-column", message))
        made[column.name] = column
    file_name = file_column(given)
    if file_name is not None and file_name.name in made:
        message = f"file_as of {name} is {file_name.name}, which is a declared column"
        given.faults.add(given.value("file_as"), "duplicate-column", message)
    return (*made.values(), *([file_name] if file_name else []))


def _files(given: Mapping) -> tuple[tuple[str, ...], bool]:
    """Return the patterns, and whether all files that they match belong together: `files: {all: [...]}`."""
    node = given.value("files")
    take_all = isinstance(node, yaml.MappingNode)
    listed = Mapping(node, f"files of {given.what}", given.faults) if take_all else given
    if take_all:
        listed.only(("all",))
    files = listed.texts("all" if take_all else "files")
    if not files:
        given.faults.add(node or given.node, "missing-key", f"{given.what} needs files")
        return (), take_all
    for file in files:
        _stays_below(file, given, "files")
    return files, take_all


def _member(given: Mapping, written: FileFormat, files: tuple[str, ...]) -> str | None:
    """Return the name of the file within a zip archive, or its pattern."""
    member = given.optional_text("member")
    has_archives = any(file.endswith((ZIP, "*")) for file in files)
    if member is not None and not (has_archives and isinstance(written, (TextFormat, FixedWidthFormat))):
        message = f"member of {given.what} is for files that end in {ZIP}, of text or fixed width"
        given.faults.add(given.value("member"), "option-of-another-kind", message)
    return member


def _stays_below(path: str, given: Mapping, key: str) -> None:
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts:
        message = f"{key}: {path!r} must be a path below the folder of exports"
        given.faults.add(given.value(key), "path-outside", message)


def _tolerance(given: Mapping) -> Tolerance:
    text = given.text("rejects_tolerated", "0")
    match = _TOLERANCE.match(text)
    if match is None or (not match[2] and "." in text) or (match[2] and float(match[1]) > 100):  # noqa: PLR2004
        message = f'rejects_tolerated is {text}; give a number of rows, or percent as "0.1%"'
        given.faults.add(given.value("rejects_tolerated"), "bad-tolerance", message)
        return Tolerance(0, percent=False)
    return Tolerance(float(match[1]), bool(match[2]))


def _key(given: Mapping, columns: tuple[SourceColumn, ...]) -> tuple[str, ...]:
    """Return the landed names of the columns that `key` lists by their names in the file."""
    growing = {c.header: c.name for c in columns if c.is_in_file and c.type.name in KEY_TYPES}
    headers = given.texts("key") or ()
    for header in headers:
        if header not in growing:
            message = f"key: {header} is not a column of numbers or dates; allowed: {', '.join(growing) or 'none'}"
            given.faults.add(given.value("key"), "unknown-column", message)
    return tuple(dict.fromkeys(growing[header] for header in headers if header in growing))


def _complete_through(given: Mapping, columns: tuple[SourceColumn, ...]) -> CompleteThrough | None:
    node = given.value("complete_through")
    if node is None:
        return None
    rule = Mapping(node, f"complete_through of {given.what}", given.faults)
    rule.only(("control_file", "otherwise", "column"))
    control = rule.optional_text("control_file")
    if control is not None:
        _stays_below(control, rule, "control_file")
    otherwise = rule.word("otherwise", OTHERWISE, "unknown")
    header = rule.optional_text("column")
    dated = {c.header: c.name for c in columns if c.is_in_file and c.type.name in ("date", "timestamp")}
    if otherwise != "unknown" and header is None:
        given.faults.add(node, "missing-key", f"{rule.what} needs a column for {otherwise}")
    if header is not None and header not in dated:
        message = f"{header} is not a date or timestamp column; allowed: {', '.join(dated) or 'none'}"
        given.faults.add(rule.value("column"), "unknown-column", message)
    return CompleteThrough(control, otherwise, dated.get(header or ""))
