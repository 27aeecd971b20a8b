"""Ranking of products and columns for a search query: pure functions over postings.

    score of a product  = sum over the words of the query of  rarity of the word x fit x weight in the product
    weight              = that of the product's own texts, and a share of that of its best column
    rarity              = idf of BM25: ln(1 + (N - n + 0.5) / (n + 0.5)), n of N products have the word
    times               the share of the words that are found, squared
    times               a factor below one if the product is not active

Exact name matches come first, then name matches with typos, then the rest by score. A column is a hit of its own if it
has, together with the texts of its product, every word that the product has.

An upper bound of each port's score is computed first; columns are evaluated only while that bound is higher than the
scores found (the threshold algorithm: Fagin, Lotem, Naor, Optimal aggregation algorithms for middleware, 2003).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bankmesh.catalog.search.term_matches import Expansion

LIFE = {"active": 1.0, "draft": 0.7, "proposed": 0.7, "deprecated": 0.5, "retired": 0.3}
"""Score factor by status of the contract."""

COLUMNS_OF_A_PRODUCT = 3
"""Maximum number of columns of one product that are hits of their own, or are shown with the product."""

_SHARE_OF_A_COLUMN, _SHARE_OF_SEVERAL = 0.4, 1.0
_SHARE_OF_A_PRODUCT = 0.2


class Posting(NamedTuple):
    """The weight of a term in a port, and in its columns.

    `best` is the weight in the best column; `columns` has the format of the index: `3:2.50:1` is column, weight,
    classification.
    """

    term: str
    port: str
    weight: float
    best: float
    columns: str


@dataclass(frozen=True)
class RankedMatch:
    """A port, or one of its columns, with its score and the rank of its name (EXACT, NEAR, or 0).

    `best` are the best columns of a port.
    """

    port: str
    column: int | None
    classification: int | None
    score: float
    name: int = 0
    best: tuple[int, ...] = ()

    @property
    def order(self) -> tuple[float, float, str, int]:
        """The sort key: best first, ties by name, so that the same query always has the same result."""
        return -self.name, -round(self.score, 6), self.port, self.column or 0


@dataclass
class _Found:
    """The postings of one port by word of the query, and the maximum weight of each word.

    `own` is the weight in the port's own texts, `best` the weight in its best column.
    """

    postings: list[tuple[int, float, Posting]] = field(default_factory=list)
    own: dict[int, float] = field(default_factory=dict)
    best: dict[int, float] = field(default_factory=dict)

    @property
    def at_most(self) -> dict[int, float]:
        """The maximum weight of each word, also over different terms that it matches."""
        return {word: own + self.best[word] for word, own in self.own.items()}


def rank(
    expansions: Sequence[Expansion],
    postings: Iterable[Posting],
    life: Mapping[str, str],
    names: Mapping[str, int],
    wanted: Callable[[RankedMatch], bool],
    limit: int,
) -> list[RankedMatch]:
    """Return the best hits for a query, best first.

    Args:
        expansions: the terms that each word of the query matches.
        postings: of all these terms.
        life: the status of every port that may be found; others are ignored.
        names: ports whose name matches the query, exactly or with typos.
        wanted: whether to keep a hit.
        limit: the maximum number of hits.
    """
    found = _gather(expansions, postings, life)
    rarity = _rarity(len(expansions), found, len(life))
    bounds = sorted(
        ((_score(here.at_most, rarity) * LIFE[life[port]], port) for port, here in found.items()), reverse=True
    )
    kept = [
        r
        for port in names
        for r in _answers(port, found.get(port, _Found()), rarity, life[port], names[port])
        if wanted(r)
    ]
    for bound, port in bounds:
        if len(kept) >= limit:
            kept = sorted(kept, key=lambda r: r.order)[:limit]
            if not kept[-1].name and kept[-1].score > bound:
                break
        if port not in names:
            kept += [r for r in _answers(port, found[port], rarity, life[port], 0) if wanted(r)]
    return sorted(kept, key=lambda r: r.order)[:limit]


def _gather(expansions: Sequence[Expansion], postings: Iterable[Posting], life: Mapping[str, str]) -> dict[str, _Found]:
    words_of: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for word, expansion in enumerate(expansions):
        for term, fit in expansion.items():
            words_of[term].append((word, fit))
    found: dict[str, _Found] = defaultdict(_Found)
    for posting in postings:
        if posting.port in life:
            here = found[posting.port]
            for word, fit in words_of[posting.term]:
                here.postings.append((word, fit, posting))
                here.own[word] = max(here.own.get(word, 0.0), fit * posting.weight)
                here.best[word] = max(here.best.get(word, 0.0), fit * posting.best)
    return found


def _rarity(words: int, found: Mapping[str, _Found], products: int) -> list[float]:
    """Return the idf of each word: the fewer products have it, the higher."""
    knowing = [0] * words
    for here in found.values():
        for word in here.own:
            knowing[word] += 1
    return [math.log(1 + (products - n + 0.5) / (n + 0.5)) for n in knowing]


def _answers(port: str, found: _Found, rarity: Sequence[float], status: str, name: int) -> Iterator[RankedMatch]:
    """Yield a port and the best of its columns."""
    own, columns, classifications = _weights(found)
    together = _together(own, columns)
    scored = []
    for position, words in columns.items():
        helped = {word: _SHARE_OF_A_PRODUCT * weight for word, weight in own.items()} | words
        score = _score(helped, rarity) * LIFE[status]
        scored.append((len(helped), RankedMatch(port, position, classifications[position], score)))
    scored.sort(key=lambda item: item[1].order)
    best = tuple(ranked.column for _, ranked in scored[:COLUMNS_OF_A_PRODUCT] if ranked.column is not None)
    yield RankedMatch(port, None, None, _score(together, rarity) * LIFE[status], name, best)
    complete = [ranked for words, ranked in scored if words == len(together)]
    yield from complete[:COLUMNS_OF_A_PRODUCT]


def _weights(found: _Found) -> tuple[dict[int, float], dict[int, dict[int, float]], dict[int, int]]:
    """Return weights of words in a port's own texts and in each of its columns, and the columns' classifications."""
    own: dict[int, float] = {}
    columns: dict[int, dict[int, float]] = defaultdict(dict)
    classifications: dict[int, int] = {}
    for word, fit, posting in found.postings:
        if posting.weight:
            own[word] = max(own.get(word, 0.0), fit * posting.weight)
        for entry in posting.columns.split():
            position, weight, classification = entry.split(":")
            column = columns[int(position)]
            column[word] = max(column.get(word, 0.0), fit * float(weight))
            classifications[int(position)] = int(classification)
    return own, columns, classifications


def _together(own: Mapping[int, float], columns: Mapping[int, Mapping[int, float]]) -> dict[int, float]:
    """Return the weight of each word in a product and its columns.

    If one column has all words, it should rank above the product; if several have some each, the product should.
    """
    best: dict[int, float] = {}
    for column in columns.values():
        for word, weight in column.items():
            best[word] = max(best.get(word, 0.0), weight)
    alone = any(len(column) == len(best) for column in columns.values())
    share = _SHARE_OF_A_COLUMN if alone else _SHARE_OF_SEVERAL
    return {word: own.get(word, 0.0) + share * best.get(word, 0.0) for word in own.keys() | best.keys()}


def _score(weights: Mapping[int, float], rarity: Sequence[float]) -> float:
    if not rarity:
        return 0.0
    covered = len(weights) / len(rarity)
    return covered**2 * sum(rarity[word] * weight for word, weight in weights.items())
