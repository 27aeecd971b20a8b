"""Ranked full-text search for products and columns over the index, the same on SQLite and PostgreSQL.

It searches names, descriptions, columns, tags and owners, and tolerates typos. It does not use a database's own
full-text search: the index has its postings in a table, and a search runs a few plain SQL queries.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.indexed_versions import outdated_ports
from bankmesh.catalog.product_status import freshness_state
from bankmesh.catalog.search.match_highlights import HighlightedMatch, column_matches, product_matches
from bankmesh.catalog.search.search_rank import LIFE, Posting, RankedMatch, rank
from bankmesh.catalog.search.search_terms import fold, query_words
from bankmesh.catalog.search.term_matches import EXACT, NEAR, Vocabulary, expansions, named
from bankmesh.contracts.model import Classification, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy.engine import Connection

    from bankmesh.catalog.search.search_query import SearchFilters, SearchQuery

LIMIT = 20


@dataclass(frozen=True)
class SearchHit:
    """One hit: a product, or a column of a product.

    Attributes:
        id: `retail.party`, `retail.party@2`, `retail.party.birth_date`.
        kind: product or column.
        port: the product's port.
        domain: of the product.
        column: its name, None for a product.
        description: the purpose of the product, or the description of the column.
        status: of the contract.
        owner: the team.
        classification: of the column; of a product, that of its most confidential column.
        freshness: fresh, late, never (published), or - if no freshness is promised.
        published_at: ISO 8601, UTC; None if never.
        score: orders the hits, after matches of names; comparable only within one search.
        matched: where the words were found.
    """

    id: str
    kind: str
    port: str
    domain: str
    column: str | None
    description: str
    status: str
    owner: str
    classification: str
    freshness: str
    published_at: str | None
    score: float
    matched: tuple[HighlightedMatch, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the hit as plain values."""
        return {**asdict(self), "matched": [match._asdict() for match in self.matched]}


def search(
    connection: Connection, question: SearchQuery, *, limit: int = LIMIT, now: datetime | None = None
) -> list[SearchHit]:
    """Return the hits of a query, best first; without words, every product that matches the filters.

    Args:
        connection: to the index.
        question: see `bankmesh.catalog.search.search_query.parse_search_query`.
        limit: the maximum number of hits.
        now: the moment to evaluate freshness at; the present by default.
    """
    at = now or datetime.now(UTC)
    products = {row.port: row for row in connection.execute(_PRODUCTS)}
    outdated = outdated_ports(connection).keys()
    allowed = _allowed(connection, products, question.filters, at, outdated)

    def wanted(item: RankedMatch) -> bool:
        return _is_of(item, products[item.port].classification, question.filters)

    if not question.text.strip():
        ranked = [item for port in sorted(allowed) if wanted(item := RankedMatch(port, None, None, 0.0))]
        terms: frozenset[str] = frozenset()
    else:
        stand_for = expansions(query_words(question.text), _vocabulary(connection))
        terms = frozenset(term for expansion in stand_for for term in expansion)
        names = _of_owner(connection, question.text, allowed)
        names |= named(question.text, {port: _called(products[port], question.text) for port in allowed})
        life = {port: products[port].status for port in allowed}
        ranked = rank(stand_for, _postings(connection, terms), life, names, wanted, limit)
        ranked = [*filter(wanted, _column_of_id(connection, question.text, products, allowed)), *ranked]
    # A hit that is in the list twice keeps its better rank.
    once: dict[tuple[str, int | None], RankedMatch] = {}
    for item in ranked:
        once.setdefault((item.port, item.column), item)
    return _hits(connection, [*once.values()][:limit], terms, at, outdated)


_COLUMNS = tables.products.c
_PRODUCTS = sa.select(
    _COLUMNS.port,
    _COLUMNS.product,
    _COLUMNS.major,
    _COLUMNS.name,
    _COLUMNS.domain,
    _COLUMNS.status,
    _COLUMNS.classification,
    _COLUMNS.freshness_seconds,
    _COLUMNS.fresh_since,
)


def _allowed(
    connection: Connection,
    products: Mapping[str, Any],
    filters: SearchFilters,
    now: datetime,
    outdated: Collection[str],
) -> set[str]:
    """Return the ports that match the filters, except that of classification, which columns have separately."""
    living = {status.value for status in Status if status is not Status.RETIRED}
    owned = _owned(connection, filters.owner) if filters.owner else None
    return {
        port
        for port, row in products.items()
        if row.status in (filters.status or living)
        and (not filters.domain or row.domain in filters.domain)
        and (owned is None or port in owned)
        and (not filters.freshness or _fresh(row, now, outdated) in filters.freshness)
    }


def _fresh(product: Any, now: datetime, outdated: Collection[str]) -> str:  # noqa: ANN401 - a row of the index
    return freshness_state(product.fresh_since, product.freshness_seconds, now, outdated=product.port in outdated)


def _called(product: Any, text: str) -> tuple[str, ...]:  # noqa: ANN401 - a row of the index
    """Return the names of a product for a query: its name, and its ids if the query looks like an id."""
    ids = (product.product, f"{product.product}@{product.major}") if "." in text else ()
    return product.name, *ids


def _column_of_id(
    connection: Connection, text: str, products: Mapping[str, Any], allowed: Collection[str]
) -> list[RankedMatch]:
    """Return the columns with the id `text`, such as `retail.party.birth_date`, in each major of the product."""
    called, _, name = fold(text.strip()).rpartition(".")
    ports = [port for port in allowed if called in _called(products[port], text)]
    table = tables.columns
    classes = {c.label: int(c) for c in Classification}
    # Compare names here: a query may hold characters that a database refuses, such as NUL or a lone surrogate.
    found = [
        RankedMatch(row.dataset, row.position, classes[row.classification], LIFE[products[row.dataset].status], EXACT)
        for row in connection.execute(sa.select(table).where(table.c.dataset.in_(ports)))
        if row.name == name
    ]
    return sorted(found, key=lambda r: r.order)


def _of_owner(connection: Connection, text: str, allowed: Collection[str]) -> dict[str, int]:
    """Return the ports with an owner of this name; empty for a single word, which may be a subject instead.

    Capitals and accents are removed here, because SQLite's `lower` changes only letters of ASCII, PostgreSQL's all.
    """
    if len(query_words(text)) == 1:
        return {}
    table = tables.owners
    called = fold(text.strip())
    rows = connection.execute(sa.select(table.c.name).distinct())
    names = [row.name for row in rows if fold(row.name) == called]
    query = sa.select(table.c.port).where(table.c.name.in_(names))
    return dict.fromkeys(set(connection.scalars(query)) & set(allowed), NEAR)


def _owned(connection: Connection, owners: Collection[str]) -> set[str]:
    wanted = [fold(owner) for owner in owners]
    rows = connection.execute(sa.select(tables.owners.c.port, tables.owners.c.name))
    return {row.port for row in rows if any(owner in fold(row.name) for owner in wanted)}


def _vocabulary(connection: Connection) -> Vocabulary:
    text: str = connection.scalar(sa.select(tables.lexicon.c.words)) or ""
    both = text.split()
    return Vocabulary(both[::2], both[1::2])


def _postings(connection: Connection, terms: Collection[str]) -> Iterable[Posting]:
    table = tables.postings
    query = sa.select(table.c.term, table.c.port, table.c.weight, table.c.best, table.c.columns)
    rows = connection.execute(query.where(table.c.term.in_(sorted(terms))))
    return [Posting(row.term, row.port, row.weight, row.best, row.columns) for row in rows]


def _is_of(item: RankedMatch, of_product: str, filters: SearchFilters) -> bool:
    """Return whether an item matches the filter of classification."""
    own = of_product if item.classification is None else Classification(item.classification).label
    return not filters.classification or own in filters.classification


def _hits(
    connection: Connection, ranked: list[RankedMatch], terms: frozenset[str], now: datetime, outdated: Collection[str]
) -> list[SearchHit]:
    ports = sorted({item.port for item in ranked})
    products = {row.port: row for row in _of_ports(connection, tables.products, "port", ports)}
    columns: dict[str, dict[int, Any]] = {port: {} for port in ports}
    for row in _of_ports(connection, tables.columns, "dataset", ports):
        columns[row.dataset][row.position] = row
    owners: dict[str, list[str]] = {port: [] for port in ports}
    for row in _of_ports(connection, tables.owners, "port", ports):
        owners[row.port].append(row.name)
    found = []
    for item in ranked:
        product, column = products[item.port], columns[item.port].get(item.column or 0)
        if column is not None:
            matched = column_matches(product, column, terms)
        else:
            best = [columns[item.port][position] for position in item.best]
            matched = product_matches(product, best, owners[item.port], terms, named=item.name > 0)
        published = None if product.newest_at is None else datetime.fromtimestamp(product.newest_at, UTC)
        found.append(
            SearchHit(
                id=item.port if column is None else f"{item.port}.{column.name}",
                kind="product" if column is None else "column",
                port=item.port,
                domain=product.domain,
                column=None if column is None else column.name,
                description=(product.purpose if column is None else column.description).strip(),
                status=product.status,
                owner=product.owner,
                classification=product.classification if column is None else column.classification,
                freshness=_fresh(product, now, outdated),
                published_at=published.isoformat() if published else None,
                score=round(item.score, 3),
                matched=matched,
            )
        )
    return found


def _of_ports(connection: Connection, table: sa.Table, column: str, ports: list[str]) -> Iterable[Any]:
    order = list(table.primary_key.columns)
    return connection.execute(sa.select(table).where(table.c[column].in_(ports)).order_by(*order))
