"""Conversion of text to search terms: words of names and sentences, lower case, without English endings.

Indexed texts and queries are converted alike, so a wrongly removed ending is removed on both sides.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN = re.compile(r"[^\W\d_]+|\d+")
# Where camel case is split: `customerId` is customer and Id, `HTTPServer` is HTTP and Server, `VaR` is one word.
_CUT = re.compile(r"(?<=[a-z]{2})(?=[A-Z][A-Za-z])|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})")
_VOWEL = re.compile("[aeiouy]")
_SHORTEST_STEM = 3
_FEWEST_FOR_S, _FEWEST_FOR_IES = 3, 5
_KEPT_DOUBLE = "lsz"

_SAY_NOTHING = """
a an and are as at be but by each for from has have how in into is it its no not of on or per s so than that the their
them then there they this to was what when where which who whom whose why will with
"""
STOP_WORDS = frozenset(_SAY_NOTHING.split())
"""English stop words."""


class TextWord(NamedTuple):
    """A word of a text: its position from `start` to `end`, its lower-case form without accents, and its term."""

    start: int
    end: int
    plain: str
    term: str


def words(text: str, *, all_of_them: bool = False) -> Iterator[TextWord]:
    """Yield the words of a text in order, without stop words unless `all_of_them` is set."""
    for run in _RUN.finditer(text):
        at = run.start()
        for part in _CUT.split(run[0]):
            for plain in fold(part).split():  # one letter may be written as several words, such as U+FDFA
                if all_of_them or plain not in STOP_WORDS:
                    yield TextWord(at, at + len(part), plain, stem(plain))
            at += len(part)


def query_words(text: str) -> list[TextWord]:
    """Return the words of a query without stop words, except in names such as `as_of`, or if there are no others."""
    found = [word for part in text.split() for word in words(part, all_of_them="_" in part)]
    return found or list(words(text, all_of_them=True))


def joined(text: str) -> str:
    """Return only the letters and digits of a name, so that `customer_360` and `Customer 360` are equal."""
    return "".join(letter for letter in fold(text) if letter.isalnum())


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Return the text in lower case, without accents."""
    if text.isascii():
        return text.lower()
    # Twice: normalizing may give a capital letter, whose lower-case form may decompose again.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a word without plural ending, -ing, -ed and final e: `spendings`, `spending` and `spend` have one stem.

    The first step of Porter's algorithm (M. F. Porter, An algorithm for suffix stripping, 1980), reduced to what names
    and short descriptions need.
    """
    if not (word.isascii() and word.isalpha()):
        return word
    word = _singular(word)
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _SHORTEST_STEM and _VOWEL.search(rest):
            word = rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in _KEPT_DOUBLE else rest
            break
    return word[:-1] if word.endswith("e") and len(word) > _SHORTEST_STEM else word


def _singular(word: str) -> str:
    if len(word) < _FEWEST_FOR_S or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) >= _FEWEST_FOR_IES:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1]
