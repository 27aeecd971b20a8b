"""The records of a JSON value, and the texts of their declared fields, strictly as each column declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.sources.declarations.number_formats import spell_number
from bankmesh.sources.documents.field_paths import place_path, write_steps
from bankmesh.sources.documents.json_values import JsonNumber, kind_of, plain_number
from bankmesh.sources.landing_rejects import RecordFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bankmesh.sources.declarations.source_declaration import SourceColumn
    from bankmesh.sources.documents.field_paths import FieldPath, Step
    from bankmesh.sources.documents.json_formats import JsonFormat

Ancestors = tuple[object, ...]
"""The values on the way from the top of a document to a record, with both ends."""

KnownFields = dict[str, "KnownFields | None"]
"""The declared keys of an object, with those of the objects below; None where a column has the whole value."""

TEXT, NUMBER, FLAG = "a text", "a number", "true or false"
_NUMBERS = ("long", "integer", "decimal", "double")


class FieldMissing(ValueError):
    """A value on the way to the records is no object or list."""


@dataclass(frozen=True)
class _Field:
    """A declared field: where it is, what its value must be, and how its numbers become text."""

    column: SourceColumn
    level: int
    steps: tuple[Step, ...]
    wanted: str
    is_exact: bool


class JsonFields:
    """Reads the declared fields of records; safe to use from several threads."""

    def __init__(self, columns: Sequence[SourceColumn], written: JsonFormat) -> None:
        """Prepare to read these columns, all of which are in the file."""
        rows = written.rows_path
        self.columns = tuple(columns)
        self._fields = [_field(column, rows) for column in columns]
        self._quoted = written.quoted_numbers
        self._known: KnownFields | None = None
        if written.other_fields == "reject":
            own = [field.steps for field in self._fields if field.level == len(rows.steps)]
            self._known = known_fields([*own, *(path.steps for path in written.ignored_paths)])

    def read(self, ancestors: Ancestors) -> list[str | None] | tuple[RecordFault, ...]:
        """Return one text for each column, or the faults of a record whose fields are not as declared."""
        record = ancestors[-1]
        if type(record) is not dict and any(field.steps for field in self._fields):
            return (RecordFault(None, f"{kind_of(record)} instead of an object"),)
        texts: list[str | None] = []
        faults: list[RecordFault] = []
        for field in self._fields:
            value = self._value(field, ancestors[field.level], faults)
            texts.append(None if value is None else self._text(field, value, faults))
        if self._known is not None and type(record) is dict:
            faults += (RecordFault(None, reason) for reason in _undeclared(record, self._known, ()))
        return tuple(faults) if faults else texts

    def _value(self, field: _Field, value: object, faults: list[RecordFault]) -> object:
        for at, step in enumerate(field.steps):
            if value is None:
                return None
            if isinstance(step, str):
                if type(value) is not dict:
                    faults.append(_misplaced(field, at, value, "an object"))
                    return None
                value = value.get(step)
            else:
                if type(value) is not list:
                    faults.append(_misplaced(field, at, value, "a list"))
                    return None
                value = value[step] if step is not None and step < len(value) else None
        return value

    def _text(self, field: _Field, value: object, faults: list[RecordFault]) -> str | None:
        found = type(value)
        if found is str:
            if field.wanted == TEXT or self._quoted:
                return str(value)
        elif found is JsonNumber:
            if field.wanted == NUMBER:
                text = str(value)
                plain = plain_number(text) if field.is_exact and not text.lstrip("-").isdigit() else text
                return spell_number(plain, field.column.numbers)
        elif found is bool and field.wanted == FLAG:
            return "true" if value else "false"
        faults.append(RecordFault(field.column.label, f"{kind_of(value)}, where {field.wanted} is declared"))
        return None


def known_fields(paths: Sequence[tuple[Step, ...]]) -> KnownFields:
    """Return the declared keys of records as a tree; a path ends at its first position in a list."""
    known: KnownFields = {}
    for steps in paths:
        at: KnownFields | None = known
        keys = list(_keys(steps))
        for number, key in enumerate(keys, 1):
            if at is None:
                break
            if number == len(keys):
                at[key] = None
            else:
                at = at.setdefault(key, {})
    return known


def _keys(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        if not isinstance(step, str):
            return
        yield step


def records_below(value: object, rows: FieldPath) -> Iterator[Ancestors]:
    """Yield each record below the top value of a document, with its ancestors.

    A missing or null value on the way has no records. Raises FieldMissing for one of another kind.
    """
    yield from _below((value,), rows.steps, rows)


def _below(ancestors: Ancestors, steps: tuple[Step, ...], rows: FieldPath) -> Iterator[Ancestors]:
    value = ancestors[-1]
    if not steps:
        yield ancestors
        return
    if value is None:
        return
    step, rest = steps[0], steps[1:]
    wanted: type = dict if isinstance(step, str) else list
    if type(value) is not wanted:
        place = write_steps(rows.steps[: len(rows.steps) - len(steps)], leading_dot=True)
        words = "an object" if wanted is dict else "a list"
        raise FieldMissing(f"{kind_of(value)} at ${place}, where rows need {words}")
    if isinstance(value, dict):
        if step in value:
            yield from _below((*ancestors, value[step]), rest, rows)
    elif isinstance(value, list):
        for element in value if step is None else value[int(step) : int(step) + 1]:
            yield from _below((*ancestors, element), rest, rows)


def _field(column: SourceColumn, rows: FieldPath) -> _Field:
    path = parse_declared(column)
    placed = place_path(path, rows)
    wanted = TEXT
    if column.type.name in _NUMBERS:
        wanted = NUMBER
    elif column.type.name == "boolean" and column.codes is None:
        wanted = FLAG
    return _Field(column, placed.level, placed.steps, wanted, column.type.name != "double")


def parse_declared(column: SourceColumn) -> FieldPath:
    """Return the path of a column of a declaration without faults."""
    from bankmesh.sources.documents.field_paths import parse_path

    path = parse_path(column.header)
    if path is None:
        raise ValueError(column.header)
    return path


def _misplaced(field: _Field, at: int, value: object, wanted: str) -> RecordFault:
    place = write_steps(field.steps[:at])
    what = f"{kind_of(value)} at {place}" if place else f"{kind_of(value)} as record"
    return RecordFault(field.column.label, f"{what}, where {wanted} is declared")


def _undeclared(record: dict[str, object], known: KnownFields, above: tuple[str, ...]) -> Iterator[str]:
    """Yield a reason for each object with an undeclared field; never its key, which a file may use for values."""
    if not record.keys() <= known.keys():
        number = next(at for at, key in enumerate(record, 1) if key not in known)
        within = f" of {write_steps(above)}" if above else ""
        yield f"field {number}{within} is not declared"
    for key, below in known.items():
        if below:
            value = record.get(key)
            if type(value) is dict:
                yield from _undeclared(value, below, (*above, key))
