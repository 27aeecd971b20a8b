"""Search queries to the catalog: words, and filters given separately or within the words as `owner:retail-data`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification, Status
from bankmesh.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable

FRESHNESS = ("fresh", "late", "never", "-")
"""Freshness compared with the contract's service level; `never`: not published; `-`: no service level."""

_ALLOWED = {
    "domain": None,
    "owner": None,
    "classification": tuple(c.label for c in Classification),
    "freshness": FRESHNESS,
    "status": tuple(s.value for s in Status),
}


@dataclass(frozen=True)
class SearchFilters:
    """Conditions on hits; an empty filter accepts everything, several values accept any of them.

    Attributes:
        domain: names of domains.
        owner: parts of the name of the team, or of one of its members or support channels.
        classification: for a product that of its most confidential column, for a column its own.
        freshness: see FRESHNESS.
        status: of the contract; if empty, everything except retired products.
    """

    domain: frozenset[str] = frozenset()
    owner: frozenset[str] = frozenset()
    classification: frozenset[str] = frozenset()
    freshness: frozenset[str] = frozenset()
    status: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SearchQuery:
    """A search query: its words, as one text, and its filters."""

    text: str
    filters: SearchFilters


def parse_search_query(text: str, **given: Iterable[str]) -> SearchQuery:
    """Return the query in a text, with further filters in `given`. Raises UnknownName for an invalid filter value."""
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
