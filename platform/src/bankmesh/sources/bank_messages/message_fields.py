"""The fields of bank messages that columns of a declaration may name."""

from __future__ import annotations

from dataclasses import dataclass

TEXT, AMOUNT, COUNT, DATE, MOMENT = "text", "amount", "count", "date", "timestamp"

TYPES_OF = {
    TEXT: ("string", "long", "integer", "decimal", "date", "timestamp", "boolean"),
    AMOUNT: ("decimal", "string"),
    COUNT: ("long", "integer", "decimal", "string"),
    DATE: ("date", "string"),
    MOMENT: ("timestamp", "string"),
}
"""The types that a column may have, by the kind of its field. No amount is a `double`, which would round it."""


@dataclass(frozen=True)
class MessageField:
    """A field of a record: its name in declarations, its place in the message (tag or position), and its meaning.

    The text of an amount has a point and no grouping, that of a date is `2024-05-31`, and that of a timestamp is
    ISO 8601, however the message writes them.
    """

    name: str
    place: str
    kind: str
    description: str
