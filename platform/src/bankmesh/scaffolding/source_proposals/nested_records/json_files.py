"""Proposals for JSON lines and documents: the list of the records, then a column for each field of all of them."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bankmesh.scaffolding.classification_proposal import NAMES_OF_PEOPLE, find_shape
from bankmesh.scaffolding.source_proposals.column_profile import BLOCK_BYTES
from bankmesh.scaffolding.source_proposals.nested_records.nested_fields import (
    PARENT,
    FieldProfiles,
    name_columns,
    too_many_fields,
)
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, FileProposal, ProposalOptions
from bankmesh.scaffolding.source_proposals.typed_values import FLAG, NUMBER, TEXT, propose_typed
from bankmesh.sources.declarations.source_declaration import UTF8_SIG
from bankmesh.sources.documents.field_paths import FieldPath, parse_path, write_steps
from bankmesh.sources.documents.json_records import FieldMissing, records_below
from bankmesh.sources.documents.json_stream import JsonStream
from bankmesh.sources.documents.json_values import JsonDecoder, JsonNumber, plain_number
from bankmesh.sources.parsing.line_blocks import LegacyText

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.scaffolding.source_proposals.typed_values import TypedProposal, Value
    from bankmesh.sources.documents.field_paths import Step

_TOP = FieldPath((), absolute=True)
_NAMED = 8
"""The most places that a question names."""
_MOST_PLACES = 1_000
_VALUES_AS_KEYS = "keys of its objects look like values"
_BEGINNING = re.compile(rb'\{\s*["}]|\[\s*[\[{\]]')


@dataclass
class _JsonReading:
    """What all records hold: their fields, the objects and lists in them by path, and how much no column can have.

    `flawed` counts values that are no record, and `unnamed` fields whose key is empty. `rows` leads to the records.
    """

    file: Path
    fields: FieldProfiles
    rows: FieldPath
    places: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    objects: set[str] = field(default_factory=set)
    lists: Counter[str] = field(default_factory=Counter)
    flawed: int = 0
    unnamed: int = 0
    _paths: dict[tuple[bool, tuple[Step, ...]], str] = field(default_factory=dict)

    def path(self, place: tuple[Step, ...], *, is_around: bool) -> str:
        """Return how declarations write a place in the record, or, around it, from the top of the document.

        Raises CannotPropose if there are too many, or if they look like values.
        """
        known = self._paths.get((is_around, place))
        if known is not None:
            return known
        if len(self._paths) >= _MOST_PLACES:
            raise too_many_fields(self.file)
        if any(_looks_like_value(key) for key in place if key not in self.rows.steps):
            raise CannotPropose(self.file, _VALUES_AS_KEYS, "No declaration can list them.")
        path = self._paths[is_around, place] = str(FieldPath(place, absolute=is_around))
        self.places[path] = place
        return path


def _looks_like_value(key: Step) -> bool:
    """Whether a key is a number, or identifies people; capitalized words, which names have too, are usual in keys."""
    return isinstance(key, str) and (key.isdigit() or find_shape(key) not in {None, NAMES_OF_PEOPLE})


def find_json_kind(beginning: bytes) -> str | None:
    """Return the kind of JSON that a file begins with; None for another file.

    Lines are shown by a first line that is a whole value, with another value below it.
    """
    text = beginning.removeprefix(codecs.BOM_UTF8).lstrip()
    if not _BEGINNING.match(text):
        return None
    first, _, rest = text.partition(b"\n")
    _, flaw = JsonDecoder().decode(first.decode("utf-8", "replace"))
    return "json_lines" if flaw is None and rest.strip() else "json"


def propose_json_lines(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for files with a JSON value on each line. Raises CannotPropose, and LegacyFileError."""
    rows = _given_rows(files[0], options) or _TOP
    reading = _JsonReading(files[0], FieldProfiles(files[0]), rows)
    for file in files:
        for value in _line_values(file, reading):
            _add_records(reading, value, (), rows)
    return _propose("json_lines", files[0], reading, rows, options)


def propose_json(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for JSON documents. Raises CannotPropose, and LegacyFileError for a damaged one."""
    given = _given_rows(files[0], options)
    rows, questions = _find_rows(files) if given is None else (given, ())
    keys = _keys_of(files[0], rows)
    reading, late = _JsonReading(files[0], FieldProfiles(files[0]), rows), set[str]()
    for file in files:
        _add_document(file, reading, keys, rows, late)
    reading.fields.drop(late)
    found = _propose("json", files[0], reading, rows, options)
    return replace(found, questions=(*questions, *found.questions))


def _given_rows(file: Path, options: ProposalOptions) -> FieldPath | None:
    if options.rows is None:
        return None
    path = parse_path(options.rows)
    if path is None or not path.absolute:
        raise CannotPropose(file, f"--rows {options.rows} is no path", "Write it like $.data.items[*].")
    return path


def _keys_of(file: Path, rows: FieldPath) -> tuple[str, ...]:
    """Return the keys that lead to the list of a document whose elements are read one after another."""
    steps = rows.steps[: rows.steps.index(None)] if rows.wildcards else ()
    keys = tuple(step for step in steps if isinstance(step, str))
    if not rows.wildcards or keys != steps:
        raise CannotPropose(file, f"--rows {rows} does not lead by keys to a list", "Write it like $.data.items[*].")
    return keys


def _find_rows(files: Sequence[Path]) -> tuple[FieldPath, tuple[str, ...]]:
    """Return the list with the most objects, and a question if there are others."""
    found: Counter[tuple[str, ...]] = Counter()
    for file in files:
        for member in JsonStream(file, BLOCK_BYTES).members():
            if (
                member.is_element
                and type(member.value) is dict
                and all(member.keys)
                and (member.keys in found or len(found) < _MOST_PLACES)
            ):
                found[member.keys] += 1
    if not found:
        advice = "Declare it by hand: see the reference of formats."
        raise CannotPropose(files[0], "it has no list of objects, which would be its records", advice)
    if any(_looks_like_value(key) for keys in found for key in keys):
        raise CannotPropose(files[0], _VALUES_AS_KEYS, "Name the list that holds the records with --rows.")
    (rows, most), *others = [(FieldPath((*keys, None), absolute=True), n) for keys, n in found.most_common()]
    if not others:
        return rows, ()
    listed = ", ".join(f"{path} ({n:,})" for path, n in others[:_NAMED])
    return rows, (f"which list holds the records? {rows} has {most:,}; there are also {listed}: see --rows",)


def _line_values(file: Path, reading: _JsonReading) -> Iterator[object]:
    decoder = JsonDecoder()
    for block in LegacyText(file, UTF8_SIG, BLOCK_BYTES, expected="a JSON value on each line").blocks():
        for line in block.text.split(b"\n"):
            if not line or line == b"\r":
                continue
            value, flaw = decoder.decode(line.decode())
            if flaw is None:
                yield value
            else:
                reading.flawed += 1


def _add_document(file: Path, reading: _JsonReading, keys: tuple[str, ...], rows: FieldPath, late: set[str]) -> None:
    """Add the records of a document, and what is around them; paths that come after the first record are `late`."""
    around: dict[str, Value | None] = {}
    before = reading.fields.rows
    for member in JsonStream(file, BLOCK_BYTES).members():
        if member.is_element:
            if member.keys == keys and member.flaw is None:
                _add_records(reading, member.value, (*keys, None), rows)
            elif member.keys == keys:
                reading.flawed += 1
        elif member.keys and all(member.keys):
            path = reading.path(member.keys, is_around=True)
            if reading.fields.rows > before:
                late.add(path)
            else:
                around[path] = _value(member.value)
    for path, value in around.items():
        reading.fields.add_constant(path, value, reading.fields.rows - before)


def _add_records(reading: _JsonReading, value: object, above: tuple[Step, ...], rows: FieldPath) -> None:
    """Add the records in a value that is at `above`."""
    steps = rows.steps[len(above) :]
    try:
        for ancestors in records_below(value, FieldPath(steps, absolute=True)):
            record = ancestors[-1]
            if type(record) is not dict:
                reading.flawed += 1
                continue
            found: dict[str, Value | None] = {}
            _flatten(reading, record, (), found)
            for depth, ancestor in enumerate(ancestors[:-1]):
                if type(ancestor) is dict:
                    beside = {key: each for key, each in ancestor.items() if key != steps[depth]}
                    _flatten(reading, beside, rows.steps[: len(above) + depth], found, is_around=True)
            reading.fields.add(found)
    except FieldMissing:
        reading.flawed += 1


def _flatten(
    reading: _JsonReading,
    record: Mapping[str, object],
    above: tuple[Step, ...],
    found: dict[str, Value | None],
    *,
    is_around: bool = False,
) -> None:
    """Fill in the values of all fields of an object by path; lists in it are counted, unless it is around a record."""
    for key, value in record.items():
        if not key:
            reading.unnamed += 1
            continue
        place = (*above, key)
        if isinstance(value, dict):
            if not is_around:
                reading.objects.add(reading.path(place, is_around=False))
            _flatten(reading, value, place, found, is_around=is_around)
        elif not isinstance(value, list):
            found[reading.path(place, is_around=is_around)] = _value(value)
        elif not is_around:
            reading.lists[reading.path(place, is_around=False)] += len(value)


def _value(value: object) -> Value | None:
    if isinstance(value, JsonNumber):
        return NUMBER, value if value.isdigit() else plain_number(value)
    if isinstance(value, bool):
        return FLAG, ""
    return None if value is None else (TEXT, str(value))


def _propose(kind: str, file: Path, reading: _JsonReading, rows: FieldPath, options: ProposalOptions) -> FileProposal:
    fields = reading.fields
    fields.flush()
    if not fields.rows:
        raise CannotPropose(file, f"it holds no objects at {rows}", "Name the path of the records with --rows.")
    ignored, questions = _without_columns(reading, rows)
    proposed = _propose_columns(reading, options)
    keys: dict[str, object] = {"kind": kind}
    if kind == "json" or rows.steps:
        keys["rows"] = str(rows)
    if ignored:
        keys["ignored_fields"] = ignored
    if any(each.quoted for each in proposed):
        keys["quoted_numbers"] = True
    if reading.flawed:
        questions = (*questions, f"{reading.flawed:,} values where records are expected are none, and become rejects")
    if reading.unnamed:
        questions = (*questions, f"{reading.unnamed:,} fields have an empty name, to which no path leads: rejects")
    return FileProposal(keys, tuple(each.column for each in proposed), fields.rows, {}, questions)


def _without_columns(reading: _JsonReading, rows: FieldPath) -> tuple[list[str], tuple[str, ...]]:
    """Return the paths that no column can have, which are ignored, and questions about them.

    A path with values of its own in other records stays a column: where it has a list, or is empty, the record becomes
    a reject.
    """
    places = reading.places
    all_places = [places[path] for path in (*reading.fields.profiles, *reading.lists)]
    above = {str(FieldPath(place[:at])) for place in all_places for at in range(1, len(place))}
    empty = [path for path in reading.objects if path not in above and not _has_values(reading, path)]
    lists = [path for path in reading.lists if not _has_values(reading, path)]
    reading.fields.drop({*empty, *lists, *(path for path in reading.objects if path in above)})
    questions = []
    if lists:
        below = [f"{rows}{write_steps(places[path], leading_dot=True)}[*]" for path in lists[:_NAMED]]
        named = ", ".join(f"{found} ({reading.lists[path]:,})" for found, path in zip(below, lists, strict=False))
        questions.append(f"are lists in the records needed? They are ignored here; --rows makes rows of one: {named}")
    if empty:
        questions.append(f"what do these hold? They are empty in all records, and ignored: {', '.join(empty[:_NAMED])}")
    return [*lists, *empty], tuple(questions)


def _has_values(reading: _JsonReading, path: str) -> bool:
    profile = reading.fields.profiles.get(path)
    return profile is not None and profile.present > 0


def _propose_columns(reading: _JsonReading, options: ProposalOptions) -> list[TypedProposal]:
    profiles, rows = reading.fields.profiles, reading.fields.rows
    steps = [_words(path, reading.places[path]) for path in profiles]
    columns = []
    for profile, name in zip(profiles.values(), name_columns(steps), strict=True):
        found = propose_typed(profile, rows, day_first=options.day_first)
        columns.append(replace(found, column=replace(found.column, name=name)))
    return columns


def _words(path: str, place: tuple[Step, ...]) -> list[str]:
    """Return the keys of a place, behind a word for what is around a record at the top of the document."""
    keys = [step for step in place if isinstance(step, str)]
    return [PARENT, *keys] if path.startswith("$") and len(keys) == 1 else keys
