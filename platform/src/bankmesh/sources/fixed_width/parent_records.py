"""The nearest record of another type above each record, carried from block to block.

A damaged record may have been of that type, so the records below it have none until the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.sources.declarations.record_layout import HEADER
from bankmesh.sources.fixed_width.record_types import DAMAGED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.sources.declarations.record_layout import TypedLayout
    from bankmesh.sources.fixed_width.record_stream import Cells
    from bankmesh.sources.fixed_width.record_types import TypedRecords
    from bankmesh.sources.parsing.record_structure import Positions

UNKNOWN = -1


@dataclass(frozen=True)
class ParentRecords:
    """Records of one type, with their lines, and for each record of the block the nearest above it, or UNKNOWN."""

    rows: Cells
    lines: Positions
    nearest: Positions


class ParentTrace:
    """Follows the records of some types through a file; blocks must come in order."""

    def __init__(self, written: TypedLayout, lengths: Mapping[str, int]) -> None:
        """Follow the records of some types, and keep so many characters of each from its first."""
        self._lengths = lengths
        self._followed = {name: written.index(name) for name in lengths}
        self._headers = {name for name in self._followed if written.records[written.index(name)].role == HEADER}
        self._carried: dict[str, tuple[Cells, Positions]] = {}

    def follow(self, records: TypedRecords) -> dict[str, ParentRecords]:
        """Return the parents of a block's records, by type."""
        return {name: self._parents(name, kind, records) for name, kind in self._followed.items()}

    def _parents(self, name: str, kind: int, records: TypedRecords) -> ParentRecords:
        order = np.arange(len(records.kinds))
        at = records.of_type(kind)
        # A header is unique and the first record, so damage below it cannot hide another.
        damage = np.zeros(0, np.int64) if name in self._headers else records.of_type(DAMAGED)
        rows, lines = records.block.matrix(at, 0, self._lengths[name]), records.block.lines[at]
        carried = self._carried.get(name)
        if carried is not None:
            rows, lines = np.vstack([carried[0], rows]), np.concatenate([carried[1], lines])
            at = np.concatenate([np.array([UNKNOWN]), at])
        nearest = np.searchsorted(at, order) - 1
        last_damage = np.concatenate([np.array([-2]), damage])[np.searchsorted(damage, order)]
        if len(at):
            nearest[at[nearest] < last_damage] = UNKNOWN
        self._carry(name, at, damage, rows, lines)
        return ParentRecords(rows, lines, nearest)

    def _carry(self, name: str, at: Positions, damage: Positions, rows: Cells, lines: Positions) -> None:
        if not len(at) or (len(damage) and damage[-1] > at[-1]):
            self._carried.pop(name, None)
        else:
            self._carried[name] = (rows[-1:].copy(), lines[-1:])
