"""The fields of nested records by their paths: profiles of all rows in bounded memory, and names for their columns."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bankmesh.scaffolding.classification_proposal import split_words
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose
from bankmesh.scaffolding.source_proposals.typed_values import TEXT, TypedProfile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from bankmesh.scaffolding.source_proposals.typed_values import Value

MOST_FIELDS = 500
"""Beyond so many fields, the names of fields are probably values."""
_VALUES_AT_ONCE = 1 << 16
_USUAL_STEPS = 2

PARENT = "parent"
"""The first step of a field that is around the records; its name has this only where another has the same name."""


class FieldProfiles:
    """The profile of each field by its path, as it appears in records one after another."""

    def __init__(self, file: Path) -> None:
        """Start without records of a file, and others like it."""
        self._file = file
        self.rows = 0
        self.profiles: dict[str, TypedProfile] = {}
        self._held: dict[str, list[Value]] = {}
        self._values = 0

    def add(self, record: Mapping[str, Value | None]) -> None:
        """Add a record; None is a field without a value. Raises CannotPropose for too many fields."""
        self.rows += 1
        for path, value in record.items():
            if path not in self._held:
                self._begin(path)
            if value is not None:
                self._held[path].append(value)
        self._values += len(record)
        if self._values >= _VALUES_AT_ONCE:
            self.flush()

    def add_texts(self, record: Mapping[str, str | None]) -> None:
        """Add a record whose values are all texts. Raises CannotPropose for too many fields."""
        self.add({path: None if text is None else (TEXT, text) for path, text in record.items()})

    def add_constant(self, path: str, value: Value | None, rows: int) -> None:
        """Add a field that has one value in so many of the records that were added. Raises CannotPropose."""
        if path not in self._held:
            self._begin(path)
        if value is not None:
            for start in range(0, rows, _VALUES_AT_ONCE):
                self.profiles[path].update([value] * min(_VALUES_AT_ONCE, rows - start))

    def drop(self, paths: Collection[str]) -> None:
        """Forget fields."""
        self.flush()
        for path in paths:
            self.profiles.pop(path, None)

    def flush(self) -> None:
        """Bring what is held into the profiles."""
        for path, values in self._held.items():
            if values and path in self.profiles:
                self.profiles[path].update(values)
                values.clear()
        self._values = 0

    def _begin(self, path: str) -> None:
        if len(self.profiles) >= MOST_FIELDS:
            raise too_many_fields(self._file)
        self.profiles[path] = TypedProfile.named(path)
        self._held[path] = []


def too_many_fields(file: Path) -> CannotPropose:
    """Return the error for records whose fields no declaration can list."""
    advice = "Names of fields seem to be values. Name other records with --rows, or declare it by hand."
    return CannotPropose(file, f"its records have more than {MOST_FIELDS} different fields", advice)


def name_columns(steps: Sequence[Sequence[str]]) -> list[str]:
    """Return a name for each field, from the last two steps of its path, or more where two would have the same."""
    lengths = [min(_USUAL_STEPS, len(each) - (each[0] == PARENT)) for each in steps]
    while True:
        names = [split_words("_".join(each[-length:])) for each, length in zip(steps, lengths, strict=True)]
        shared = {name for name, n in Counter(names).items() if n > 1}
        longer = [
            length + (name in shared and length < len(each))
            for each, length, name in zip(steps, lengths, names, strict=True)
        ]
        if longer == lengths:
            return names
        lengths = longer
