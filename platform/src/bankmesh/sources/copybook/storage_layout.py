"""The place of each field in a record, and how its bytes represent a value.

A record has as many layouts as its tables with DEPENDING ON have counts: fields behind such a table move with it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.sources.copybook.copybook_source import CopybookError
from bankmesh.sources.copybook.data_items import (
    BINARY,
    DISPLAY,
    LONG_FLOAT,
    NATIVE,
    OTHER_SIZES,
    PACKED,
    SHORT_FLOAT,
    TRAILING_SIGN,
    DataItem,
    Sign,
)
from bankmesh.sources.copybook.picture import EDITED, NATIONAL, NUMBER, TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bankmesh.sources.copybook.picture import Picture

ZONED, PACKED_DIGITS, BINARY_NUMBER, HEX_FLOAT, CHARACTERS, UNREADABLE = (
    "zoned", "packed", "binary", "float", "characters", "unreadable",
)  # fmt: skip
"""Representations of a field."""

MOST_NARROW = 18
"""The digits that a 64-bit number always holds."""

_BINARY_SIZES = ((4, 2), (9, 4), (18, 8))
_REFERENCE = re.compile(r"\s*([A-Z0-9][A-Z0-9_-]*)((?:\s+(?:OF|IN)\s+[A-Z0-9_-]+)*)\s*(?:\(([\d,\s]+)\))?\s*")
_SHOWN = 12


class UnknownFieldError(ValueError):
    """A reference to no field of the record, or to several; the message says which there are."""


@dataclass(frozen=True)
class Storage:
    """How the bytes of a field represent its value.

    `digits` and `scale` are those of its PICTURE. `full_range` binary numbers use all their bits (COMP-5), others only
    the digits of their PICTURE.
    """

    kind: str
    size: int
    digits: int = 0
    scale: int = 0
    signed: bool = False
    sign: Sign = TRAILING_SIGN
    full_range: bool = False
    justified: bool = False
    blank_is_zero: bool = False
    edited: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether its bytes are a number of digits."""
        return self.kind in {ZONED, PACKED_DIGITS, BINARY_NUMBER}

    @property
    def is_selector(self) -> bool:
        """Whether its bytes are those of a text, so that they can be compared with one."""
        return self.kind == CHARACTERS or (self.kind == ZONED and not self.signed)

    def can_equal(self, coded: bytes | None) -> bool:
        """Whether a text of these bytes may be a selector's value: text is filled with blanks, digits are all there."""
        return coded is not None and (len(coded) == self.size or (self.kind == CHARACTERS and len(coded) < self.size))

    @property
    def greatest(self) -> int:
        """The greatest number that it can hold, without its decimal point."""
        if self.kind == BINARY_NUMBER and self.full_range:
            return int((1 << 8 * self.size - self.signed) - 1)
        return int(10**self.digits - 1)

    @property
    def most_digits(self) -> int:
        """The digits of its greatest number."""
        return len(str(self.greatest))


@dataclass(frozen=True)
class FieldReference:
    """A field, or an element of a table: the path of items from the record down, and a subscript for each table."""

    path: tuple[DataItem, ...]
    subscripts: tuple[int, ...]
    storage: Storage

    @property
    def item(self) -> DataItem:
        """The field's own entry."""
        return self.path[-1]

    def is_within(self, counts: Mapping[str, int]) -> bool:
        """Whether the tables of the field have so many elements."""
        tables = [item.occurs for item in self.path if item.occurs]
        return all(
            at <= (counts[table.depending] if table.depending else table.most)
            for table, at in zip(tables, self.subscripts, strict=True)
        )


class RecordStorage:
    """The layout of one record of a copybook."""

    def __init__(self, record: DataItem) -> None:
        """Check the record. Raises CopybookError."""
        self.record = record
        self._paths = [path for path in record.walk() if path[-1].name]
        self._names = {path[-1].name for path in self._paths}
        for path in record.walk():
            _check(path)
        self.counters = {name: self._counter(name, tables) for name, tables in _depending(record).items()}
        # Without a count, each table has its own most elements, also where another table with the same count has fewer.
        self._most: dict[str, int] = {}
        self._sizes: dict[tuple[tuple[int, ...], int], int] = {}
        self.longest, self.shortest = self.length(self._most), self.length({n: c[1] for n, c in self.counters.items()})
        for path in self._paths:
            self._check_renames(path[-1])

    def length(self, counts: Mapping[str, int] | None = None) -> int:
        """Return the bytes of a record whose tables have so many elements; the most if not given."""
        return self._size(self.record, self._most if counts is None else counts)

    def find(self, reference: str) -> FieldReference:
        """Return the field that `NAME`, `NAME OF GROUP` or `NAME(2)` refers to. Raises UnknownFieldError."""
        match = _REFERENCE.fullmatch(reference.upper())
        if match is None:
            raise UnknownFieldError(f"{reference} is no name of a field (such as LOAN-ID, LOAN-ID OF LOAN, PHONE(2))")
        name, groups = match[1], re.split(r"\s+(?:OF|IN)\s+", match[2])[1:]
        found = [path for path in self._paths if path[-1].name == name and _is_qualified(path, groups)]
        if not found:
            near = difflib.get_close_matches(name, sorted(self._names), n=1)
            known = sorted(self._names)[:_SHOWN]
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise UnknownFieldError(f"the copybook has no field {reference}; {hint}")
        if len(found) > 1:
            several = [f"{name} OF {path[-2].name}" for path in found if len(path) > 1]
            raise UnknownFieldError(f"{name} is several fields of the copybook; give one of {', '.join(several)}")
        tables = [item.occurs.most for item in found[0] if item.occurs]
        subscripts = tuple(int(text) for text in (match[3] or "").replace(" ", "").split(",") if text)
        if len(subscripts) != len(tables) or any(
            not 1 <= at <= most for at, most in zip(subscripts, tables, strict=True)
        ):
            wanted = ",".join(f"1 to {most}" for most in tables)
            needs = f"{name}({wanted})" if tables else f"{name} without a subscript"
            raise UnknownFieldError(f"{reference} is no element of a table; give {needs}")
        item = self._renamed(found[0])
        return FieldReference(item, subscripts, self._storage(item[-1]))

    def position(self, field: FieldReference, counts: Mapping[str, int] | None = None) -> tuple[int, int]:
        """Return the first byte (from 0) and the number of bytes of a field."""
        at, subscripts = self._most if counts is None else counts, iter(field.subscripts)
        start = 0
        for parent, item in zip((None, *field.path), field.path, strict=False):
            if parent is not None:
                start += self._offset(parent, item, at)
            if item.occurs:
                start += (next(subscripts) - 1) * self._size(item, at)
        last = field.item.renames.last if field.item.renames else None
        if last:
            ending = self.find(last)
            stop = sum(self.position(ending, at))
            return start, stop - start
        return start, self._size(field.item, at)

    def is_steady(self, field: FieldReference) -> bool:
        """Whether a field is in every record, and at the same place, whatever the counts of its tables."""
        least = {name: bounds[1] for name, bounds in self.counters.items()}
        place = self.position(field)
        return place == self.position(field, least) and sum(place) <= self.shortest

    def _check_renames(self, item: DataItem) -> None:
        """Check that a level 66 renames fields in the order of the record. Raises CopybookError."""
        renames = item.renames
        if renames is None:
            return
        for name in (renames.first, renames.last or renames.first):
            named = [path[-1] for path in self._paths if path[-1].name == name]
            if any(each.renames for each in named):
                raise CopybookError(item.line, f"{item.name} renames {name}, which is of level 66, too")
        try:
            first = self.position(self.find(renames.first))
            last = self.position(self.find(renames.last or renames.first))
        except UnknownFieldError as error:
            raise CopybookError(item.line, f"{item.name} renames {renames.first}: {error}") from None
        if last[0] < first[0] or (renames.last and sum(last) <= sum(first)):
            problem = f"{item.name} renames {renames.first} THRU {renames.last}, which does not end behind it"
            raise CopybookError(item.line, problem)

    def _renamed(self, path: tuple[DataItem, ...]) -> tuple[DataItem, ...]:
        renames = path[-1].renames
        if renames is None:
            return path
        target = self.find(renames.first).path
        if renames.last is None:
            return target
        group = DataItem(_RENAMES_LEVEL, path[-1].name, path[-1].line, renames=renames, children=(target[-1],))
        return (*target[:-1], group)

    def _storage(self, item: DataItem) -> Storage:
        if not item.is_group:
            return storage_of(item)
        return group_storage(self._grouped(item), self._size(item, self._most))

    def _grouped(self, item: DataItem) -> list[DataItem]:
        """Return the elementary items of a group, or from the first to the last that a level 66 renames."""
        if item.renames is None or item.renames.last is None:
            return _leaves(item)
        first, last = self.find(item.renames.first).item, self.find(item.renames.last).item
        leaves = _leaves(self.record)
        places = [id(leaf) for leaf in leaves]
        return leaves[places.index(id(_leaves(first)[0])) : places.index(id(_leaves(last)[-1])) + 1]

    def _counter(self, name: str, tables: Sequence[DataItem]) -> tuple[FieldReference, int, int]:
        """Return the field that counts some tables, and the bounds that hold for all of them. Raises CopybookError."""
        table, bounds = tables[-1], [item.occurs for item in tables if item.occurs]
        least, most = max(each.least for each in bounds), min(each.most for each in bounds)
        if least > most:
            raise CopybookError(table.line, f"DEPENDING ON {name}: no number is within the bounds of OCCURS")
        try:
            field = self.find(name)
        except UnknownFieldError as error:
            raise CopybookError(table.line, f"DEPENDING ON {name}: {error}") from None
        if field.storage.kind not in {ZONED, PACKED_DIGITS, BINARY_NUMBER} or field.storage.scale:
            raise CopybookError(table.line, f"DEPENDING ON {name}, which is no whole number")
        before = next(path for path in self.record.walk() if any(i.occurs and i.occurs.depending for i in path))
        order = [path[-1] for path in self.record.walk()]
        if order.index(field.item) > order.index(before[-1]):
            raise CopybookError(table.line, f"DEPENDING ON {name}, which is not in front of every table of that kind")
        return field, least, most

    def _offset(self, parent: DataItem, item: DataItem, counts: Mapping[str, int]) -> int:
        """Return where an item begins in its group."""
        at = 0
        starts: dict[str, int] = {}
        end = 0
        for child in _stored(parent):
            at = starts[child.redefines] if child.redefines else end
            if child is item or (item.renames is not None and item.children[0] is child):
                return at
            if child.name:
                starts[child.name] = at
            end = max(end, at + self._total(child, counts))
        raise ValueError(item.name)

    def _size(self, item: DataItem, counts: Mapping[str, int]) -> int:
        """Return the bytes of one element of an item."""
        if not item.is_group:
            return storage_of(item).size
        key = (tuple(counts.values()), id(item))
        if key in self._sizes:
            return self._sizes[key]
        end, starts = 0, dict[str, int]()
        for child in _stored(item):
            if child.redefines and child.redefines not in starts:
                problem = f"{child.name or 'FILLER'} redefines {child.redefines}, which is no field in front of it"
                raise CopybookError(child.line, problem)
            at = starts[child.redefines] if child.redefines else end
            if child.name:
                starts[child.name] = at
            end = max(end, at + self._total(child, counts))
        self._sizes[key] = end
        return end

    def _total(self, item: DataItem, counts: Mapping[str, int]) -> int:
        table = item.occurs
        times = 1 if table is None else counts.get(table.depending or "", table.most)
        return times * self._size(item, counts)


_RENAMES_LEVEL = 66


def group_storage(leaves: list[DataItem], size: int) -> Storage:
    """Return the storage of a group with these elementary items: characters, if all of them are."""
    stored = [storage_of(leaf) for leaf in leaves]
    readable = all(s.kind in {CHARACTERS, ZONED} and not (s.signed and not s.sign.separate) for s in stored)
    return Storage(CHARACTERS if readable else UNREADABLE, size)


def storage_of(item: DataItem) -> Storage:
    """Return the storage of an elementary item. Raises CopybookError."""
    picture, usage = item.picture, item.usage or DISPLAY
    if usage in (SHORT_FLOAT, LONG_FLOAT):
        return Storage(HEX_FLOAT, 4 if usage == SHORT_FLOAT else 8, signed=True)
    if usage in OTHER_SIZES or picture is None:
        return Storage(UNREADABLE, OTHER_SIZES.get(usage, 0))
    if usage in (BINARY, NATIVE, PACKED):
        return _computational(item, picture, usage)
    if usage != DISPLAY or picture.category == NATIONAL:
        return Storage(UNREADABLE, 2 * picture.size)  # characters of two bytes
    return _displayed(item, picture)


def _displayed(item: DataItem, picture: Picture) -> Storage:
    if picture.category in {TEXT, EDITED}:
        return Storage(CHARACTERS, picture.size, justified=item.justified, edited=picture.category == EDITED)
    sign = item.sign or TRAILING_SIGN
    size = picture.size + (picture.signed and sign.separate)
    blank = item.blank_when_zero
    return Storage(ZONED, size, picture.size, picture.scale, picture.signed, sign, blank_is_zero=blank)


def _computational(item: DataItem, picture: Picture, usage: str) -> Storage:
    if picture.category != NUMBER:
        raise CopybookError(item.line, f"{item.name or 'FILLER'}: {usage} needs a PICTURE of digits")
    if usage == PACKED:
        return Storage(PACKED_DIGITS, picture.size // 2 + 1, picture.size, picture.scale, picture.signed)
    size = next((size for most, size in _BINARY_SIZES if picture.size <= most), 0)
    if not size:
        raise CopybookError(item.line, f"{item.name or 'FILLER'}: a binary number has at most 18 digits")
    full = usage == NATIVE
    return Storage(BINARY_NUMBER, size, picture.size, picture.scale, picture.signed, full_range=full)


def _stored(group: DataItem) -> tuple[DataItem, ...]:
    return tuple(child for child in group.children if child.renames is None)


def _leaves(item: DataItem) -> list[DataItem]:
    return [path[-1] for path in item.walk() if not path[-1].is_group and not path[-1].renames]


def _is_qualified(path: tuple[DataItem, ...], groups: list[str]) -> bool:
    """Whether the groups are above the field, from the inner to the outer."""
    above = iter([item.name for item in reversed(path[:-1])])
    return all(any(name == group for name in above) for group in groups)


def _depending(record: DataItem) -> dict[str, list[DataItem]]:
    """Return the tables that each counter counts. Raises CopybookError."""
    found: dict[str, list[DataItem]] = {}
    for path in record.walk():
        table = path[-1].occurs
        if table is None or table.depending is None:
            continue
        if any(item.occurs for item in path[:-1]):
            raise CopybookError(path[-1].line, "a table with DEPENDING ON within a table is not supported")
        found.setdefault(table.depending, []).append(path[-1])
    return found


def _check(path: tuple[DataItem, ...]) -> None:
    item = path[-1]
    moves = item.usage in (BINARY, NATIVE, SHORT_FLOAT, LONG_FLOAT, *OTHER_SIZES)
    if item.synchronized and moves:
        problem = f"{item.name or 'FILLER'} is SYNCHRONIZED, which may move it by slack bytes: write them as FILLER"
        raise CopybookError(item.line, problem)
