"""The fields of bank messages that columns of a declaration may name."""

from __future__ import annotations

import re
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


_RANGE = re.compile("([0-9]+)(?:-([0-9]+))?")


def reveals(place: str, other: str) -> bool:
    """Whether a field at `place` holds all of the one at the `other`: the whole tag, or its parts or positions."""
    (tag, _, parts), (other_tag, _, other_parts) = place.partition(" "), other.partition(" ")
    if tag != other_tag or (parts and not other_parts):
        return False
    own = parts.split(", ")
    return not parts or all(any(_holds(part, inner) for part in own) for inner in other_parts.split(", "))


def _holds(part: str, other: str) -> bool:
    one, two = _RANGE.fullmatch(part), _RANGE.fullmatch(other)
    if one is None or two is None:
        return part == other
    return int(one[1]) <= int(two[1]) and int(two[2] or two[1]) <= int(one[2] or one[1])
