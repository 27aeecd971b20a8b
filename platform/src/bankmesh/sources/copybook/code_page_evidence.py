"""Evidence in texts that their code page is another one: signs between letters that other pages read as letters.

All code pages of EBCDIC agree on the letters A to Z and the digits, and assign nearly all bytes, so a text of another
page decodes without an error. Where `Müller` is declared as cp037 instead of cp273, it reads `M}ller`. The reverse, a
letter where a sign was meant, is not noticed.
"""

from __future__ import annotations

import threading
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.sources.copybook.code_pages import CODE_PAGES, decoding_table

if TYPE_CHECKING:
    from bankmesh.sources.copybook.stored_numbers import Bytes

LEAST = 3
"""The signs between letters from which they are a warning."""

_PAGES_NAMED = 3
_OF_WORDS = frozenset("'`-./&_ \u00b4\u2019")
"""Signs that are between letters in names and references of any page."""


class CodePageEvidence:
    """Counts signs between letters in texts of one page, by byte; safe to use from several threads."""

    def __init__(self, page: str) -> None:
        """Prepare to count for a declared page."""
        self._page, self._found, self._lock = page, Counter[int](), threading.Lock()
        self._others = _without(odd_bytes(page))

    def add(self, cells: Bytes) -> None:
        """Examine a field of many records; `cells` has a row for each record."""
        if not cells.tobytes().translate(None, self._others):
            return
        is_odd, is_letter = (_flags(chosen)[cells] for chosen in (odd_bytes(self._page), letter_bytes(self._page)))
        left, right = is_letter[:, :-2], is_letter[:, 2:]
        between = is_odd[:, 1:-1] & ((left & (right | is_odd[:, 2:])) | (right & is_odd[:, :-2]))
        found = Counter(cells[:, 1:-1][between].tolist())
        with self._lock:
            self._found += found

    @property
    def signs_between_letters(self) -> int:
        """How many signs are between letters in the texts of the page so far, where another page has letters."""
        return self._found.total()

    def warnings(self) -> tuple[str, ...]:
        """Return what is unlikely in text of the declared page, without values."""
        count = self.signs_between_letters
        pages = [page for page in CODE_PAGES if page != self._page and set(self._found) <= set(letter_bytes(page))]
        if count < LEAST or not pages:
            return ()
        named = " or ".join(pages[:_PAGES_NAMED])
        return (f"{count:,} signs between letters are letters in {named}: {self._page} may not be its code page",)


@lru_cache(maxsize=32)
def letter_bytes(page: str) -> bytes:
    """Return the bytes that are letters in a page."""
    return bytes(byte for byte, character in enumerate(decoding_table(page)) if character.isalpha())


@lru_cache(maxsize=32)
def odd_bytes(page: str) -> bytes:
    """Return the bytes that are neither letters nor signs of words in a page, but are letters in another one."""
    others = {byte for other in CODE_PAGES for byte in letter_bytes(other)}
    table = decoding_table(page)
    return bytes(byte for byte in sorted(others) if not table[byte].isalnum() and table[byte] not in _OF_WORDS)


def _without(chosen: bytes) -> bytes:
    return bytes(byte for byte in range(256) if byte not in chosen)


def _flags(chosen: bytes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    flags = np.zeros(256, np.bool_)
    flags[list(chosen)] = True
    return flags
