"""The type of each record of a block, records that have none or a wrong length, and headers and trailers."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.errors import shorten_list
from bankmesh.sources.copybook.code_pages import encode_text
from bankmesh.sources.copybook.copybook_format import FIXED_LENGTH, FieldTotal
from bankmesh.sources.copybook.stored_numbers import decode_digits
from bankmesh.sources.fixed_width.control_totals import ControlRecords
from bankmesh.sources.fixed_width.record_types import DAMAGED, TypedRecords
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.landing_sink import Reject

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.sources.copybook.copybook_format import CopybookFormat
    from bankmesh.sources.declarations.record_layout import ControlTotal, RecordType
    from bankmesh.sources.fixed_width.record_stream import Cells, RecordBlock

_BLANK = b"\x40"


def identify_types(block: RecordBlock, written: CopybookFormat) -> TypedRecords:
    """Return the type of each record; one of no declared type or of a length that its type cannot have is damaged."""
    kinds = np.full(len(block), DAMAGED, np.int16)
    lengths = block.stops - block.starts
    place = written.selector_position
    if place is None:
        kinds[:] = 0
    else:
        rows = np.flatnonzero(lengths >= place.end)
        found = block.matrix(rows, place.start - 1, place.length)
        for kind, record in enumerate(written.records):
            for value in record.values:
                coded = encode_text(value, written.encoding) or b""
                alike = found == np.frombuffer(coded.ljust(place.length, _BLANK), np.uint8)
                kinds[rows[alike.all(axis=1)]] = kind
    if written.recfm != FIXED_LENGTH:
        for kind, (least, most) in enumerate(_length_bounds(written)):
            kinds[(kinds == kind) & ((lengths < least) | (lengths > most))] = DAMAGED
    return TypedRecords(block, kinds)


def damaged_rejects(records: TypedRecords, written: CopybookFormat) -> list[Reject]:
    """Return the damaged records as rejects; a reason never holds a value."""
    block = records.block
    rejects = []
    for at in records.of_type(DAMAGED).tolist():
        length = int(block.stops[at] - block.starts[at])
        bounds = [_spell(least, most) for least, most in _length_bounds(written)]
        reason = f"{length} bytes instead of {shorten_list(dict.fromkeys(bounds))}"
        if written.selector_position is not None:
            values = shorten_list(value for record in written.records for value in record.values)
            of_type = f"{written.selector} ({written.selector_position}), which may hold {values}"
            is_fixed = written.recfm == FIXED_LENGTH
            reason = f"no declared record type at {of_type}{'' if is_fixed else f', or not of its length: {reason}'}"
        rejects.append(Reject(int(block.lines[at]), block.raw(at), (RecordFault(None, reason),)))
    return rejects


class CopybookControls(ControlRecords):
    """The header and trailer of one file, whose totals are fields of the copybook."""

    def __init__(self, path: Path, written: CopybookFormat) -> None:
        """Expect the header and trailer that the format declares, if any."""
        super().__init__(path, written)
        self._format = written

    def stated(self, record: RecordType, rows: Cells, total: ControlTotal, scale: int) -> Fraction | None:  # noqa: ARG002
        """Return the number that a total states in the only row; None if its bytes are no number."""
        if not isinstance(total, FieldTotal):
            raise TypeError(total)
        field = self._format.storage(record.name).find(total.name)
        storage = self._format.stored(field)
        found = decode_digits(rows[:, total.field.position.span].astype(np.uint8), storage)
        if found.faults:
            return None
        digits = int("".join(map(str, found.digits[:, 0].tolist())))
        sign = -1 if found.negative is not None and found.negative[0] else 1
        return sign * Fraction(digits) / Fraction(10) ** storage.scale


def _length_bounds(written: CopybookFormat) -> list[tuple[int, int]]:
    """Return the least and the greatest length of the records of each type."""
    if written.recfm == FIXED_LENGTH:
        return [(written.record_length, written.record_length)]
    layouts = [written.storage(record.name) for record in written.records] or [written.storage()]
    return [(layout.shortest, layout.longest) for layout in layouts]


def _spell(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
