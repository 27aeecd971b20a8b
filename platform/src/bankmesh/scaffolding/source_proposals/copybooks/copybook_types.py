"""The types of records of a copybook with several levels 01: the field that says the type, and the level of each value.

A level 01 fits a record if the record has its length, and its fields are numbers, and texts without control characters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.contracts.model import Classification
from bankmesh.scaffolding.classification_proposal import propose_classification, split_words
from bankmesh.scaffolding.source_proposals.copybooks.copybook_bytes import record_blocks
from bankmesh.scaffolding.source_proposals.copybooks.copybook_fields import find_fields
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose
from bankmesh.sources.copybook.code_pages import decoding_table
from bankmesh.sources.copybook.column_rules import FILLED_WITH
from bankmesh.sources.copybook.copybook_format import FIXED_LENGTH, CopybookFormat
from bankmesh.sources.copybook.field_decoder import NO_TEXT, text_table
from bankmesh.sources.copybook.storage_layout import CHARACTERS, RecordStorage
from bankmesh.sources.copybook.stored_numbers import decode_digits
from bankmesh.sources.declarations.record_layout import DETAIL, HEADER, TRAILER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bankmesh.sources.copybook.copybook_blocks import CopybookRecordBlock
    from bankmesh.sources.copybook.storage_layout import FieldReference
    from bankmesh.sources.copybook.stored_numbers import Flags

_LONGEST_SELECTOR = 8
_WORD = 8
_VALUES_OF_EACH = 4
"""The most values that a selector has, for each level 01; the key of a small file has more."""
_ADVICE = "Declare its selector and records by hand, see the reference of copybooks."

Place = tuple[int, int]


@dataclass
class _Values:
    """The values at a place that may be the selector's: their records, those at each end of a file, and what fits."""

    counts: Counter[bytes] = field(default_factory=Counter)
    misfits: dict[bytes, set[str]] = field(default_factory=dict)
    firsts: list[bytes] = field(default_factory=list)
    lasts: list[bytes] = field(default_factory=list)
    once: list[set[bytes]] = field(default_factory=list)


@dataclass(frozen=True)
class FoundTypes:
    """The selector, and for each type its level 01, the selector's values, its role, and the number of its records."""

    selector: str
    layouts: dict[str, str]
    values: dict[str, list[str]]
    roles: dict[str, str]
    counts: Counter[str]

    def declared(self) -> dict[str, object]:
        """Return the types as `records` of a format."""
        return {
            name: {
                "value": self.values[name],
                **({} if self.roles[name] == DETAIL else {"role": self.roles[name]}),
                "layout": layout,
            }
            for name, layout in self.layouts.items()
        }

    @property
    def details(self) -> tuple[str, ...]:
        """The types whose records may be rows, that with most of them first."""
        return tuple(name for name, _ in self.counts.most_common() if self.roles[name] == DETAIL)


def find_types(
    files: Sequence[Path], written: CopybookFormat, layouts: Mapping[str, RecordStorage]
) -> FoundTypes | str:
    """Return the types of records that all bytes of the files show, or the only level 01 that fits all records.

    Raises CannotPropose if they show neither.
    """
    places = _places(layouts)
    values, fitting = _read_values(files, written, layouts, list(places))
    for place, found in sorted(values.items(), key=lambda each: (len(each[1].counts), each[0])):
        assigned = _assign(found, list(layouts))
        if assigned is not None:
            return _types(places[place], found, assigned, written.encoding)
    if len(fitting) == 1:
        return fitting.pop()
    raise CannotPropose(files[0], "which level 01 its records have does not show in its bytes", _ADVICE)


def _places(layouts: Mapping[str, RecordStorage]) -> dict[Place, str]:
    """Return the places at which all levels 01 have a field that may be the selector, with its name in the first."""
    shortest = min(layout.shortest for layout in layouts.values())
    found: list[dict[Place, str]] = []
    for layout in layouts.values():
        fields = find_fields(layout).fields
        found.append({
            layout.position(each): name
            for name, each in fields.items()
            if each.storage.is_selector and each.storage.size <= _LONGEST_SELECTOR and layout.is_steady(each)
            and sum(layout.position(each)) <= shortest and _may_be_shown(name)
        })  # fmt: skip
    common = set(found[0]).intersection(*found[1:])
    return {place: found[0][place] for place in sorted(common)}


def _may_be_shown(name: str) -> bool:
    """Whether values of a field may be in a declaration: nothing in its name says that they are confidential."""
    proposed = propose_classification(name)
    return not proposed.by_evidence or proposed.classification <= Classification.INTERNAL


def _read_values(
    files: Sequence[Path], written: CopybookFormat, layouts: Mapping[str, RecordStorage], places: list[Place]
) -> tuple[dict[Place, _Values], set[str]]:
    """Return the values at each place, but those with too many, and the levels 01 that fit all records."""
    found, fitting, most = {place: _Values() for place in places}, set(layouts), _VALUES_OF_EACH * len(layouts)
    fields = {name: _steady(layout) for name, layout in layouts.items()}
    for file in files:
        own: dict[Place, Counter[bytes]] = {place: Counter() for place in found}
        is_first = True
        for block in record_blocks([file], written):
            fits = {name: _fitting(block, written, layouts[name], fields[name]) for name in layouts}
            fitting -= {name for name, each in fits.items() if not each.all()}
            for place in list(found):
                _add_block(found[place], own[place], block, place, fits, most, is_first=is_first)
                if len(found[place].counts) > most:
                    del found[place]
            is_first = False
        for place, values in found.items():
            values.once.append({value for value, n in own[place].items() if n == 1})
    return found, fitting


def _add_block(
    found: _Values,
    own: Counter[bytes],
    block: CopybookRecordBlock,
    place: Place,
    fits: Mapping[str, Flags],
    most: int,
    *,
    is_first: bool,
) -> None:
    """Add the values of a block, as long as they are few."""
    size = place[1]
    padded = np.zeros((len(block), _WORD), np.uint8)
    padded[:, :size] = block.matrix(np.arange(len(block)), *place)
    distinct, inverse = np.unique(padded.view(">u8").reshape(-1), return_inverse=True)
    values = [number.to_bytes(_WORD, "big")[:size] for number in distinct.tolist()]
    if len(values) > most:
        found.counts.update(values)
        return
    for at, value in enumerate(values):
        rows = inverse == at
        found.counts[value] += int(rows.sum())
        own[value] += int(rows.sum())
        misfits = {name for name, fitting in fits.items() if not fitting[rows].all()}
        found.misfits.setdefault(value, set()).update(misfits)
    if is_first:
        found.firsts.append(values[inverse[0]])
        found.lasts.append(b"")
    found.lasts[-1] = values[inverse[-1]]


def _steady(layout: RecordStorage) -> list[FieldReference]:
    return [each for each in find_fields(layout).fields.values() if layout.is_steady(each)]


def _fitting(
    block: CopybookRecordBlock, written: CopybookFormat, layout: RecordStorage, fields: Sequence[FieldReference]
) -> Flags:
    """Return the records of a block that a level 01 fits."""
    lengths = block.stops - block.starts
    fits: Flags = np.ones(len(block), np.bool_)
    if written.recfm != FIXED_LENGTH:
        fits = (lengths >= layout.shortest) & (lengths <= layout.longest)
    for each in fields:
        rows = np.flatnonzero(fits)
        cells = block.matrix(rows, *layout.position(each)).astype(np.uint8)
        bad = np.zeros(len(rows), np.bool_)
        if each.storage.kind == CHARACTERS:
            bad = (text_table(written.encoding)[cells] == NO_TEXT).any(axis=1)
        elif each.storage.is_exact:
            bad[list(decode_digits(cells, each.storage).faults)] = True
        for byte in FILLED_WITH.values():
            bad &= ~(cells == byte).all(axis=1)
        fits[rows[bad]] = False
    return fits


def _assign(found: _Values, layouts: Sequence[str]) -> dict[bytes, str] | None:
    """Return the level 01 of each value; None if a value has none, or if several fit it that no other value needs.

    Of several values of one level 01, each must be repeated: a key of few records would be one otherwise.
    """
    if len(found.counts) < 2:  # noqa: PLR2004 - one value tells nothing apart
        return None
    options = {value: [name for name in layouts if name not in found.misfits[value]] for value in found.counts}
    assigned: dict[bytes, str] = {}
    while options:
        decided = {value: names[0] for value, names in options.items() if len(names) == 1}
        if not decided:
            return None
        assigned |= decided
        taken = set(decided.values())
        options = {
            value: [name for name in names if name not in taken]
            for value, names in options.items() if value not in decided
        }  # fmt: skip
    several = Counter(assigned.values())
    is_key = any(several[name] > 1 and found.counts[value] == 1 for value, name in assigned.items())
    return None if is_key else assigned


def _types(selector: str, found: _Values, assigned: Mapping[bytes, str], page: str) -> FoundTypes:
    layouts: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    roles: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for value, layout in sorted(assigned.items(), key=lambda each: (each[1], each[0])):
        name = split_words(layout)
        layouts[name] = layout
        values.setdefault(name, []).append(_decoded(value, page))
        counts[name] += found.counts[value]
        roles[name] = DETAIL if len(values[name]) > 1 else _role(value, found)
    if DETAIL not in roles.values():  # files of one record each
        roles = dict.fromkeys(roles, DETAIL)
    return FoundTypes(selector, layouts, values, roles, counts)


def _role(value: bytes, found: _Values) -> str:
    """Return the role of records that are in each file once, at its beginning or end."""
    if all(value in once for once in found.once):
        for role, ends in ((HEADER, found.firsts), (TRAILER, found.lasts)):
            if set(ends) == {value}:
                return role
    return DETAIL


def _decoded(value: bytes, page: str) -> str:
    table = decoding_table(page)
    return "".join(table[byte] for byte in value).rstrip() or " "
