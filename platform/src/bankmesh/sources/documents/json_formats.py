"""The formats of JSON files, and what their declarations may say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from bankmesh.errors import Fault
from bankmesh.sources.declarations.number_formats import NUMBER_KEYS, PLAIN_NUMBERS, read_numbers
from bankmesh.sources.declarations.source_declaration import RecordFormat
from bankmesh.sources.documents.field_paths import FieldPath, parse_path, place_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.sources.declarations.source_declaration import FileFormat, SourceColumn
    from bankmesh.yaml.nodes import Mapping

OTHER_FIELDS = ("reject", "ignore")
"""What happens to a record with a field that no column declares."""

JSON_KEYS = ("rows", "other_fields", "ignored_fields", "quoted_numbers", *NUMBER_KEYS)
_TOP = FieldPath((), absolute=True)


@dataclass(frozen=True, kw_only=True)
class JsonFormat(RecordFormat):
    """JSON documents; `rows` is the path of the records from the top of the document.

    `other_fields` decides on fields that no column declares, apart from those below the paths of `ignored_fields`.
    `quoted_numbers` allows texts that spell numbers, and `true` and `false`.
    """

    kind: ClassVar[str] = "json"
    has_paths: ClassVar[bool] = True

    rows: str = "$[*]"
    other_fields: str = "reject"
    ignored_fields: tuple[str, ...] = ()
    quoted_numbers: bool = False

    @property
    def rows_path(self) -> FieldPath:
        """The path of the records."""
        return parse_path(self.rows) or _TOP

    @property
    def ignored_paths(self) -> tuple[FieldPath, ...]:
        """The paths, from the record, of what no column declares."""
        return tuple(path for path in map(parse_path, self.ignored_fields) if path is not None)

    def check_columns(self, given: Mapping, record: str, columns: Sequence[SourceColumn]) -> None:
        """Note faults of columns whose path spells no field, or several, and of options that are for texts."""
        del record
        for column in (column for column in columns if column.is_in_file):
            for problem in self._problems(column):
                fault = Fault(column.place.file, column.place.line, *problem)
                given.faults.found.append(fault)

    def _problems(self, column: SourceColumn) -> list[tuple[str, str]]:
        found = []
        path = parse_path(column.header)
        if path is None or not path.steps:
            message = f"path {column.label} spells no field; write it like customer.address.city or lines[0].sku"
            found.append(("bad-path", message))
        elif self._has_several_values(path):
            message = f"path {column.label} has several values in one record; rows of the format are {self.rows}"
            found.append(("bad-path", message))
        if column.header_pattern:
            message = f"column {column.label}: header_pattern is for files with headings"
            found.append(("option-of-another-kind", message))
        if not self.quoted_numbers and (column.numbers != PLAIN_NUMBERS or column.read != "plain"):
            message = (
                f"column {column.label} has a spelling of numbers, but JSON numbers have one spelling; "
                "`quoted_numbers: true` of the format reads texts that spell numbers"
            )
            found.append(("option-of-another-kind", message))
        return found

    def _has_several_values(self, path: FieldPath) -> bool:
        """Whether a path leads to all elements of a list, or to one of the list in which the rows are."""
        try:
            placed = place_path(path, self.rows_path)
        except ValueError:
            return True
        return path.absolute and bool(placed.steps) and isinstance(placed.steps[0], int)


@dataclass(frozen=True, kw_only=True)
class JsonLinesFormat(JsonFormat):
    """Files with one JSON value on each line; `rows` is the path of the records from the top of the line."""

    kind: ClassVar[str] = "json_lines"

    rows: str = "$"


Made = TypeVar("Made", bound=JsonFormat)


def read_json(given: Mapping, base: FileFormat) -> JsonFormat:
    """Read the format of JSON documents; keys that are not given come from `base`."""
    found = _read(given, base, JsonFormat)
    steps = found.rows_path.steps
    if None not in steps or not all(isinstance(step, str) for step in steps[: steps.index(None)]):
        message = f"rows of {given.what} is {found.rows}; lead by keys to a list, and end it with [*] for its elements"
        given.faults.add(given.value("rows") or given.node, "bad-path", message)
    return found


def read_json_lines(given: Mapping, base: FileFormat) -> JsonLinesFormat:
    """Read the format of JSON lines; keys that are not given come from `base`."""
    return _read(given, base, JsonLinesFormat)


def _read(given: Mapping, base: FileFormat, kind: type[Made]) -> Made:
    inherited = base if isinstance(base, kind) else kind()
    rows = given.text("rows", inherited.rows)
    path = parse_path(rows)
    if path is None or not path.absolute:
        message = f"rows of {given.what} is {rows}; write a path from the top, like $.data.items[*]"
        given.faults.add(given.value("rows"), "bad-path", message)
    ignored = given.texts("ignored_fields")
    for text in ignored or ():
        known = parse_path(text)
        if known is None or known.absolute or not all(isinstance(step, str) for step in known.steps):
            message = f"ignored_fields of {given.what}: {text} is no path of keys from the record, like meta.links"
            given.faults.add(given.value("ignored_fields"), "bad-path", message)
    return kind(
        numbers=read_numbers(given, getattr(base, "numbers", PLAIN_NUMBERS), None, None),
        rows=rows,
        other_fields=given.word("other_fields", OTHER_FIELDS, inherited.other_fields),
        ignored_fields=inherited.ignored_fields if ignored is None else ignored,
        quoted_numbers=given.flag("quoted_numbers", default=inherited.quoted_numbers),
    )
