"""The format of files with copybooks as plain frozen values: what a declaration says, with the copybook's text."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from bankmesh.errors import Fault
from bankmesh.sources.copybook.column_rules import check_class, check_column, check_condition
from bankmesh.sources.copybook.condition_names import BadConditionError, codes_of_conditions
from bankmesh.sources.copybook.copybook_parser import parse_copybook
from bankmesh.sources.copybook.copybook_source import CopybookError
from bankmesh.sources.copybook.storage_layout import (
    BINARY_NUMBER,
    FieldReference,
    RecordStorage,
    Storage,
    UnknownFieldError,
)
from bankmesh.sources.declarations.record_layout import (
    DETAIL,
    TRAILER,
    ControlTotal,
    FieldPosition,
    FixedField,
    RecordType,
)
from bankmesh.sources.declarations.source_declaration import RecordFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.sources.declarations.code_tables import Codes
    from bankmesh.sources.declarations.source_declaration import SourceColumn
    from bankmesh.yaml.nodes import Mapping

FIXED_LENGTH, VARIABLE, BLOCKED = "F", "V", "VB"
RECORD_FORMATS = (FIXED_LENGTH, VARIABLE, BLOCKED)
"""Records of one length; with record descriptor words; with these in blocks that have descriptor words, too."""

STANDARD, ALL_BITS = "std", "bin"
TRUNCATIONS = (STANDARD, ALL_BITS)
"""The compiler's option TRUNC: whether binary numbers stay within the digits of their PICTURE."""


@dataclass(frozen=True)
class FieldTotal(ControlTotal):
    """A control total in the field `name` of its record."""

    name: str = ""


@dataclass(frozen=True)
class CopybookRecord(RecordType):
    """A type of record; `layout` is its level 01 in the copybook."""

    layout: str = ""


@dataclass(frozen=True, kw_only=True)
class CopybookFormat(RecordFormat):
    """Files hold records laid out by a copybook.

    `source` is the copybook's text, `copybook` its path in messages. `record_length` is that of the longest record.
    `layout` is the level 01 of records without types. `selector` is the field that identifies the type of a record,
    at `selector_position`.
    """

    kind: ClassVar[str] = "copybook"
    has_conditions: ClassVar[bool] = True
    field_keys: ClassVar[tuple[str, ...]] = ("from", "when")

    copybook: str
    source: str
    form: str
    encoding: str
    recfm: str = FIXED_LENGTH
    record_length: int = 0
    trunc: str = STANDARD
    layout: str = ""
    selector: str = ""
    selector_position: FieldPosition | None = None
    records: tuple[CopybookRecord, ...] = ()

    def meaning(self) -> dict[str, object]:
        """Return what decides how files land; the path of the copybook does not, its text does."""
        found = {"kind": self.kind, **asdict(self)}
        del found["numbers"], found["copybook"]
        return found

    def record_types(self) -> tuple[str, ...]:
        """Return the details among the types of records."""
        return tuple(record.name for record in self.records if record.role == DETAIL)

    def index(self, record: str) -> int:
        """Return the position of a record type among `records`; 0 for a format without them. Raises ValueError."""
        return [each.name for each in self.records].index(record) if self.records else 0

    def storage(self, record: str = "") -> RecordStorage:
        """Return the layout of the records of a type, or of all if they have none. Raises KeyError."""
        layouts = {each.name: each.layout for each in self.records}
        return storage_of_record(self.source, self.form, layouts.get(record, self.layout))

    def stored(self, field: FieldReference) -> Storage:
        """Return the storage of a field, by the compiler's option TRUNC."""
        if field.storage.kind == BINARY_NUMBER and self.trunc == ALL_BITS:
            return replace(field.storage, full_range=True)
        return field.storage

    def typed_records(self) -> tuple[RecordType, ...]:
        """Return all types of records with their control totals."""
        return self.records

    def read_field(self, given: Mapping, header: str, record: str) -> FixedField | None:
        """Return the position of a column's field, in bytes; notes a fault if there is no such field."""
        above = ""
        if "from" in given.entries:
            others = tuple(each.name for each in self.records if each.name != record and each.role != TRAILER)
            above = given.word("from", others or (record,))
        try:
            layout = self.storage(above or record)
            field = layout.find(header)
            start, length = layout.position(field)
            if above and not layout.is_steady(field):
                message = f"{given.what}: from is for fields in front of tables of varying length"
                given.faults.add(given.value("from"), "field-of-copybook", message)
        except UnknownFieldError as error:
            given.faults.add(given.node, "unknown-field", f"{given.what}: {error}")
            return None
        except (KeyError, CopybookError):  # noted where the format was read
            return None
        return FixedField(FieldPosition(start + 1, length), record=above)

    def condition_codes(self, given: Mapping, header: str, record: str) -> Codes | None:
        """Return the values of a column's levels 88 with their names; notes a fault if they are no code table."""
        try:
            above = given.optional_text("from") or record
            return codes_of_conditions(self.storage(above).find(header))
        except BadConditionError as error:
            given.faults.add(given.value("codes"), "bad-conditions", f"codes of {given.what}: {error}")
        except (UnknownFieldError, KeyError, CopybookError):  # noted where the field or the format was read
            pass
        return None

    def check_columns(self, given: Mapping, record: str, columns: Sequence[SourceColumn]) -> None:
        """Note a fault at each column whose type, options or class do not fit its field."""
        placed = [column for column in columns if column.fixed is not None]
        for column in placed:
            layout = self.storage((column.fixed.record if column.fixed else "") or record)
            problems = [*check_column(column, self.stored(layout.find(column.header)))]
            problems += [*check_condition(column, layout, self.encoding), *check_class(column, placed)]
            for problem in problems:
                fault = Fault(column.place.file, column.place.line, "field-of-copybook", problem)
                given.faults.found.append(fault)


@lru_cache(maxsize=256)
def storage_of_record(source: str, form: str, name: str) -> RecordStorage:
    """Return the layout of a level 01, the only one for an empty name. Raises CopybookError; KeyError for others."""
    records = {record.name: record for record in parse_copybook(source, form)}
    return RecordStorage(records[name] if name or len(records) != 1 else next(iter(records.values())))
