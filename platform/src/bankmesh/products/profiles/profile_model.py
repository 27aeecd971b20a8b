"""A profile as plain values: what each column of a version holds, and no value of fewer than five rows or subjects.

Ranges are open at both ends, because a least or greatest value is that of one row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FEWEST = 5
"""The fewest rows, and the fewest subjects where rows belong to some, behind a value or a range."""


@dataclass(frozen=True)
class ValueGroup:
    """Rows that share a value, or lie in a range; values are text, moments ISO 8601.

    A frequent value is both `start` and `end`. A range includes `start` and excludes `end`; None is an open end. Both
    are None for all other values, and for a single range of all values.
    """

    start: str | None
    end: str | None
    rows: int

    def __str__(self) -> str:
        """Return the value or the range: `GB`, `below 10`, `10 to 20`, `from 20`, `others`."""
        if self.start is None:
            return "others" if self.end is None else f"below {self.end}"
        if self.end is None:
            return f"from {self.start}"
        return self.start if self.start == self.end else f"{self.start} to {self.end}"


@dataclass(frozen=True)
class ProfiledColumn:
    """One column of a version.

    `nulls` counts all rows; it is None if one to four rows are null, or have a value. `distinct` counts the values of
    the rows that the profile has counted; it is None if one to four rows have a value. `kind` says what `groups` are:
    `values`, most frequent first; `ranges`, in order; or `none`, for the reason `why`.
    """

    name: str
    type: str
    classification: str
    nulls: int | None
    distinct: int | None
    kind: str
    groups: tuple[ValueGroup, ...] = ()
    why: str | None = None


@dataclass(frozen=True)
class VersionProfile:
    """The columns of one version, in order. `rows` are those of the version, `counted` those behind `groups`."""

    rows: int
    counted: int
    columns: tuple[ProfiledColumn, ...]

    def column(self, name: str) -> ProfiledColumn | None:
        """Return the profile of a column; None if the version does not have it."""
        return next((column for column in self.columns if column.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> VersionProfile:
        """Return the profile that `to_json` wrote. Raises KeyError or TypeError for anything else."""
        return cls(document["rows"], document["counted"], tuple(map(_column, document["columns"])))


def _column(document: Mapping[str, Any]) -> ProfiledColumn:
    return ProfiledColumn(**{**document, "groups": tuple(ValueGroup(**group) for group in document["groups"])})
