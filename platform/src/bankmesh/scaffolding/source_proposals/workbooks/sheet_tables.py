"""The table in a sheet: its row of headings below titles, and the rows of totals and remarks at its end."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.scaffolding.source_proposals.value_patterns import all_spellings
from bankmesh.sources.excel.cell_values import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bankmesh.sources.excel.cell_values import Cell
    from bankmesh.sources.excel.sheet_rows import SheetRow

_BEGINNING, _END = 60, 10
"""The rows at the beginning that are examined, and the most rows at the end that may be no records."""
_BODY = 20
_USUAL, _MOST = 0.9, 0.5
_TOTALS = r"(?:grand |sub)?totals?|sums?|summe|gesamt(?:summe|betrag)?|insgesamt|celkem|sou[cč]et|suma"
_WORDS = (
    rf"{_TOTALS}|"
    r"printed|generated|created|exported|source|quelle|zdroj|notes?|remarks?|page|seite|strana|end(?: of report)?|"
    r"gedruckt|erstellt|stand|vyti[sš]t[eě]no|pozn[aá]mk[ay]"
)
_END_WORD = re.compile(rf"(?:{_WORDS})\b:?", re.IGNORECASE)
_END_WORD_AND_CURRENCY = re.compile(rf"(?:{_WORDS}) (?:in )?(?-i:[A-Z]{{3}}):?", re.IGNORECASE)
_NUMBERED = re.compile("[-+0-9]")
_TOTAL = re.compile(rf"(?:{_TOTALS})\b", re.IGNORECASE)
_ONLY_TOTAL = re.compile(rf"(?:{_TOTALS}):?", re.IGNORECASE)
_NO_NUMBER = "[^-+0-9].*"
"""What begins as no number or date: where the first column has these, no record begins so."""


@dataclass(frozen=True)
class SheetTable:
    """A table: headings by position from 0, and patterns for its last rows. `odd` rows before these show no pattern.

    `last` is the number of the last row that is a record, and `records` how many there are. `titles` are the cells
    above the headings, by row and position.
    """

    header_row: int
    headings: Mapping[int, str]
    end_rows: tuple[str, ...]
    odd: tuple[int, ...]
    last: int
    records: int
    titles: Mapping[tuple[int, int], Cell]


def find_table(rows: Iterable[SheetRow], header_row: int | None) -> SheetTable | None:
    """Return the table of a sheet with its headings in a row; without it, where the rows show them, or None."""
    beginning: list[SheetRow] = []
    end: deque[SheetRow] = deque(maxlen=_END + 1)
    total = texts = 0
    for row in rows:
        total += 1
        end.append(row)
        if len(beginning) < _BEGINNING + (header_row or 0):
            beginning.append(row)
        else:
            texts += not _is_numbered(row)
    named = (row for row in beginning if row.number == header_row)
    header = _find_header(beginning) if header_row is None else next(named, None)
    if header is None:
        return None
    body = [row for row in beginning if row.number > header.number]
    last_rows = [row for row in end if row.number > header.number]
    texts += sum(not _is_numbered(row) for row in body)
    patterns, odd = _find_end(last_rows, body or last_rows, texts)
    records = last_rows[: len(last_rows) - len(patterns) - len(odd)]
    if not records:
        return None
    above = [row for row in beginning if row.number < header.number]
    return SheetTable(
        header.number,
        {at: cell.text for at, cell in header.cells.items() if cell.text},
        patterns,
        odd,
        records[-1].number,
        total - len(above) - 1 - len(patterns),
        {(row.number, at): cell for row in above for at, cell in row.cells.items()},
    )


def _find_header(rows: Sequence[SheetRow]) -> SheetRow | None:
    """Return the last row of texts above the first row that has values; None if nothing shows that it is no record."""
    shown = [_heads(row, rows[at + 1 : at + 1 + _BODY]) for at, row in enumerate(rows)]
    for at, is_header in enumerate(shown):
        if is_header and not (at + 1 < len(shown) and shown[at + 1]):
            return rows[at]
    return None


def _heads(row: SheetRow, body: Sequence[SheetRow]) -> bool:
    """Whether a row has a text over each column of most rows below it, and no value where these have some."""
    if not body or any(cell.kind != TEXT for cell in row.cells.values()):
        return False
    covered = sum(each.cells.keys() <= row.cells.keys() for each in body)
    if covered <= _MOST * len(body):
        return False
    typed = [at for at in row.cells if _is_typed([each.cells[at] for each in body if at in each.cells])]
    return bool(typed) and not any(is_value(row.cells[at].text) for at in typed)


def _is_typed(cells: Sequence[Cell]) -> bool:
    """Whether most cells are no texts, or texts that spell numbers or dates."""
    typed = sum(cell.kind != TEXT or is_value(cell.text) for cell in cells)
    return typed > _MOST * len(cells)


def is_value(text: str) -> bool:
    """Whether a text spells a number, a date, a time or a flag."""
    return any(re.search(spelling.pattern, text) for spelling in all_spellings())


def is_like_total(row: SheetRow) -> bool:
    """Whether a row begins with a word such as `Total`."""
    first = row.cells[min(row.cells)]
    return first.kind == TEXT and _TOTAL.match(first.text) is not None


def _is_numbered(row: SheetRow) -> bool:
    """Whether the first text of a row begins like a number or date."""
    return _NUMBERED.match(row.cells[min(row.cells)].text) is not None


def _find_end(
    last_rows: Sequence[SheetRow], body: Sequence[SheetRow], texts: int
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return patterns for the rows at the end that are no records, and the numbers of those that show no pattern.

    `texts` are all rows below the headings that begin with no number: if more than those at the end, records do so.
    """
    upper = body[: (len(body) + 1) // 2]  # of a short table, the end is part of the body
    filled = Counter(at for row in upper for at in row.cells)
    usual = {at for at, n in filled.items() if n >= _USUAL * len(upper)}
    first = min(filled)
    is_numbered = all(first in row.cells and _NUMBERED.match(row.cells[first].text) for row in upper)
    patterns = _end_patterns(last_rows[1:], usual, is_numbered=is_numbered)
    if texts > len(patterns):
        patterns = _end_patterns(last_rows[1:], usual, is_numbered=False)
    odd: list[int] = []
    for row in reversed(last_rows[1 : len(last_rows) - len(patterns)]):
        if not _is_odd(row, usual, first):
            break
        odd.insert(0, row.number)
    return tuple(patterns), tuple(odd)


def _end_patterns(last_rows: Sequence[SheetRow], usual: set[int], *, is_numbered: bool) -> list[str]:
    patterns: list[str] = []
    for row in reversed(last_rows):
        pattern = _end_pattern(row, usual, is_numbered=is_numbered)
        if pattern is None:
            break
        patterns.insert(0, pattern)
    return patterns


def _end_pattern(row: SheetRow, usual: set[int], *, is_numbered: bool) -> str | None:
    """Return a pattern for a row at the end that no record matches, so that a file without the row loses no record."""
    cell = row.cells[min(row.cells)]
    if cell.kind != TEXT or "\n" in cell.text or is_value(cell.text):
        return None
    is_short = not usual <= row.cells.keys()
    if _ONLY_TOTAL.fullmatch(cell.text):
        return re.escape(cell.text)
    if is_short and (_END_WORD.fullmatch(cell.text) or _END_WORD_AND_CURRENCY.fullmatch(cell.text)):
        return re.escape(cell.text)
    if not is_numbered or not is_short or _NUMBERED.match(cell.text):
        return None
    word = _END_WORD.match(cell.text)
    return f"{re.escape(word[0])}.*" if word else _NO_NUMBER


def _is_odd(row: SheetRow, usual: set[int], first: int) -> bool:
    """Whether a row lacks most of what the others have, or the first of it."""
    return len(usual & row.cells.keys()) < _MOST * len(usual) or (first in usual and first not in row.cells)
