"""Which products and columns answer a question best: pure functions over postings.

    score of a product  = sum over the words of the question of  rarity of the word x fit x weight in the product
    weight              = that of the product's own texts, and a share of that of its best column
    rarity              = idf of BM25: ln(1 + (N - n + 0.5) / (n + 0.5)), n of N products know the word
    times               the share of the words that are found, squared
    times               less than one for what is not active

What is called exactly so comes first, then what is but for a typo, then the rest by score.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bankmesh.catalog.matching import Expansion

LIFE = {"active": 1.0, "draft": 0.7, "proposed": 0.7, "deprecated": 0.5, "retired": 0.3}
"""What a hit is worth by the status of its contract."""

COLUMNS_OF_A_PRODUCT = 3
"""At most so many columns of one product are hits of their own, or are told with it."""

_SHARE_OF_A_COLUMN, _SHARE_OF_SEVERAL = 0.4, 1.0
_SHARE_OF_A_PRODUCT = 0.2


class Posting(NamedTuple):
    """What a term weighs in a port; `columns` as the index writes it: `3:2.5:1` is column, weight, classification."""

    term: str
    port: str
    weight: float
    columns: str


@dataclass(frozen=True)
class Ranked:
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
    """What the words of the question weigh in one port: by word in its texts, by column and word in its columns."""

    own: dict[int, float] = field(default_factory=dict)
    columns: dict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    classifications: dict[int, int] = field(default_factory=dict)


def rank(
    expansions: Sequence[Expansion],
    postings: Iterable[Posting],
    life: Mapping[str, str],
    names: Mapping[str, int],
) -> list[Ranked]:
    """Everything that answers the question, best first.

    Args:
        expansions: the terms that each word of the question stands for.
        postings: of all these terms.
        life: the status of every port that may be found; others are passed over.
        names: ports that are called so, exactly or but for a typo.
    """
    found = _gather(expansions, postings, life)
    rarity = _rarity(len(expansions), found, len(life))
    ranked = [*_products(found, rarity, life, names), *_columns(found, rarity, life)]
    return sorted(ranked, key=lambda r: r.order)


def _gather(expansions: Sequence[Expansion], postings: Iterable[Posting], life: Mapping[str, str]) -> dict[str, _Found]:
    words_of: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for word, expansion in enumerate(expansions):
        for term, fit in expansion.items():
            words_of[term].append((word, fit))
    found: dict[str, _Found] = defaultdict(_Found)
    for posting in postings:
        if posting.port not in life:
            continue
        here = found[posting.port]
        columns = [entry.split(":") for entry in posting.columns.split()]
        for word, fit in words_of[posting.term]:
            if posting.weight:
                here.own[word] = max(here.own.get(word, 0.0), fit * posting.weight)
            for position, weight, classification in columns:
                column = here.columns[int(position)]
                column[word] = max(column.get(word, 0.0), fit * float(weight))
                here.classifications[int(position)] = int(classification)
    return found


def _rarity(words: int, found: Mapping[str, _Found], products: int) -> list[float]:
    """How much it says that a word is found."""
    knowing = [0] * words
    for here in found.values():
        for word in set(here.own).union(*here.columns.values()):
            knowing[word] += 1
    return [math.log(1 + (products - n + 0.5) / (n + 0.5)) for n in knowing]


def _products(
    found: Mapping[str, _Found], rarity: Sequence[float], life: Mapping[str, str], names: Mapping[str, int]
) -> Iterator[Ranked]:
    for port, status in life.items():
        here = found.get(port)
        if here is None and port not in names:
            continue
        weights = _with_columns(here) if here else {}
        best = _best_columns(here, rarity) if here else ()
        yield Ranked(port, None, None, _score(weights, rarity) * LIFE[status], names.get(port, 0), best)


def _with_columns(here: _Found) -> dict[int, float]:
    """The weight of each word in a product and its columns.

    Where one column has all words, it is the answer; where several have one each, the product is.
    """
    best: dict[int, float] = {}
    for column in here.columns.values():
        for word, weight in column.items():
            best[word] = max(best.get(word, 0.0), weight)
    alone = any(len(column) == len(best) for column in here.columns.values())
    share = _SHARE_OF_A_COLUMN if alone else _SHARE_OF_SEVERAL
    return {word: here.own.get(word, 0.0) + share * best.get(word, 0.0) for word in here.own.keys() | best.keys()}


def _best_columns(here: _Found, rarity: Sequence[float]) -> tuple[int, ...]:
    ordered = sorted(here.columns, key=lambda position: (-_score(here.columns[position], rarity), position))
    return tuple(ordered[:COLUMNS_OF_A_PRODUCT])


def _columns(found: Mapping[str, _Found], rarity: Sequence[float], life: Mapping[str, str]) -> Iterator[Ranked]:
    """Columns that find as many words as any does, with the help of what their product is called."""
    scored: list[tuple[int, Ranked]] = []
    for port, here in found.items():
        of_port = []
        for position, own in here.columns.items():
            weights = {word: _SHARE_OF_A_PRODUCT * weight for word, weight in here.own.items()} | own
            score = _score(weights, rarity) * LIFE[life[port]]
            of_port.append((len(weights), Ranked(port, position, here.classifications[position], score)))
        of_port.sort(key=lambda item: item[1].order)
        scored += of_port[:COLUMNS_OF_A_PRODUCT]
    most = max((words for words, _ in scored), default=0)
    for words, ranked in scored:
        if words == most:
            yield ranked


def _score(weights: Mapping[int, float], rarity: Sequence[float]) -> float:
    if not rarity:
        return 0.0
    covered = len(weights) / len(rarity)
    return covered**2 * sum(rarity[word] * weight for word, weight in weights.items())
