"""Highlighting of search matches: the text around the matched words, with the words in Markdown bold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bankmesh.catalog.search.search_terms import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MARK = "**"
AT_MOST = 4
"""Maximum number of matches shown for one hit."""

_AROUND = 60  # characters before the first marked word, and after the last one that is shown


class HighlightedMatch(NamedTuple):
    """A match: the field, and its text with the words marked: `credit_**card**_**spending**_patterns`."""

    field: str
    text: str


def product_matches(
    product: Any,  # noqa: ANN401 - a row of the index
    columns: Iterable[Any],  # those with matching terms, best first
    owners: Sequence[str],
    terms: frozenset[str],
    *,
    named: bool,
) -> tuple[HighlightedMatch, ...]:
    """Return the matches of the terms in a product; `named`: its name matches the query, even without the terms."""
    found = list(_marked(_product_places(product, owners), terms))
    found += _marked((("column", f"{column.name}: {column.description}") for column in columns), terms)
    if named and not any(match.field == "name" for match in found):
        found.insert(0, HighlightedMatch("name", f"{MARK}{product.name}{MARK}"))
    return tuple(found[:AT_MOST])


def column_matches(product: Any, column: Any, terms: frozenset[str]) -> tuple[HighlightedMatch, ...]:  # noqa: ANN401 - rows
    """Return the matches of the terms in a column, and in the name of its product."""
    places = [("name", column.name), *(("tags", tag) for tag in column.tags), ("description", column.description)]
    return tuple(_marked([*places, ("product", product.name)], terms))[:AT_MOST]


def mark(text: str, terms: frozenset[str], *, is_name: bool = False) -> str | None:
    """Return the text around the words of these terms, with the words marked; None if there are none."""
    text = " ".join(text.split())
    found = [word for word in words(text, all_of_them=is_name) if word.term in terms]
    if not found:
        return None
    start = _cut(text, found[0].start - _AROUND, forward=True)
    shown = [word for word in found if word.end <= found[0].end + _AROUND]
    end = _cut(text, shown[-1].end + _AROUND, forward=False)
    parts = ["\N{HORIZONTAL ELLIPSIS}" if start else ""]
    at = start
    for word in shown:
        parts += [text[at : word.start], MARK, text[word.start : word.end], MARK]
        at = word.end
    parts += [text[at:end], "\N{HORIZONTAL ELLIPSIS}" if end < len(text) else ""]
    return "".join(parts)


def _cut(text: str, at: int, *, forward: bool) -> int:
    """Return a word boundary near `at`, or an end of the text if `at` is beyond it."""
    if at <= 0 or at >= len(text):
        return max(0, min(at, len(text)))
    space = text.find(" ", at) + 1 if forward else text.rfind(" ", 0, at)
    return space if space > 0 else at


def _product_places(product: Any, owners: Sequence[str]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a row
    yield "name", product.name
    yield "tags", ", ".join(product.tags)
    yield from (("owner", owner) for owner in owners)
    yield "domain", product.domain
    for field in ("purpose", "table_description", "usage", "limitations", "granularity"):
        text = getattr(product, field)
        if text and not (field == "table_description" and text == product.purpose):
            yield field.replace("_", " "), text


def _marked(places: Iterable[tuple[str, str]], terms: frozenset[str]) -> Iterator[HighlightedMatch]:
    for field, text in places:
        marked = mark(text, terms, is_name=field == "name")
        if marked is not None:
            yield HighlightedMatch(field, marked)
