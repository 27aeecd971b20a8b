"""The columns that name each row of a landing, as far as its declaration or the rows landed last show them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING

from bankmesh.sources import current_landing, latest_attempt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

    from bankmesh.settings import Settings
    from bankmesh.sources import Landing, LegacyObject

_TYPES = frozenset({"string", "integer", "long", "date", "timestamp"})
"""Types of key columns: an amount that happens to be unique names nothing."""

_WIDEST, _TRIED, _ROWS = 3, 30, 2_000_000
"""Limits of the search for keys of several columns: columns, combinations, and rows, whose values are in memory."""


@dataclass(frozen=True)
class ProposedKey:
    """Columns that name each row; none if nothing shows which. `reason` is a sentence without values."""

    columns: tuple[str, ...]
    reason: str


def propose_key(settings: Settings, domain: str, obj: LegacyObject) -> ProposedKey:
    """Return the key of a landing.

    It is the first column, required and no amount, that is unique in the rows landed last. If these come from one of
    several files, which may repeat its values, file and line are preferred where the declaration lands both. Without
    either, it is the first combination of up to three columns that is unique.
    """
    declared = _place_of_rows(obj)
    places = (settings.home, domain, obj.system, obj.name)
    landing = current_landing(*places) or latest_attempt(*places)
    if landing is None or not landing.rows:
        return _by_place(declared) if declared else ProposedKey((), "Nothing was landed yet that shows a key.")
    rows, columns = _scan(landing), _candidates(obj)
    if declared and _count_distinct(rows, declared) != landing.rows:
        declared = ()  # several rows are parts of one line, or the declaration is newer than the landing
    distinct: dict[str, int] = {}
    is_proven = _reads_one_file(obj) or len(landing.files) > 1
    for name in columns:  # one at a time: the distinct values of a column are in memory
        distinct[name] = _count_distinct(rows, [name])
        if distinct[name] == landing.rows and (is_proven or not declared):
            return ProposedKey((name,), _evidence([name], landing, is_proven=is_proven))
    if declared:
        return _by_place(declared)
    if landing.rows <= _ROWS:
        for names in _combinations(distinct, landing.rows):
            if _count_distinct(rows, names) == landing.rows:
                return ProposedKey(tuple(names), _evidence(names, landing, is_proven=is_proven))
    return ProposedKey((), f"No column that is required, and no few of them, are unique in {_rows_of(landing)}.")


def _place_of_rows(obj: LegacyObject) -> tuple[str, ...]:
    """Return the landed columns of file and line, which name each row together; a single file needs the line alone."""
    line = next((column.name for column in obj.columns if column.line_of == ""), None)
    if line is None:
        return ()
    if obj.file_as is not None:
        return (obj.file_as, line)
    return (line,) if _reads_one_file(obj) else ()


def _by_place(columns: tuple[str, ...]) -> ProposedKey:
    what = "file and line" if len(columns) > 1 else "line"
    return ProposedKey(columns, f"The {what} of each row ({', '.join(columns)}) name it.")


def _reads_one_file(obj: LegacyObject) -> bool:
    """Whether one landing of the object never has the rows of several files."""
    return not any(re.search(r"[*?\[]", name) for name in obj.files) and not (obj.take_all and len(obj.files) > 1)


def _candidates(obj: LegacyObject) -> list[str]:
    return [c.name for c in obj.columns if c.required and c.is_in_file and c.type.name in _TYPES]


def _combinations(distinct: Mapping[str, int], rows: int) -> Iterator[Sequence[str]]:
    """Yield combinations of columns that have enough distinct values to be unique, the smallest first."""
    tried = 0
    for width in range(2, _WIDEST + 1):
        for names in combinations(distinct, width):
            if prod(distinct[name] for name in names) >= rows:
                yield names
                tried += 1
                if tried == _TRIED:
                    return


def _scan(landing: Landing) -> pl.LazyFrame:
    import polars as pl

    return pl.scan_parquet([path for path in landing.rows_paths if path.is_file()])


def _count_distinct(rows: pl.LazyFrame, names: Sequence[str]) -> int:
    """Return the number of distinct rows in these columns; 0 if one of them was not landed."""
    import polars as pl

    if not set(names) <= set(rows.collect_schema().names()):
        return 0
    return int(rows.select(names).unique().select(pl.len()).collect(engine="streaming").item())


def _evidence(names: Sequence[str], landing: Landing, *, is_proven: bool) -> str:
    verb = "is" if len(names) == 1 else "are together"
    doubt = "" if is_proven else ", all of one file; another file may repeat it"
    return f"{_listed(names)} {verb} unique in {_rows_of(landing)}{doubt}."


def _rows_of(landing: Landing) -> str:
    return f"the {landing.rows:,} rows landed last" if landing.rows != 1 else "the only row landed last"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
