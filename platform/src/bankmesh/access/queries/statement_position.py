"""Positions in a statement's text, and the names that messages may repeat of it."""

from __future__ import annotations

import re
from typing import Final

from bankmesh.access.queries.errors import StatementPosition

TABLE: Final = "product"
"""Name of the product's table in a statement."""

NO_POSITION: Final = 2**64 - 1
"""DuckDB's offset of a node that the text has no place of."""

_PLAIN_NAME = re.compile(r"[A-Za-z_]\w{0,62}", re.ASCII)


def position_at(text: str, offset: int | None) -> StatementPosition | None:
    """Return the line and column of an offset in bytes of UTF-8, as DuckDB counts; None if there is none."""
    if offset is None or offset == NO_POSITION:
        return None
    before = text.encode()[:offset].decode(errors="replace")
    return StatementPosition(before.count("\n") + 1, len(before) - before.rfind("\n"))


def quote_plain_name(kind: str, name: str) -> str:
    """Return a kind and a name for a message; only the kind if the name is no plain word, such as a path."""
    return f"{kind} {name}" if _PLAIN_NAME.fullmatch(name) else f"a {kind} whose name is not a plain word"
