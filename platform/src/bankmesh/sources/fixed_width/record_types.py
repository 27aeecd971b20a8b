"""The type of each record of a block, by its selector, and the faults of records that have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.errors import shorten_list
from bankmesh.sources.landing_rejects import RecordFault
from bankmesh.sources.landing_sink import Reject
from bankmesh.sources.parsing.record_structure import END_OF_FILE, NEWLINE, RETURN, end_of_file_fault

if TYPE_CHECKING:
    import numpy.typing as npt

    from bankmesh.sources.declarations.record_layout import FixedWidthFormat
    from bankmesh.sources.fixed_width.record_stream import RecordBlock
    from bankmesh.sources.parsing.record_structure import Positions

    Kinds = npt.NDArray[np.int16]

DAMAGED = -1


@dataclass(frozen=True)
class TypedRecords:
    """The records of a block with their types: positions in the format's `records`, or DAMAGED."""

    block: RecordBlock
    kinds: Kinds

    def of_type(self, kind: int) -> Positions:
        """Return the records of a type, by position in the block."""
        return np.flatnonzero(self.kinds == kind)

    def counts(self, types: int) -> Positions:
        """Return the number of records of each type; damaged ones are of none."""
        return np.bincount(self.kinds[self.kinds >= 0], minlength=types)


def identify_types(block: RecordBlock, written: FixedWidthFormat) -> TypedRecords:
    """Return the type of each record; one of another length or type, or with 0x1A at its end, is damaged."""
    kinds = np.full(len(block), DAMAGED, np.int16)
    whole = (block.stops - block.starts) == written.record_length
    whole &= block.cells[block.stops - 1] != END_OF_FILE[0]
    if written.terminated:
        whole[_with_returns(block)] = False
    rows = np.flatnonzero(whole)
    if written.selector is None:
        kinds[rows] = 0
        return TypedRecords(block, kinds)
    found = block.matrix(rows, written.selector.start - 1, written.selector.length)
    for kind, record in enumerate(written.records):
        for value in record.values:
            code = np.array([ord(character) for character in value])
            kinds[rows[(found == code).all(axis=1)]] = kind
    return TypedRecords(block, kinds)


def damaged_rejects(records: TypedRecords, written: FixedWidthFormat) -> list[Reject]:
    """Return the damaged records as rejects; a reason never holds a value."""
    block = records.block
    found = []
    for at in records.of_type(DAMAGED).tolist():
        raw = block.raw(at)
        length = int(block.stops[at] - block.starts[at])
        if written.terminated and b"\r" in raw:
            reason = "carriage return within the line"
        elif (fault := end_of_file_fault(raw)) is not None:
            reason = fault
        elif length != written.record_length:
            reason = f"{length} characters instead of {written.record_length}"
        else:
            values = shorten_list(value for record in written.records for value in record.values)
            reason = f"no declared record type at {written.selector}, which may hold {values}"
        found.append(Reject(int(block.lines[at]), raw, (RecordFault(None, reason),)))
    return found


def _with_returns(block: RecordBlock) -> Positions:
    """Return the records, by position, with a carriage return that is not part of their line end."""
    returns = np.flatnonzero(block.cells == RETURN)
    inner = returns[block.cells[returns + 1] != NEWLINE]
    if not len(inner) or not len(block):
        return np.zeros(0, np.int64)
    at = np.searchsorted(block.starts, inner, "right") - 1
    return np.unique(at[(at >= 0) & (inner < block.stops[at])])
