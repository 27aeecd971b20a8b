"""Characters of a field, for many records at once, as an Arrow array of texts without padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bankmesh.sources.fixed_width.record_stream import encoded

if TYPE_CHECKING:
    import pyarrow as pa

    from bankmesh.sources.declarations.record_layout import FixedField
    from bankmesh.sources.fixed_width.record_stream import Cells
    from bankmesh.sources.parsing.record_structure import Flags, Positions

_WIDER_FROM = (0x80, 0x800, 0x10000)
"""The characters from which UTF-8 needs one more byte."""


def field_texts(rows: Cells, field: FixedField) -> pa.Array:
    """Return the texts of a field of the records in `rows`; null where it holds nothing but padding."""
    cells = rows[:, field.position.span]
    if cells.dtype != np.uint8 and cells.max(initial=0) < _WIDER_FROM[0]:
        cells = cells.astype(np.uint8)
    width = field.position.length
    if field.padding.side == "none":
        return _texts(cells.reshape(-1), np.full(len(cells), width))
    filled = cells != ord(field.padding.character)
    some = filled.any(axis=1)
    starts, stops = np.zeros(len(cells), np.int64), np.full(len(cells), width)
    if field.padding.side in {"left", "both"}:
        starts = filled.argmax(axis=1)
    if field.padding.side in {"right", "both"}:
        stops = width - filled[:, ::-1].argmax(axis=1)
    starts[~some] = stops[~some] = 0
    lengths = stops - starts
    if int(lengths.sum()) == cells.size:
        return _texts(cells.reshape(-1), lengths)
    places = np.arange(width, dtype=np.int32)
    kept = (places >= starts.astype(np.int32)[:, None]) & (places < stops.astype(np.int32)[:, None])
    return _texts(cells[kept], lengths)


def is_blank(rows: Cells, places: Flags) -> Flags:
    """Return for each record whether the characters at `places` are all blanks."""
    blank: Flags = (rows[:, places] == ord(" ")).all(axis=1)
    return blank


def _texts(characters: Cells, lengths: Positions) -> pa.Array:
    import pyarrow as pa

    offsets = _offsets(lengths)
    if characters.dtype != np.uint8:
        sizes = np.ones(len(characters), np.int64)
        for first in _WIDER_FROM:
            sizes += characters >= first
        offsets = _offsets(sizes)[offsets]
    return pa.StringArray.from_buffers(
        len(lengths),
        pa.py_buffer(offsets.astype(np.int32)),
        pa.py_buffer(encoded(characters)),
        pa.py_buffer(np.packbits(lengths > 0, bitorder="little")),
    )


def _offsets(lengths: Positions) -> Positions:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
