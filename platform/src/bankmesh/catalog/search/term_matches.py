"""Matching of query words to terms of the index: exact, by prefix, as two words, or with typos."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bankmesh.catalog.search.search_terms import joined, stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bankmesh.catalog.search.search_terms import TextWord

Expansion = dict[str, float]
"""Terms, each with the quality of the match, from 0 to 1."""

EXACT, NEAR = 2, 1

_ONE_TYPO_FROM, _TWO_TYPOS_FROM = 4, 8
_PREFIX_FROM = 3
_OF_A_PREFIX, _OF_A_WORD = 0.4, 0.4
_OF_TYPOS = {1: 0.6, 2: 0.4}
_SHORTEST_PART = 3
_AT_MOST = 20
_LAST = chr(0x10FFFF)
_WITHIN_NAMES = str.maketrans("", "", "_.@")


@dataclass(frozen=True)
class Vocabulary:
    """All words of the index, sorted, and the term of each."""

    words: Sequence[str]
    terms: Sequence[str]

    @cached_property
    def known(self) -> frozenset[str]:
        """All terms."""
        return frozenset(self.terms)


def typos_allowed(length: int) -> int:
    """Return how many letters of a word may be wrong, missing, superfluous or transposed."""
    if length < _ONE_TYPO_FROM:
        return 0
    return 1 if length < _TWO_TYPOS_FROM else 2


def expansions(query: Iterable[TextWord], vocabulary: Vocabulary) -> list[Expansion]:
    """Return the terms that each word matches; a word that does not occur may be two words, as `creditcard` is.

    Fuzzy matching runs only if no term equals the word, no word starts with it, and it is not two words.
    """
    found = []
    for word in query:
        as_it_is = _as_it_is(word, vocabulary)
        parts = () if as_it_is else _two_words(word.plain, vocabulary)
        if parts:
            found += [{term: 1.0} for term in parts]
        else:
            found.append(as_it_is or _misspelt(word.plain, vocabulary))
    return found


def _as_it_is(word: TextWord, vocabulary: Vocabulary) -> Expansion:
    found: Expansion = {}
    if len(word.plain) >= _PREFIX_FROM:
        first, last = (bisect_left(vocabulary.words, word.plain + end) for end in ("", _LAST))
        for index in range(first, last):
            share = len(word.plain) / len(vocabulary.words[index])
            term = vocabulary.terms[index]
            found[term] = max(found.get(term, 0.0), _OF_A_PREFIX + _OF_A_WORD * share)
    if word.term in vocabulary.known:
        found[word.term] = 1.0
    return found


def _two_words(plain: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    for at in range(_SHORTEST_PART, len(plain) - _SHORTEST_PART + 1):
        parts = stem(plain[:at]), stem(plain[at:])
        if all(part in vocabulary.known for part in parts):
            return parts
    return ()


def _misspelt(plain: str, vocabulary: Vocabulary) -> Expansion:
    allowed = 0 if plain.isdigit() else typos_allowed(len(plain))
    if not allowed:
        return {}
    near = process.extract(
        plain, vocabulary.words, scorer=OSA.distance, processor=None, score_cutoff=allowed, limit=_AT_MOST
    )
    nearest = min((distance for _, distance, _ in near), default=0)
    return {vocabulary.terms[index]: _OF_TYPOS[int(distance)] for _, distance, index in near if distance == nearest}


def named(text: str, names: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return what has this name exactly (EXACT) or except for typos (NEAR), without regard to separators.

    Args:
        text: the query as typed.
        names: the names of each item, in lower-case letters, digits and separators.
    """
    typed = joined(text)
    if not typed:
        return {}
    flat = [(thing, name.translate(_WITHIN_NAMES)) for thing, called in names.items() for name in called]
    near = process.extract(
        typed,
        [name for _, name in flat],
        scorer=OSA.distance,
        processor=None,
        score_cutoff=typos_allowed(len(typed)),
        limit=None,
    )
    found: dict[str, int] = {}
    for _, distance, index in near:
        thing = flat[index][0]
        found[thing] = max(found.get(thing, NEAR), EXACT if distance == 0 else NEAR)
    return found
