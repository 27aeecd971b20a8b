"""Cedar text split into its policies. Cedar's own parser gives no positions, so each policy is parsed alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r'(?P<comment>//[^\n]*)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>@\s*\w+|\w+)|(?P<space>\s+)|.', re.DOTALL
)


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


def _statement(text: str, begin: int, effect: int | None, end: int, *, is_complete: bool) -> PolicyStatement:
    line = text.count("\n", 0, begin if effect is None else effect) + 1
    return PolicyStatement(text[begin:end], line, is_complete)
