"""Days in the cells above the headings of a sheet, such as `As of 31.10.2026`, proposed as columns of all rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.scaffolding.classification_proposal import propose_classification
from bankmesh.scaffolding.source_proposals.column_proposal import ColumnProposal
from bankmesh.scaffolding.source_proposals.value_patterns import all_spellings
from bankmesh.sources.excel import cell_values
from bankmesh.sources.excel.cell_values import column_letters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.scaffolding.source_proposals.workbooks.sheet_tables import SheetTable
    from bankmesh.sources.excel.cell_values import Cell

_WORDS = (
    r"as (?:of|at)|valid (?:on|at)|report(?:ing)? date|date|"
    r"per|stand(?: vom)?|stichtag|datum|zum|stav(?: ke? dni)?|ke? dni"
)
_BEFORE = rf"(?:(?:{_WORDS})[:\s]*)?"
_NAME, _MOST = "as_of", 3
_STORED = ""
"""In place of a format: the cell holds a date as such."""


@dataclass(frozen=True)
class TitleProposals:
    """Columns of cells above the headings, and questions about others."""

    columns: tuple[ColumnProposal, ...]
    questions: tuple[str, ...]


def propose_title_dates(tables: Sequence[SheetTable], day_first: bool | None) -> TitleProposals:  # noqa: FBT001
    """Propose a column for each cell above the headings that holds a day, in the same way in all tables."""
    columns: list[ColumnProposal] = []
    questions: list[str] = []
    headings = set(tables[0].headings.values())
    for place in sorted(tables[0].titles):
        cells = [table.titles.get(place) for table in tables]
        formats = _shared_formats(cells)
        name = _NAME if not columns else f"{_NAME}_{len(columns) + 1}"
        if not formats or name in headings or len(columns) == _MOST:
            continue
        reference = f"{column_letters(place[1])}{place[0]}"
        chosen = _choose(formats, day_first)
        if chosen is None:
            listed = " or ".join(f'"{each}"' for each in formats)
            questions.append(
                f"is the day or the month first in cell {reference}? A column reads it with format {listed}"
            )
            continue
        keys = {"cell": reference, "type": "date", "required": True} | ({"format": chosen} if chosen else {})
        notes = (f"the day in cell {reference}, above the headings",)
        columns.append(ColumnProposal(name, keys, propose_classification("date"), notes))
    return TitleProposals(tuple(columns), tuple(questions))


def _shared_formats(cells: Sequence[Cell | None]) -> list[str]:
    """Return the formats by which all cells are days."""
    found = [_formats(cell) if cell is not None else [] for cell in cells]
    return [each for each in found[0] if all(each in others for others in found)]


def _formats(cell: Cell) -> list[str]:
    if cell.kind == cell_values.DATE:
        return [_STORED] if cell.text.endswith(cell_values.MIDNIGHT) else []
    if cell.kind != cell_values.TEXT:
        return []
    found = []
    for spelling in all_spellings():
        if spelling.kind != "date":
            continue
        match = re.fullmatch(rf"({_BEFORE}){spelling.pattern.strip('^$')}", cell.text, re.IGNORECASE)
        if match is not None:
            found.append(match[1] + spelling.format)
    strict = [each for each in found if "%-" not in each]
    return strict or found


def _choose(formats: Sequence[str], day_first: bool | None) -> str | None:  # noqa: FBT001 - passed on
    if len(formats) == 1 or day_first is None:
        return formats[0] if len(formats) == 1 else None
    fitting = [each for each in formats if (each.rindex("d") < each.rindex("m")) == day_first]
    return fitting[0] if len(fitting) == 1 else None
