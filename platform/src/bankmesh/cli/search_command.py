"""`mesh search`: full-text search for products and columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from bankmesh.cli.catalog_commands import current_catalog
from bankmesh.cli.name_completion import complete_domain
from bankmesh.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from bankmesh.catalog.search.product_search import SearchHit

_MARKED = re.compile(r"\*\*(.+?)\*\*")
_SHOWN = 2


def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words to search for; filters may be among them, as owner:retail-data.", metavar="WORDS"),
    ] = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this domain; this and all other filters may be repeated.", autocompletion=complete_domain
        ),
    ] = None,
    owner: Annotated[list[str] | None, typer.Option(help="Only of this team, steward or support channel.")] = None,
    classification: Annotated[
        list[str] | None, typer.Option(help="Only this class: public, internal, confidential or restricted.")
    ] = None,
    freshness: Annotated[list[str] | None, typer.Option(help="Only this freshness: fresh, late, never or -.")] = None,
    status: Annotated[
        list[str] | None, typer.Option(help="Only of this status: proposed, draft, active, deprecated, retired.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of hits.")] = 20,
    *,
    as_json: JsonOption = False,
) -> None:
    """Search products and columns by names, descriptions, columns, tags and owners; tolerates typos. Best hits first.

    Without words, list everything that matches the filters. Exit 1 if there are no hits.
    """
    from bankmesh.catalog.search.product_search import search as find
    from bankmesh.catalog.search.search_query import parse_search_query

    given = {
        "domain": domain,
        "owner": owner,
        "classification": classification,
        "freshness": freshness,
        "status": status,
    }
    question = parse_search_query(" ".join(words or ()), **{name: values for name, values in given.items() if values})
    with current_catalog(with_history=False) as catalog, catalog.reading() as connection:
        hits = find(connection, question, limit=limit)
    if as_json:
        print_json([hit.to_json() for hit in hits])
    elif hits:
        print_table(("found", "owner", "status", "freshness", "matched"), [_row(hit) for hit in hits])
    else:
        typer.echo("No product or column matches.")
    raise typer.Exit(0 if hits else 1)


def _row(hit: SearchHit) -> tuple[str | Text, ...]:
    """Return the row of a hit; on a terminal, matched words are bold."""
    matched = "; ".join(f"{match.field}: {match.text}" for match in hit.matched[:_SHOWN]) or hit.description
    return hit.id, hit.owner, hit.status, hit.freshness, _bold(" ".join(matched.split()))


def _bold(marked: str) -> Text:
    """Return a text with its marked words in bold, and without the marks."""
    # `split` puts what the group has matched between the other parts.
    parts = _MARKED.split(marked)
    return Text.assemble(*((part, "bold" if number % 2 else "") for number, part in enumerate(parts)))
