"""Layout of fixed-width files as plain frozen values: positions, padding, record types and control totals."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Protocol

from bankmesh.sources.declarations.number_formats import PLAIN_NUMBERS, NumberSpelling

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER, DETAIL, TRAILER = "header", "detail", "trailer"
RECORD_ROLES = (DETAIL, HEADER, TRAILER)
"""Details become rows. A header is the first record of a file and a trailer the last, each exactly once."""

PADDING_SIDES = ("none", "right", "left", "both")
"""The side of a value at which padding is trimmed."""


@dataclass(frozen=True)
class FieldPosition:
    """Characters of a record; `start` counts from 1."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The last character, from 1."""
        return self.start + self.length - 1

    @property
    def span(self) -> slice:
        """The characters as a slice, from 0."""
        return slice(self.start - 1, self.end)

    def overlaps(self, other: FieldPosition) -> bool:
        """Whether both have a character in common."""
        return self.start <= other.end and other.start <= self.end

    def __str__(self) -> str:
        """The position in messages: `20-31`, or `20` for one character."""
        return str(self.start) if self.length == 1 else f"{self.start}-{self.end}"


@dataclass(frozen=True)
class Padding:
    """The side and the character of padding; a value of nothing but padding is absent."""

    side: str = "none"
    character: str = " "


NO_PADDING = Padding()


@dataclass(frozen=True)
class FixedField:
    """The field of a column.

    `record` is the type of the record that holds the field, the nearest above the row; empty for the row's own record.
    `decimals` is the number of digits behind an implied decimal point, None where the point is written.
    """

    position: FieldPosition
    padding: Padding = NO_PADDING
    record: str = ""
    decimals: int | None = None


@dataclass(frozen=True)
class ControlTotal:
    """A total that a header or trailer states: a count of records, or the exact sum of a column.

    `records` are the types that are counted, or the one whose `column` (its name in the declaration) is summed.
    """

    field: FixedField
    records: tuple[str, ...]
    column: str | None = None
    numbers: NumberSpelling = PLAIN_NUMBERS

    def __str__(self) -> str:
        """The total in messages: `records of booking`, `as sum of booking.amount`."""
        if self.column is not None:
            return f"as sum of {self.records[0]}.{self.column}"
        return f"records of {' and '.join(self.records)}"


@dataclass(frozen=True)
class FilteredTotal(ControlTotal):
    """A total over the records that hold one of the `values` at `where`: debits, credits."""

    where: FieldPosition = FieldPosition(1, 1)
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The total in messages; `where` identifies the records, because values may be confidential."""
        return f"{super().__str__()} by {self.where}"


@dataclass(frozen=True)
class BatchTotal(ControlTotal):
    """A total that the last record of a batch states, over the records since the nearest of type `since` above it."""

    since: str = ""

    def __str__(self) -> str:
        """The total in messages."""
        return f"{super().__str__()} since the {self.since} record"


@dataclass(frozen=True)
class RecordType:
    """A type of record, by the values of the selector that identify it."""

    name: str
    values: tuple[str, ...]
    role: str = DETAIL
    totals: tuple[ControlTotal, ...] = ()


class TypedLayout(Protocol):
    """A format whose records are of types; `selector` is where its records hold the value that identifies theirs."""

    @property
    def record_length(self) -> int:
        """Characters or bytes of the longest record."""
        ...

    @property
    def selector(self) -> object:
        """The place of the selector, for messages."""
        ...

    @property
    def records(self) -> Sequence[RecordType]:
        """The types."""
        ...

    def index(self, record: str) -> int:
        """Return the position of a type among `records`. Raises ValueError."""
        ...


@dataclass(frozen=True)
class FixedWidthFormat:
    """Files consist of records of `record_length` characters, in lines or, if not `terminated`, without line ends.

    The first lines match `title_lines` and the last ones `end_lines`, regular expressions for whole lines; they are no
    records. Without `records` every record is of one type. `padding` is that of columns without a rule of their own.
    """

    encoding: str
    record_length: int
    terminated: bool = True
    padding: Padding = NO_PADDING
    title_lines: tuple[str, ...] = ()
    end_lines: tuple[str, ...] = ()
    selector: FieldPosition | None = None
    records: tuple[RecordType, ...] = field(default=())
    numbers: NumberSpelling = PLAIN_NUMBERS

    def meaning(self) -> dict[str, object]:
        """Return what decides how files land; the padding and spelling of numbers belong to each column."""
        found = asdict(self)
        del found["numbers"], found["padding"]
        return found

    def index(self, record: str) -> int:
        """Return the position of a record type among `records`; 0 for a format without them. Raises ValueError."""
        return [each.name for each in self.records].index(record) if self.records else 0
