"""How notebooks and the interactive prompt show products: facts of contracts and versions, and no value of the data."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from bankmesh.catalog.product_status import ProductStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bankmesh.contracts.model import Column

_SHOWN = 60
"""Rows of an interactive display; a list of any length keeps all of its items."""


class ProductList(list[ProductStatus]):
    """The products of a mesh: a list that is shown as a table."""

    def __repr__(self) -> str:
        rows = [_cells(state) for state in self[:_SHOWN]]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([f"{_number(len(self))}", *lines, *_more(len(self))])

    def _repr_html_(self) -> str:
        rows = [_cells(state) for state in self[:_SHOWN]]
        caption = " ".join([_number(len(self)), *_more(len(self))])
        return html_table(caption, ("product", "version", "rows", "published", "freshness"), rows)


def columns_html(caption: str, columns: Iterable[Column]) -> str:
    """Return the table of a product's columns as HTML."""
    rows = [
        (c.name, str(c.type), c.classification.label, "yes" if c.required else "no", c.description) for c in columns
    ]
    return html_table(caption, ("column", "type", "classification", "required", "description"), rows)


def html_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return an HTML table of plain texts."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(state: ProductStatus) -> tuple[str, str, str, str, str]:
    version = "-" if state.published_version is None else str(state.published_version)
    rows = "-" if state.rows is None else f"{state.rows:,}"
    published = f"{state.published_at:%Y-%m-%d %H:%M} UTC" if state.published_at else "never"
    return state.contract.port, version, rows, published, state.freshness


def _number(count: int) -> str:
    return f"{count} product{'s' * (count != 1)}"


def _more(count: int) -> list[str]:
    return [f"and {count - _SHOWN} more"] if count > _SHOWN else []
