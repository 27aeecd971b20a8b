"""Reads the format of files with copybooks: the copybook beside the declaration, record types and control totals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.errors import Fault
from bankmesh.sources.copybook.code_pages import CODE_PAGES, encode_text
from bankmesh.sources.copybook.copybook_format import (
    FIXED_LENGTH,
    RECORD_FORMATS,
    STANDARD,
    TRUNCATIONS,
    CopybookFormat,
    CopybookRecord,
    FieldTotal,
)
from bankmesh.sources.copybook.copybook_parser import parse_copybook
from bankmesh.sources.copybook.copybook_source import FIXED, FORMS, CopybookError
from bankmesh.sources.copybook.storage_layout import RecordStorage, Storage, UnknownFieldError
from bankmesh.sources.declarations.field_reader import read_whole
from bankmesh.sources.declarations.record_layout import (
    DETAIL,
    HEADER,
    RECORD_ROLES,
    FieldPosition,
    FixedField,
)
from bankmesh.sources.declarations.source_declaration import NAME
from bankmesh.yaml.nodes import Mapping

if TYPE_CHECKING:
    from bankmesh.sources.declarations.source_declaration import FileFormat

COPYBOOK_KEYS = (
    "copybook", "copybook_form", "encoding", "recfm", "record_length", "trunc", "layout", "selector", "records",
)  # fmt: skip
_TYPE_KEYS = ("value", "role", "layout", "totals")
_TOTAL_KEYS = ("count", "sum", "of", "field")


def read_copybook(given: Mapping, inherited: FileFormat) -> CopybookFormat:
    """Read the format of files with copybooks; keys that are not given come from `inherited`."""
    base = inherited if isinstance(inherited, CopybookFormat) else None
    form = given.word("copybook_form", FORMS, base.form if base else FIXED)
    if base is None or "copybook" in given.entries:
        name = given.text("copybook")
        path, source = _read_source(given, name)
    else:
        path, source = base.copybook, base.source
    written = CopybookFormat(
        copybook=path,
        source=source,
        form=form,
        encoding=given.word("encoding", CODE_PAGES, base.encoding if base else None),
        recfm=given.word("recfm", RECORD_FORMATS, base.recfm if base else FIXED_LENGTH),
        trunc=given.word("trunc", TRUNCATIONS, base.trunc if base else STANDARD),
    )
    if not source:
        return written
    try:
        records = {record.name: RecordStorage(record) for record in parse_copybook(source, form)}
    except CopybookError as error:
        given.faults.found.append(Fault(path, error.line, "bad-copybook", error.problem))
        return written
    return _Reader(given, written, records, base).read()


def _read_source(given: Mapping, name: str) -> tuple[str, str]:
    """Return the path and the text of the copybook; an empty text, with a fault, if it cannot be read."""
    folder, node = Path(given.faults.file).parent, given.value("copybook")
    pure = PurePosixPath(name)
    if not name:
        return "", ""
    if pure.is_absolute() or ".." in pure.parts:
        given.faults.add(node, "path-outside", f"copybook: {name} must be a path below the folder of the declaration")
        return name, ""
    path = folder / pure
    text = given.faults.read_beside(path)
    if text is None:
        given.faults.add(node, "not-readable", f"copybook {name} is no file of UTF-8 text beside the declaration")
    elif not text:
        given.faults.found.append(Fault(str(path), 1, "bad-copybook", "the copybook is empty"))
    return str(path), text or ""


class _Reader:
    """What a format says about the records of a copybook."""

    def __init__(
        self, given: Mapping, written: CopybookFormat, records: dict[str, RecordStorage], base: CopybookFormat | None
    ) -> None:
        self._given, self._written, self._records, self._base = given, written, records, base
        self._faults = given.faults

    def read(self) -> CopybookFormat:
        given, base = self._given, self._base
        has_types = "records" in given.entries or (base is not None and bool(base.records))
        if has_types != ("selector" in given.entries or (base is not None and bool(base.selector))):
            at = given.value("records") or given.value("selector") or given.node
            self._faults.add(at, "missing-key", f"{given.what}: selector and records need each other")
            return self._written
        if not has_types:
            layout = self._layout(given, base.layout if base else "")
            return self._with_length(self._changed(layout=layout), [layout])
        types = self._types(base)
        if types is None:
            return self._written
        selector = given.text("selector", base.selector if base else None)
        position = self._selector(selector, types)
        made = self._changed(selector=selector, selector_position=position, records=types)
        return self._with_length(made, [each.layout for each in types])

    def _changed(self, **changes: Any) -> CopybookFormat:  # noqa: ANN401 - fields of the format
        return replace(self._written, **changes)

    def _layout(self, given: Mapping, inherited: str) -> str:
        """Return the level 01 that `layout` names; it may be left out if the copybook has one."""
        names = tuple(self._records)
        if "layout" not in given.entries and not inherited and len(names) == 1:
            return names[0]
        name = given.text("layout", inherited or None).upper()
        if name and name not in names:
            message = f"layout of {given.what} is {name}; the copybook has {', '.join(names)}"
            self._faults.add(given.value("layout"), "unknown-word", message)
        return name if name in names else names[0]

    def _with_length(self, written: CopybookFormat, layouts: list[str]) -> CopybookFormat:
        longest = max(self._records[name].longest for name in layouts)
        if "record_length" not in self._given.entries:
            inherited = self._base.record_length if self._base is not None else 0
            return replace(written, record_length=max(longest, inherited))
        length = read_whole(self._given, "record_length", least=1) or longest
        if length < longest:
            message = f"record_length of {self._given.what} is {length}, but the copybook has records of {longest}"
            self._faults.add(self._given.value("record_length"), "position-out-of-range", message)
        return replace(written, record_length=max(length, longest))

    def _types(self, base: CopybookFormat | None) -> tuple[CopybookRecord, ...] | None:
        given = self._given
        if "records" not in given.entries:
            return base.records if base else ()
        listed = Mapping(given.value("records"), f"records of {given.what}", self._faults)
        entries = {name: Mapping(node, f"record {name}", self._faults) for name, (_, node) in listed.entries.items()}
        roles: dict[str, str] = {}
        for name, entry in entries.items():
            entry.only(_TYPE_KEYS)
            if not NAME.match(name):
                message = f"record {name}: small letters, digits, underscores only"
                self._faults.add(listed.entries[name][0], "bad-name", message)
            roles[name] = entry.word("role", RECORD_ROLES, DETAIL)
            if roles[name] != DETAIL and list(roles.values()).count(roles[name]) > 1:
                message = f"record {name} is a second {roles[name]}; a file has one"
                self._faults.add(entry.node, "duplicate-role", message)
        if DETAIL not in roles.values():
            at = given.value("records")
            self._faults.add(at, "missing-key", f"records of {given.what} need at least one detail")
            return None
        made, taken = [], dict[str, str]()
        for name, entry in entries.items():
            layout = self._layout(entry, "")
            values = entry.one_or_more("value")
            for value in values:
                if value in taken:
                    message = f"value {value!r} of {entry.what} also identifies {taken[value]}"
                    self._faults.add(entry.value("value"), "bad-selector-value", message)
                taken[value] = name
            made.append(CopybookRecord(name, values, roles[name], self._totals(entry, roles, name, layout), layout))
        return tuple(made)

    def _selector(self, name: str, types: tuple[CopybookRecord, ...]) -> FieldPosition | None:
        """Return the position of the selector, which must be the same in all records that have it."""
        at = self._given.value("selector") or self._given.node
        found: set[FieldPosition] = set()
        problem = ""
        for layout in {each.layout for each in types}:
            try:
                field = self._records[layout].find(name)
            except UnknownFieldError as error:
                problem = str(error)
                continue
            start, length = self._records[layout].position(field)
            found.add(FieldPosition(start + 1, length))
            if not field.storage.is_selector or not self._records[layout].is_steady(field):
                message = f"selector {name} must be text or unsigned digits, in front of tables of varying length"
                self._faults.add(at, "bad-selector", message)
                return None
            self._check_values(name, field.storage, types)
        if len(found) != 1:
            several = " and ".join(map(str, found))
            self._faults.add(at, "bad-selector", problem if not found else f"selector {name} is at {several}")
            return None
        [position] = found
        shortest = min(self._records[each.layout].shortest for each in types)
        if position.end > shortest:
            message = f"selector {name} is at {position}, but the shortest record has {shortest} bytes"
            self._faults.add(at, "bad-selector", message)
        return position

    def _check_values(self, name: str, storage: Storage, types: tuple[CopybookRecord, ...]) -> None:
        for value in (value for each in types for value in each.values):
            if not storage.can_equal(encode_text(value, self._written.encoding)):
                message = f"selector value {value!r} does not fit {name}, which has {storage.size} characters"
                at = self._given.value("records") or self._given.node
                self._faults.add(at, "bad-selector-value", message)

    def _totals(self, entry: Mapping, roles: dict[str, str], name: str, layout: str) -> tuple[FieldTotal, ...]:
        node = entry.value("totals")
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self._faults.add(node, "wrong-type", f"totals of {entry.what} must be a list")
            return ()
        if roles[name] == DETAIL:
            message = f"totals of {entry.what}: only a {HEADER} or trailer has totals"
            self._faults.add(node, "totals-of-detail", message)
        found = []
        for at, item in enumerate(node.value, 1):
            given = Mapping(item, f"total {at} of {entry.what}", self._faults)
            given.only(_TOTAL_KEYS)
            total = self._total(given, roles, layout)
            if total is not None:
                found.append(total)
        return tuple(found)

    def _total(self, given: Mapping, roles: dict[str, str], layout: str) -> FieldTotal | None:
        name = given.text("field")
        try:
            field = self._records[layout].find(name)
        except UnknownFieldError as error:
            self._faults.add(given.value("field"), "unknown-field", f"{given.what}: {error}")
            return None
        if not field.storage.is_exact or not self._records[layout].is_steady(field):
            message = f"{given.what}: {name} is no number of digits in front of tables of varying length"
            self._faults.add(given.value("field"), "field-of-copybook", message)
            return None
        start, length = self._records[layout].position(field)
        place = FixedField(FieldPosition(start + 1, length), decimals=max(field.storage.scale, 0))
        if ("sum" in given.entries) == ("count" in given.entries):
            self._faults.add(given.node, "missing-key", f"{given.what} needs either count or sum")
        if "sum" in given.entries:
            record = given.word("of", [each for each, role in roles.items() if role == DETAIL] or [""])
            return FieldTotal(place, (record,), given.text("sum"), name=name)
        counted = given.one_or_more("count") if "count" in given.entries else ()
        for record in counted:
            if record and record not in roles:
                message = f"count of {given.what}: {record} is no record type; allowed: {', '.join(roles)}"
                self._faults.add(given.value("count"), "unknown-word", message)
        return FieldTotal(place, counted, name=name)
