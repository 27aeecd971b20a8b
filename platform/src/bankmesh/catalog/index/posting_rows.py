"""Rows of the search index for a contract: its terms and their weights.

The weight of a term in a field follows BM25F (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009): the
field's weight, more if the term occurs repeatedly, less if the field is long. Lengths are compared with a usual length
per field, fixed here. So a contract's weights do not depend on other contracts, and are computed once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.catalog.search.search_terms import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bankmesh.catalog.index.index_rows import Row
    from bankmesh.contracts.model import Column, Contract


@dataclass(frozen=True)
class Field:
    """A text field: the weight of one occurrence of a term, and the usual number of words in the field."""

    weight: float
    usual: float


NAME = Field(8.0, 3)
TAGS = Field(4.0, 3)
OWNER = Field(3.0, 6)
DOMAIN = Field(2.0, 1)
PURPOSE = Field(2.5, 15)
REMARKS = Field(1.0, 30)
COLUMN_NAME = Field(5.0, 2)
COLUMN_TAGS = Field(2.0, 2)
COLUMN_WORDS = Field(1.0, 12)

_SATURATED = 1.2  # k1 of BM25: how soon further occurrences stop adding weight
_LENGTH = 0.75  # b of BM25: the influence of the field's length


def posting_rows(contract: Contract, owners: Iterable[str]) -> list[Row]:
    """Return the postings of a port; `owners` are the names of its team, members and support channels."""
    found: dict[str, set[str]] = defaultdict(set)
    weights: dict[str, float] = defaultdict(float)
    for field, texts in _product_texts(contract, owners):
        for term, weight in _weighed(field, texts, found):
            weights[term] += weight
    in_columns: dict[str, list[str]] = defaultdict(list)
    best: dict[str, float] = defaultdict(float)
    for position, column in enumerate(contract.columns, start=1):
        for term, weight in _column_weights(column, found).items():
            in_columns[term].append(f"{position}:{weight:.2f}:{int(column.classification)}")
            best[term] = max(best[term], round(weight, 2))
    return [
        {
            "term": term,
            "port": contract.port,
            "weight": round(weights.get(term, 0.0), 2),
            "best": best.get(term, 0.0),
            "columns": " ".join(in_columns.get(term, ())),
            "words": " ".join(sorted(written)),
        }
        for term, written in sorted(found.items())
    ]


def vocabulary_rows(postings: Iterable[Row]) -> list[Row]:
    """Return the words of these postings, with their term and the number of ports that use them."""
    terms: dict[str, str] = {}
    ports: Counter[str] = Counter()
    for posting in postings:
        for word in posting["words"].split():
            terms[word] = posting["term"]
            ports[word] += 1
    return [{"word": word, "term": terms[word], "ports": count} for word, count in sorted(ports.items())]


def _product_texts(contract: Contract, owners: Iterable[str]) -> Iterator[tuple[Field, list[str]]]:
    yield NAME, [contract.name]
    yield TAGS, list(contract.tags)
    yield OWNER, list(owners)
    yield DOMAIN, [contract.domain]
    yield PURPOSE, [contract.purpose, contract.table_description]
    yield REMARKS, [text for text in (contract.usage, contract.limitations, contract.granularity) if text]


def _column_weights(column: Column, found: dict[str, set[str]]) -> dict[str, float]:
    weights: dict[str, float] = defaultdict(float)
    for field, texts in (
        (COLUMN_NAME, [column.name]),
        (COLUMN_TAGS, list(column.tags)),
        (COLUMN_WORDS, [column.description]),
    ):
        for term, weight in _weighed(field, texts, found):
            weights[term] += weight
    return weights


def _weighed(field: Field, texts: list[str], found: dict[str, set[str]]) -> Iterator[tuple[str, float]]:
    """Yield each term of a field with its weight; add the words of each term to `found`."""
    counts: Counter[str] = Counter()
    length = 0
    for text in texts:
        # Names keep stop words: there are columns called `as_of`.
        written = list(words(text, all_of_them=field is NAME or field is COLUMN_NAME))
        length += len(written)
        for word in written:
            counts[word.term] += 1
            found[word.term].add(word.plain)
    long = _SATURATED * (1 - _LENGTH + _LENGTH * length / field.usual)
    for term, times in counts.items():
        yield term, field.weight * times * (_SATURATED + 1) / (times + long)
