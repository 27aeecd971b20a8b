"""Data description entries of a copybook, as a tree of plain values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.sources.copybook.picture import Picture

DISPLAY, BINARY, NATIVE, PACKED, SHORT_FLOAT, LONG_FLOAT = "DISPLAY", "COMP", "COMP-5", "COMP-3", "COMP-1", "COMP-2"
OTHER_SIZES = {"INDEX": 4, "POINTER": 4, "POINTER-32": 4, "FUNCTION-POINTER": 4, "PROCEDURE-POINTER": 8}
"""Bytes of usages that hold no data of the application; such fields are laid out and never read."""

NATIONAL_USAGES = ("NATIONAL", "DISPLAY-1")


@dataclass(frozen=True)
class Occurs:
    """A table: the number of its elements, and the field that holds the number if that varies."""

    least: int
    most: int
    depending: str | None = None


@dataclass(frozen=True)
class Sign:
    """The place of a sign: leading or trailing, over a digit or in a character of its own."""

    leading: bool = False
    separate: bool = False


TRAILING_SIGN = Sign()
"""The sign of numbers without a clause for it."""


@dataclass(frozen=True)
class Renames:
    """The fields that a level 66 groups; `last` is None for another name of one field."""

    first: str
    last: str | None


@dataclass(frozen=True)
class Condition:
    """A level 88: its name, and its values as pairs of literals, of which the second ends a range or is None."""

    name: str
    values: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class DataItem:
    """One entry; `children` are its subordinate entries, `conditions` its levels 88."""

    level: int
    name: str
    line: int
    picture: Picture | None = None
    usage: str | None = None
    sign: Sign | None = None
    occurs: Occurs | None = None
    redefines: str | None = None
    renames: Renames | None = None
    justified: bool = False
    blank_when_zero: bool = False
    synchronized: bool = False
    conditions: tuple[Condition, ...] = ()
    children: tuple[DataItem, ...] = field(default=())

    @property
    def is_group(self) -> bool:
        """Whether it consists of subordinate entries."""
        return bool(self.children)

    def inherited(self, usage: str | None = None, sign: Sign | None = None, *, synchronized: bool = False) -> DataItem:
        """Return the item with the usage, sign and SYNCHRONIZED of its groups where its own entries have none."""
        usage, sign, synchronized = self.usage or usage, self.sign or sign, self.synchronized or synchronized
        children = tuple(child.inherited(usage, sign, synchronized=synchronized) for child in self.children)
        return replace(self, usage=usage, sign=sign, synchronized=synchronized, children=children)

    def walk(self, above: tuple[DataItem, ...] = ()) -> Iterator[tuple[DataItem, ...]]:
        """Yield the path to each item, from this one, in order of the source."""
        path = (*above, self)
        yield path
        for child in self.children:
            yield from child.walk(path)
