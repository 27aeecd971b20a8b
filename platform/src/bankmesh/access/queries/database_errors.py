"""DuckDB's errors as errors of the reader's statement, without what DuckDB repeats of the data.

The parser and the binder see the statement's text and the columns' names and types alone, so their messages are passed
on. Messages of the execution may hold values: of these only the kind and the position are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.access.queries.errors import StatementFailed
from bankmesh.access.queries.locked_database import MEMORY_LIMIT
from bankmesh.access.queries.statement_position import position_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

_OF_THE_TEXT = frozenset({"parser", "syntax", "binder", "catalog"})
_COMPUTED = {
    "conversion": ("a value does not fit the type that it is cast to", "try_cast gives null for such a value"),
    "out of range": ("a computed value is out of its type's range", "Cast to a wider type, or try(...) gives null"),
    "invalid input": ("a function received a value that it does not accept", "try(...) gives null for such a value"),
    "invalid type": ("a function received a value of a type that it does not accept", ""),
    "out of memory": (f"it needs more than {MEMORY_LIMIT} of memory", "Filter or aggregate before joining and sorting"),
    "not implemented": ("DuckDB does not implement a part of it", ""),
}


@dataclass(frozen=True)
class DatabaseError:
    """An error as DuckDB reports it; `offset` is in bytes of the statement's text."""

    kind: str
    message: str
    offset: int | None
    missing_column: str | None

    @classmethod
    def raised(cls, error: duckdb.Error) -> DatabaseError:
        """Read an error that was raised on a connection with `errors_as_json`."""
        _, _, text = str(error).partition("{")
        try:
            facts = json.loads("{" + text)
        except ValueError:
            return cls(type(error).__name__.removesuffix("Exception").lower(), "", None, None)
        return cls.reported(facts, "exception_")

    @classmethod
    def reported(cls, facts: Mapping[str, Any], prefix: str = "error_") -> DatabaseError:
        """Read the answer of `json_serialize_sql` or `json_serialize_plan`."""
        offset = str(facts.get("position", ""))
        missing = facts.get("name") if facts.get("error_subtype") == "COLUMN_NOT_FOUND" else None
        return cls(
            str(facts.get(f"{prefix}type", "")).lower(),
            str(facts.get(f"{prefix}message", "")),
            int(offset) if offset.isdecimal() else None,
            str(missing) if missing else None,
        )

    @property
    def is_of_the_text(self) -> bool:
        """Whether DuckDB found it in the statement's text, before it computed anything."""
        return self.kind in _OF_THE_TEXT

    def as_failure(self, port: str, text: str, next_step: str = "") -> StatementFailed:
        """Return the error for the reader of a statement."""
        position = position_at(text, self.offset)
        if self.is_of_the_text:
            return StatementFailed(port, self.message, position, next_step)
        problem, step = _COMPUTED.get(self.kind, ("it cannot be computed", ""))
        return StatementFailed(port, f"the statement fails: {problem}", position, step)
