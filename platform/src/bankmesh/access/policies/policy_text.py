"""Cedar text split into its policies, and how deep one nests.

Cedar's own parser gives no positions, so each policy is parsed alone. It recurses into brackets and `if`, and ends the
process where its stack is full: with cedarpy 4.12.2 between 600 and 700 brackets, or 3,000 and 10,000 `if`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r'(?P<comment>//[^\n\r]*)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>@\s*\w+|\w+)|(?P<space>\s+)|.', re.DOTALL
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True)
class PolicyStatement:
    """One policy's text.

    Attributes:
        text: from its first annotation, or its effect, to its semicolon.
        line: the line of its `permit` or `forbid`; that of its first token if it has neither. Counts from 1.
        is_complete: whether it ends with a semicolon.
    """

    text: str
    line: int
    is_complete: bool


def split_policies(text: str) -> Iterator[PolicyStatement]:
    """Yield each policy of a Cedar text; text after the last semicolon is a statement that is not complete."""
    begin: int | None = None
    effect: int | None = None
    for token in _TOKEN.finditer(text):
        if token["comment"] is not None or token["space"] is not None:
            continue
        begin = token.start() if begin is None else begin
        if effect is None and token["word"] in {"permit", "forbid"}:
            effect = token.start()
        if token[0] == ";":
            yield _statement(text, begin, effect, token.end(), is_complete=True)
            begin = effect = None
    if begin is not None:
        yield _statement(text, begin, effect, len(text), is_complete=False)


def measure_nesting(text: str) -> int:
    """Return the most brackets that are open at once, plus the number of `if`, neither in strings nor in comments.

    An `if` without brackets nests in the one before. A closing bracket without an opening one counts for nothing.
    """
    depth = deepest = conditions = 0
    for token in _TOKEN.finditer(text):
        if token[0] in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in _CLOSING:
            depth = max(depth - 1, 0)
        elif token["word"] == "if":
            conditions += 1
    return deepest + conditions


def _statement(text: str, begin: int, effect: int | None, end: int, *, is_complete: bool) -> PolicyStatement:
    line = text.count("\n", 0, begin if effect is None else effect) + 1
    return PolicyStatement(text[begin:end], line, is_complete)
