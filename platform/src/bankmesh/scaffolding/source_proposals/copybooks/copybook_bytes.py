"""What the bytes of files with a copybook show: how records are framed, their code page, and fields without a value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.errors import LegacyFileError
from bankmesh.scaffolding.source_proposals.column_profile import BLOCK_BYTES
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose
from bankmesh.sources.copybook.code_page_evidence import CodePageEvidence
from bankmesh.sources.copybook.code_pages import CODE_PAGES, decoding_table
from bankmesh.sources.copybook.column_rules import FILLED_WITH
from bankmesh.sources.copybook.copybook_blocks import CopybookRecordStream
from bankmesh.sources.copybook.copybook_format import BLOCKED, FIXED_LENGTH, VARIABLE, CopybookFormat
from bankmesh.sources.copybook.storage_layout import CHARACTERS, PACKED_DIGITS, ZONED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.sources.copybook.copybook_blocks import CopybookRecordBlock
    from bankmesh.sources.copybook.storage_layout import FieldReference, RecordStorage
    from bankmesh.sources.copybook.stored_numbers import Bytes
    from bankmesh.sources.fixed_width.record_stream import RecordBlock
    from bankmesh.sources.parsing.record_structure import Positions

_FILLS = {"LOW-VALUES": FILLED_WITH["LOW-VALUES"], "HIGH-VALUES": FILLED_WITH["HIGH-VALUES"]}
_FILLS_OF = {
    CHARACTERS: _FILLS,  # blanks are no value of a text anyway
    ZONED: {**_FILLS, "SPACES": FILLED_WITH["SPACES"]},
    PACKED_DIGITS: {**_FILLS, "SPACES": FILLED_WITH["SPACES"]},
}
"""What fills fields without a value; in binary and floating-point fields the same bytes are numbers."""

PREFERRED_PAGES = ("cp037", "cp273", "cp500", "cp1047", "cp1140", "cp1141", "cp1148")
"""The pages that are proposed first among those of which nothing in the bytes is unlikely."""
_PAGES_NAMED = 4
_ASCII_SHARE = 0.6
_ASCII_WORDS = frozenset(b" 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@dataclass
class FieldBytes:
    """What the bytes of the fields of some records show.

    `fills` counts for each field the records in which it holds nothing but LOW-VALUES, HIGH-VALUES or SPACES. `bytes`
    counts the bytes of texts, by value.
    """

    fills: dict[str, Counter[str]] = field(default_factory=dict)
    bytes: Bytes = field(default_factory=lambda: np.zeros(256, np.int64))
    evidence: dict[str, CodePageEvidence] = field(
        default_factory=lambda: {page: CodePageEvidence(page) for page in CODE_PAGES}
    )

    def add(
        self, block: RecordBlock, rows: Positions, layout: RecordStorage, fields: Mapping[str, FieldReference]
    ) -> None:
        """Examine fields of some records of a block, which have them at the same place."""
        for name, reference in fields.items():
            cells = block.matrix(rows, *layout.position(reference)).astype(np.uint8, copy=False)
            found = self.fills.setdefault(name, Counter())
            for fill, byte in _FILLS_OF.get(reference.storage.kind, {}).items():
                if count := int((cells == byte).all(axis=1).sum()):
                    found[fill] += count
            if reference.storage.kind == CHARACTERS:
                self._add_text(cells)

    def _add_text(self, cells: Bytes) -> None:
        self.bytes += np.bincount(cells.reshape(-1), minlength=256)
        if cells.tobytes().translate(None, _bytes_of_all_pages()):
            for each in self.evidence.values():
                each.add(cells)


@lru_cache(maxsize=1)
def _bytes_of_all_pages() -> bytes:
    """Return the bytes that are the same character in all code pages."""
    return bytes(byte for byte in range(256) if len({decoding_table(page)[byte] for page in CODE_PAGES}) == 1)


def find_framing(files: Sequence[Path], written: CopybookFormat, bounds: tuple[int, int]) -> CopybookFormat:
    """Return the format with the record format that all bytes of the files show.

    `bounds` are the least and the greatest length of a record of the copybook. Descriptor words show in the bytes: a
    chain of lengths that leads to the end of the file. Raises CannotPropose.
    """
    for recfm in (VARIABLE, BLOCKED, FIXED_LENGTH):
        tried = replace(written, recfm=recfm, record_length=bounds[1])
        if all(_is_framed(file, tried, bounds) for file in files):
            return tried
    problem = f"its size is no multiple of {bounds[1]} bytes, the record of the copybook, and has no descriptor words"
    raise CannotPropose(files[0], problem, "Give the copybook of these files, or declare record_length by hand.")


def _is_framed(file: Path, written: CopybookFormat, bounds: tuple[int, int]) -> bool:
    least, most = bounds
    try:
        for block in CopybookRecordStream(file, written, BLOCK_BYTES).blocks():
            lengths = block.stops - block.starts
            if written.recfm != FIXED_LENGTH and (lengths.min() < least or lengths.max() > most):
                return False
    except LegacyFileError:
        return False
    return True


def record_blocks(files: Sequence[Path], written: CopybookFormat) -> Iterator[CopybookRecordBlock]:
    """Yield the records of all files in blocks. Raises LegacyFileError."""
    for file in files:
        yield from CopybookRecordStream(file, written, BLOCK_BYTES).blocks()


def find_code_page(file: Path, found: FieldBytes) -> tuple[str, tuple[str, ...]]:
    """Return the code page of which least is unlikely in the texts, and a question that names the others.

    Raises CannotPropose for texts that are ASCII.
    """
    letters = int(found.bytes[list(_ASCII_WORDS)].sum())
    if letters > _ASCII_SHARE * int(found.bytes.sum()):
        advice = "Transfer it in binary mode, or use --kind fixed_width if it was converted and has lines."
        raise CannotPropose(file, "its texts are ASCII, not EBCDIC", advice)
    used = [byte for byte in np.flatnonzero(found.bytes).tolist() if byte not in _bytes_of_all_pages()]
    if not used:
        question = "which code page is it? All bytes of its texts are the same characters in every page"
        return PREFERRED_PAGES[0], (question,)
    rank = {page: (found.evidence[page].signs_between_letters, *_unlikely(found, page, used)) for page in CODE_PAGES}
    order = sorted(CODE_PAGES, key=lambda page: (rank[page], _preference(page)))
    likely = [page for page in order if rank[page] == rank[order[0]]]
    others = ", ".join(likely[1:_PAGES_NAMED]) or "none"
    question = f"is {likely[0]} its code page? Others that read its texts as well: {others}; see --encoding"
    return likely[0], (question,)


def _unlikely(found: FieldBytes, page: str, used: list[int]) -> tuple[int, int]:
    """Return how many bytes of the texts have no character in a page, or one that is no letter of Latin script."""
    table = decoding_table(page)
    missing = sum(int(found.bytes[byte]) for byte in used if not table[byte].isprintable())
    other = sum(int(found.bytes[byte]) for byte in used if table[byte].isalpha() and ord(table[byte]) > _LATIN)
    return missing, other


_LATIN = 0x24F
"""The last letter of Latin script; letters behind it are Greek or Hebrew, which Latin texts do not mix with."""


def _preference(page: str) -> int:
    return PREFERRED_PAGES.index(page) if page in PREFERRED_PAGES else len(PREFERRED_PAGES)
