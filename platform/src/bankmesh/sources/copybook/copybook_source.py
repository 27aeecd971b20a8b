"""The source text of copybooks as words with their lines, in fixed form (columns 8 to 72) or free form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXED, FREE = "fixed", "free"
FORMS = (FIXED, FREE)

_INDICATOR, _END = 6, 72
_WORD = re.compile(r"""[A-Za-z]{0,2}"(?:[^"]|"")*"|[A-Za-z]{0,2}'(?:[^']|'')*'|[^\s'"]+""")
_LISTING = re.compile(r"\s*(?:EJECT|SKIP[123]|TITLE\s.*)\.?\s*", re.IGNORECASE)
_COMMENT = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*')|\*>.*""")


class CopybookError(Exception):
    """A copybook that cannot be read: the line (from 1), and what is wrong."""

    def __init__(self, line: int, problem: str) -> None:
        """Take the line, and what is wrong there."""
        super().__init__(f"line {line}: {problem}")
        self.line, self.problem = line, problem


@dataclass(frozen=True)
class Word:
    """A word, literal or full stop of the source, in its line; words other than literals are in capitals."""

    text: str
    line: int

    @property
    def is_stop(self) -> bool:
        """Whether it ends an entry."""
        return self.text == "."

    @property
    def is_literal(self) -> bool:
        """Whether it is in quotes."""
        return self.text[-1:] in {'"', "'"}


def split_words(source: str, form: str) -> tuple[Word, ...]:
    """Return the words of a copybook. Raises CopybookError."""
    found: list[Word] = []
    for line, text in _lines(source, form):
        at = 0
        for match in _WORD.finditer(text):
            if text[at : match.start()].strip():
                raise CopybookError(line, "a literal that is not closed")
            at = match.end()
            found += _split(match[0], line)
        if text[at:].strip():
            raise CopybookError(line, "a literal that is not closed")
    return tuple(found)


def _split(text: str, line: int) -> Iterator[Word]:
    if text[-1] in {'"', "'"}:
        yield Word(text, line)
        return
    body = text.rstrip(",;")
    stripped = body.removesuffix(".")
    if stripped:
        yield Word(stripped.upper(), line)
    if body.endswith("."):
        yield Word(".", line)


def _lines(source: str, form: str) -> Iterator[tuple[int, str]]:
    """Yield the text of lines with their number; a continued line is part of the line that it continues."""
    held: tuple[int, str] | None = None
    for number, raw in enumerate(source.splitlines(), 1):
        if form == FIXED:
            line = raw.expandtabs(8)
            indicator, text = line[_INDICATOR : _INDICATOR + 1], line[_INDICATOR + 1 : _END]
            if indicator in {"*", "/", "D", "d"}:
                continue
            if indicator not in {"", " ", "-"}:
                problem = "column 7 holds none of blank, * / D -; is the copybook in free form (`copybook_form: free`)?"
                raise CopybookError(number, problem)
        else:
            indicator, text = " ", raw if not raw.lstrip().startswith("*") else ""
        text = _COMMENT.sub(lambda match: match[1] or "", text)
        if _LISTING.fullmatch(text) or not text.strip():
            continue
        if indicator == "-":
            if held is None:
                raise CopybookError(number, "continues no line")
            held = held[0], _continued(held[1], text)
            continue
        if held is not None:
            yield held
        held = number, text
    if held is not None:
        yield held


def _continued(text: str, more: str) -> str:
    closed = re.sub(r"""\"(?:[^"]|"")*"|'(?:[^']|'')*'""", "", text)
    for quote in ('"', "'"):
        if quote in closed:  # within a literal, which is as long as its area and goes on behind a quote
            return text.ljust(_END - _INDICATOR - 1) + more.lstrip().removeprefix(quote)
    return text.rstrip() + more.lstrip()
