"""What somebody asks of the catalog: words, and filters, beside them or among them as `owner:retail-data`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification, Status
from bankmesh.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable

FRESHNESS = ("fresh", "late", "never", "-")
"""Against the promise of the contract; `never` published; `-` where nothing is promised."""

_ALLOWED = {
    "domain": None,
    "owner": None,
    "classification": tuple(c.label for c in Classification),
    "freshness": FRESHNESS,
    "status": tuple(s.value for s in Status),
}


@dataclass(frozen=True)
class SearchFilters:
    """What hits have to be; an empty filter lets everything through, several values mean any of them.

    Attributes:
        domain: names of domains.
        owner: parts of the name of the team, or of one of its members or support channels.
        classification: of a product that of its most confidential column, of a column its own.
        freshness: see FRESHNESS.
        status: of the contract; without it, everything but what is retired.
    """

    domain: frozenset[str] = frozenset()
    owner: frozenset[str] = frozenset()
    classification: frozenset[str] = frozenset()
    freshness: frozenset[str] = frozenset()
    status: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SearchQuery:
    """The words, as one text, and the filters."""

    text: str
    filters: SearchFilters


def ask(text: str, **given: Iterable[str]) -> SearchQuery:
    """The question that a text asks, with filters given beside it. Raises UnknownName for a value that cannot be."""
    found: dict[str, set[str]] = {name: set(values) for name, values in given.items()}
    left: list[str] = []
    for part in text.split():
        name, colon, value = part.partition(":")
        if colon and value and name in _ALLOWED:
            found.setdefault(name, set()).add(value)
        else:
            left.append(part)
    for name, values in found.items():
        allowed = _ALLOWED[name]
        wrong = sorted(value for value in values if allowed and value not in allowed)
        if wrong:
            raise UnknownName(name, wrong[0], allowed or ())
    return SearchQuery(" ".join(left), SearchFilters(**{name: frozenset(values) for name, values in found.items()}))
