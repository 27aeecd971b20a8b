"""Which products and columns answer a question best: pure functions over postings.

    score of a product  = sum over the words of the question of  rarity of the word x fit x weight in the product
    weight              = that of the product's own texts, and a share of that of its best column
    rarity              = idf of BM25: ln(1 + (N - n + 0.5) / (n + 0.5)), n of N products know the word
    times               the share of the words that are found, squared
    times               less than one for what is not active

What is called exactly so comes first, then what is but for a typo, then the rest by score. A column is an answer of its
own where it has, with the help of what its product is called, every word that the product has.

Of each port it is first told how high its score can be at most; columns are looked at only while that is higher than
what has been found (the threshold algorithm: Fagin, Lotem, Naor, Optimal aggregation algorithms for middleware, 2003).
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
"""What a hit is worth by the status of its contract."""

COLUMNS_OF_A_PRODUCT = 3
"""At most so many columns of one product are hits of their own, or are told with it."""

_SHARE_OF_A_COLUMN, _SHARE_OF_SEVERAL = 0.4, 1.0
_SHARE_OF_A_PRODUCT = 0.2


class Posting(NamedTuple):
    """What a term weighs in a port, and in its columns.

    `best` is the weight in the best column; `columns` is as the index writes it: `3:2.50:1` is column, weight,
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

    `best` are the columns of a port that answer best.
    """

    port: str
    column: int | None
    classification: int | None
    score: float
    name: int = 0
    best: tuple[int, ...] = ()

    @property
    def order(self) -> tuple[float, float, str, int]:
        """Best first; ties by name, so that the same question always has the same answer."""
        return -self.name, -round(self.score, 6), self.port, self.column or 0


@dataclass
class _Found:
    """What is known of one port: its postings by word of the question, and what a word weighs at most.

    `own` is that of the port's own texts, `best` that of any of its columns.
    """

    postings: list[tuple[int, float, Posting]] = field(default_factory=list)
    own: dict[int, float] = field(default_factory=dict)
    best: dict[int, float] = field(default_factory=dict)

    @property
    def at_most(self) -> dict[int, float]:
        """What each word can weigh, be it in different terms that it stands for."""
        return {word: own + self.best[word] for word, own in self.own.items()}


def rank(
    expansions: Sequence[Expansion],
    postings: Iterable[Posting],
    life: Mapping[str, str],
    names: Mapping[str, int],
    wanted: Callable[[RankedMatch], bool],
    limit: int,
) -> list[RankedMatch]:
    """The best answers to a question, best first.

    Args:
        expansions: the terms that each word of the question stands for.
        postings: of all these terms.
        life: the status of every port that may be found; others are passed over.
        names: ports that are called so, exactly or but for a typo.
        wanted: whether an answer is one.
        limit: at most so many.
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
    """How much it says that a word is found."""
    knowing = [0] * words
    for here in found.values():
        for word in here.own:
            knowing[word] += 1
    return [math.log(1 + (products - n + 0.5) / (n + 0.5)) for n in knowing]


def _answers(port: str, found: _Found, rarity: Sequence[float], status: str, name: int) -> Iterator[RankedMatch]:
    """A port and the best of its columns."""
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
    """Weights of words in a port's own texts and in each of its columns, and the columns' classifications."""
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
    """The weight of each word in a product and its columns.

    Where one column has all words, it is the answer; where several have one each, the product is.
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
