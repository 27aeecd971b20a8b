"""What formats have in common whose files hold records of named fields."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from bankmesh.sources.declarations.number_formats import PLAIN_NUMBERS, NumberSpelling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.sources.declarations.source_declaration import SourceColumn
    from bankmesh.yaml.nodes import Mapping


@dataclass(frozen=True, kw_only=True)
class RecordFormat:
    """A format with records of named fields; a column's header is the name or path of its field.

    A subclass has one field for each of its keys in `format`, and is read by a `RecordReader` of its own. `numbers` is
    how columns write numbers as text that declare no spelling of their own.
    """

    kind: ClassVar[str]
    has_paths: ClassVar[bool] = False
    """Whether columns may have a `path`."""

    numbers: NumberSpelling = PLAIN_NUMBERS

    def meaning(self) -> dict[str, object]:
        """Return what decides how files land, as JSON; the spelling of numbers belongs to each column."""
        found = {"kind": self.kind, **asdict(self)}
        del found["numbers"]
        return found

    def record_types(self) -> tuple[str, ...]:
        """Return the types of records that an object's `record` may name; empty if all records are of one type."""
        return ()

    def check_columns(self, given: Mapping, record: str, columns: Sequence[SourceColumn]) -> None:
        """Note faults of the object `given` whose columns files of this format cannot have."""
