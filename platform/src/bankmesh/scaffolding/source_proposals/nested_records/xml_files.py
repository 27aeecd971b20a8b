"""Proposals for XML documents: the repeated element of the records, then a column for each value of all of them."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bankmesh.scaffolding.source_proposals.nested_records.nested_fields import (
    FieldProfiles,
    name_columns,
    too_many_fields,
)
from bankmesh.scaffolding.source_proposals.nested_records.xml_records import ElementValues, local_name
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, FileProposal, ProposalOptions
from bankmesh.scaffolding.source_proposals.typed_values import propose_texts
from bankmesh.sources.documents.xml_formats import STEP
from bankmesh.sources.documents.xml_stream import LONGEST_RECORD, PIECE_BYTES, XmlStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from bankmesh.scaffolding.source_proposals.column_proposal import ColumnProposal

_NAMED = 8
"""The most places that a question names."""
_MOST_PLACES = 10_000
_MOST_BESIDE = 1_000
"""Elements beside the way to the records that are kept; what has more holds other records."""
_BEGINNING = re.compile(rb"<\?xml[ \t\r\n]|<[A-Za-z_][\w.:-]*[ \t\r\n>/]")

Steps = tuple[str, ...]


def is_xml(beginning: bytes) -> bool:
    """Whether a file begins as a document does."""
    return _BEGINNING.match(beginning.removeprefix(codecs.BOM_UTF8).lstrip()) is not None


def propose_xml(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for XML documents. Raises CannotPropose, and LegacyFileError for a damaged one."""
    if options.rows is None:
        steps, questions = _find_rows(files)
    else:
        steps, questions = _given_steps(files[0], options.rows), ()
    reading = _XmlReading(steps, FieldProfiles(files[0]), ElementValues())
    for file in files:
        _Document(file, reading).read()
    reading.fields.flush()
    rows = "/" + "/".join(steps)
    if not reading.fields.rows:
        raise CannotPropose(files[0], f"it has no elements {rows}", "Name the path of the records with --rows.")
    keys: dict[str, object] = {"kind": "xml", "rows": rows}
    lists = reading.drop_what_is_no_column()
    if lists:
        keys["ignored_fields"] = lists
        named = ", ".join(f"{rows}/{path} ({reading.values.lists[path]:,})" for path in lists[:_NAMED])
        question = (
            f"are repeated elements of the records needed? They are ignored here; --rows makes rows of one: {named}"
        )
        questions = (*questions, question)
    if reading.values.mixed:
        mixed = ", ".join(sorted(reading.values.mixed)[:_NAMED])
        questions = (
            *questions,
            f"is text beside elements needed? No column reads both, and such records are rejects: {mixed}",
        )
    return FileProposal(keys, tuple(_columns(reading, options)), reading.fields.rows, {}, questions)


def _given_steps(file: Path, rows: str) -> Steps:
    steps = tuple(rows.strip("/").split("/"))
    if not all(STEP.fullmatch(step) and ":" not in step for step in steps):
        raise CannotPropose(file, f"--rows {rows} is no path of elements", "Write it like /Orders/Order.")
    return steps


def _find_rows(files: Sequence[Path]) -> tuple[Steps, tuple[str, ...]]:
    """Return the outermost repeated element, the most frequent of several, and a question about the others."""
    counts: Counter[Steps] = Counter()
    repeated: set[Steps] = set()
    for file in files:
        for steps, is_repeated in _elements(file):
            counts[steps] += 1
            if is_repeated:
                repeated.add(steps)
            if len(counts) > _MOST_PLACES:
                raise too_many_fields(file)
    filled = {steps[:-1] for steps in counts}
    candidates = {steps for steps in repeated if steps in filled} or repeated
    outermost = {each for each in candidates if not any(each[:at] in candidates for at in range(1, len(each)))}
    if not outermost:
        raise CannotPropose(
            files[0], "no element is repeated, so that its records do not show", "Name them with --rows."
        )
    rows, *others = sorted(outermost, key=lambda steps: (-counts[steps], steps))
    if not others:
        return rows, ()
    listed = ", ".join(f"/{'/'.join(steps)} ({counts[steps]:,})" for steps in others[:_NAMED])
    question = (
        f"which elements are the records? /{'/'.join(rows)} has {counts[rows]:,}; there are also {listed}: see --rows"
    )
    return rows, (question,)


def _elements(file: Path) -> Iterator[tuple[Steps, bool]]:
    """Yield the path of each element and attribute, and whether its parent had one of that name before."""
    open_elements: list[Element] = []
    seen: list[Counter[str]] = [Counter()]
    steps: Steps = ()
    for event, element in XmlStream(file, PIECE_BYTES).events():
        if event == "start":
            name = local_name(element)
            seen[-1][name] += 1
            steps = (*steps, name)
            yield steps, seen[-1][name] > 1
            for attribute in element.attrib:
                yield (*steps, "@" + attribute.rpartition("}")[2]), False
            open_elements.append(element)
            seen.append(Counter())
            continue
        drop_last(open_elements)
        seen.pop()
        steps = steps[:-1]


def drop_last(open_elements: list[Element]) -> Element:
    """Close the innermost element, and drop it from the one around it."""
    closed = open_elements.pop()
    if open_elements:
        open_elements[-1].remove(closed)
    return closed


@dataclass
class _XmlReading:
    """What all records hold, and the fields around them that come too late, or several times, to be read."""

    steps: Steps
    fields: FieldProfiles
    values: ElementValues
    unread: set[str] = field(default_factory=set)

    def drop_what_is_no_column(self) -> list[str]:
        """Forget the fields that no column can have, and return the paths of repeated elements in the records."""
        values, profiles = self.values, self.fields.profiles
        lists = [path for path in values.lists if not path.startswith("../")]
        below = [path for path in profiles if any(path == each or path.startswith(f"{each}/") for each in values.lists)]
        empty = [path for path in profiles if path in values.branches and path not in values.texts]
        self.fields.drop({*below, *empty, *self.unread})
        inner = [path for path in lists if any(path.startswith(f"{each}/") for each in lists if each != path)]
        return [path for path in lists if path not in inner]


class _Document:
    """Reads one document: each record with the values around it that precede it."""

    def __init__(self, file: Path, reading: _XmlReading) -> None:
        self._file, self._reading = file, reading
        self._open: list[Element] = []
        self._on_way = self._began = 0
        self._around: list[dict[str, str | None]] = []
        self._names: list[Counter[str]] = []
        self._has_records: list[bool] = []
        self._beside = 0

    def read(self) -> None:
        """Add all records of the document. Raises LegacyFileError."""
        steps = self._reading.steps
        stream = XmlStream(self._file, PIECE_BYTES)
        for event, element in stream.events():
            if event == "start":
                self._open.append(element)
                is_next = (
                    self._on_way == len(self._open) - 1 < len(steps) and local_name(element) == steps[self._on_way]
                )
                if is_next:
                    self._begin(element)
                    self._began = stream.fed
                elif self._on_way < len(steps):
                    self._beside += 1
                continue
            depth = len(self._open)
            if depth == self._on_way:
                self._end(element)
                drop_last(self._open)
            elif self._on_way < len(steps):
                self._end_beside(element, depth)
            else:
                self._open.pop()  # within a record, which is read as a whole
                if stream.fed - self._began > LONGEST_RECORD:
                    raise stream.refuse("a record is longer than 64 MiB", "records below that")

    def _begin(self, element: Element) -> None:
        """Begin an element on the way to the records, with its attributes, or a record."""
        self._on_way += 1
        up = len(self._reading.steps) - self._on_way
        if up:
            found: dict[str, str | None] = {}
            self._reading.values.add_attributes(element, "../" * up, found)
            self._around.append(found)
            self._names.append(Counter())
            self._has_records.append(False)
        self._beside = 0

    def _end(self, element: Element) -> None:
        if self._on_way == len(self._reading.steps):
            record: dict[str, str | None] = {}
            self._reading.values.add_element(element, "", record)
            for found in self._around:
                record |= found
            self._reading.fields.add_texts(record)
            self._has_records = [True] * len(self._has_records)
        else:
            self._around.pop()
            self._names.pop()
            self._has_records.pop()
        self._on_way -= 1

    def _end_beside(self, element: Element, depth: int) -> None:
        """Keep an element beside the way until it is whole, unless it is large; then read its values."""
        if depth > self._on_way + 1:
            self._open.pop()
            if self._beside > _MOST_BESIDE:
                self._open[-1].remove(element)
            return
        drop_last(self._open)
        if self._on_way and self._beside <= _MOST_BESIDE:
            name, level = local_name(element), self._on_way - 1
            self._names[level][name] += 1
            found: dict[str, str | None] = {}
            path = "../" * (len(self._reading.steps) - self._on_way) + name
            self._reading.values.add_element(element, path, found)
            if self._names[level][name] > 1 or self._has_records[level]:
                self._reading.unread.update(found)
            self._around[level] |= found
        self._beside = 0


def _columns(reading: _XmlReading, options: ProposalOptions) -> list[ColumnProposal]:
    profiles = reading.fields.profiles
    names = name_columns([_words(path, reading.steps) for path in profiles])
    columns = []
    for (path, profile), name in zip(profiles.items(), names, strict=True):
        column = propose_texts(profile, reading.fields.rows, day_first=options.day_first)
        keys = dict(column.keys)
        if path in reading.values.padded:
            keys.pop("codes", None)  # a text lands with its blanks
        columns.append(replace(column, keys=keys, name=name))
    return columns


def _words(path: str, steps: Steps) -> list[str]:
    """Return the names of a path in full, with that of the element from which it leads down."""
    parts = path.split("/")
    up = parts.count("..")
    if path == ".":
        return [steps[-1]]
    return [*([steps[-1 - up]] if up else []), *(part.lstrip("@") for part in parts[up:])]
