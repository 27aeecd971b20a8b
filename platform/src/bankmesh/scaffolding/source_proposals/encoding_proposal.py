"""The encoding of texts: UTF-8 and ASCII show in the bytes, a code page by the characters that each makes of them.

Most code pages of one byte for each character read most files, so that one is a proposal for a person to confirm.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import numpy as np

from bankmesh.errors import LegacyFileError
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose
from bankmesh.sources.declarations.source_declaration import UTF8_SIG
from bankmesh.sources.parsing.line_blocks import LegacyText

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CODE_PAGES_OF_TEXT = ("cp1252", "cp1250", "latin-1", "iso8859-2")
"""The code pages that declarations of text may name, the most frequent first."""

_ALPHABETS = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "àèéìíòóùú", "ãáâàçéêíóôõú", "åäöéæø",
    "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "čćđšž", "ăâîșțşţ",
)  # fmt: skip
"""Letters beyond ASCII of languages: German, French, Spanish, Italian, Portuguese, Scandinavian, Czech, Slovak, Polish,
Hungarian, Croatian, Romanian."""
_ASCII = bytes(range(0x80))
_FIRST_AFTER_C1 = 0xA0


def find_encoding(files: Sequence[Path], given: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the encoding that all bytes of all files have, and questions about it.

    UTF-8 shows in the bytes. A code page of one byte for each character does not: the proposal is a question. Raises
    CannotPropose if no code page fits.
    """
    if given is not None:
        return given, ()
    found = {_encoding_of(file) for file in files}
    if None in found:
        return _find_code_page(files)
    return next(each for each in (UTF8_SIG, "utf-8", "ascii") if each in found), ()


def _encoding_of(file: Path) -> str | None:
    is_ascii, decoder = True, codecs.getincrementaldecoder("utf-8")()
    marked = False
    try:
        for number, piece in enumerate(LegacyText(file, UTF8_SIG).pieces()):
            is_ascii = is_ascii and piece.isascii()
            decoder.decode(piece)
            marked = marked or (number == 0 and _is_marked(file))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    if marked:
        return UTF8_SIG
    return "ascii" if is_ascii else "utf-8"


def _is_marked(file: Path) -> bool:
    try:
        next(LegacyText(file, "utf-8").pieces(), None)
    except LegacyFileError:
        return True
    return False


def _find_code_page(files: Sequence[Path]) -> tuple[str, tuple[str, ...]]:
    """Return the code page in which all bytes are most like text of one language, and a question with the others.

    Raises CannotPropose if no code page has a character for every byte of all files.
    """
    counts = _count_bytes(files)
    fitting = {page: found for page in CODE_PAGES_OF_TEXT if (found := _characters(counts, page)) is not None}
    if not fitting:
        tried = ", ".join(CODE_PAGES_OF_TEXT)
        problem = f"its bytes beyond ASCII are not UTF-8, and some are no characters in each code page tried: {tried}"
        raise CannotPropose(files[0], problem, "Name the encoding with --encoding, or remove the damaged bytes.")
    likely, *others = sorted(fitting, key=lambda page: -_measure_likeness(fitting[page]))
    also = f"Also fitting: {', '.join(others)}" if others else "No other code page fits"
    question = (
        f"which code page is it? Bytes beyond ASCII are not UTF-8, all fit {likely}, and it is a guess. "
        f"{also}: see --encoding"
    )
    return likely, (question,)


def _count_bytes(files: Sequence[Path]) -> dict[int, int]:
    """Return how often each byte beyond ASCII occurs in all files."""
    counts = np.zeros(256, np.int64)
    for file in files:
        for piece in LegacyText(file, UTF8_SIG).pieces():
            counts += np.bincount(np.frombuffer(piece.translate(None, _ASCII), np.uint8), minlength=256)
    return {byte: int(counts[byte]) for byte in np.flatnonzero(counts).tolist()}


def _characters(counts: Mapping[int, int], page: str) -> dict[str, int] | None:
    """Return the characters that a page makes of bytes; None if one has no character, or only a control character."""
    found: dict[str, int] = {}
    for byte, count in counts.items():
        character = codecs.decode(bytes([byte]), page, "replace")
        if character == "\ufffd" or ord(character) < _FIRST_AFTER_C1:
            return None
        found[character] = count
    return found


def _measure_likeness(characters: Mapping[str, int]) -> int:
    """Return how many characters are letters of the one language that has most of them.

    Signs count for nothing, because a letter of one page is often a sign of another.
    """
    return max(
        sum(count for character, count in characters.items() if character.lower() in alphabet)
        for alphabet in _ALPHABETS
    )
