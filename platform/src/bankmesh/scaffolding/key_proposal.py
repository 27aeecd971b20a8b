"""The columns that name each row of a landing, as far as its declaration or the rows landed last show them."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations, islice
from math import prod
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from bankmesh.contracts.model import Classification
from bankmesh.scaffolding.record_keys import LINE, NOT_ALWAYS, standard_key
from bankmesh.sources import current_landing, latest_attempt
from bankmesh.sources.bank_messages.message_format import MessageFormat
from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bankmesh.settings import Settings
    from bankmesh.sources import Landing, LegacyObject

_TYPES = frozenset({"string", "integer", "long", "date", "timestamp"})
"""Types of key columns: an amount that happens to be unique names nothing."""

_WIDEST, _TRIED = 3, 30
"""Limits of the search for keys of several columns: columns, and combinations."""

_LIMITS = {"memory_limit": "512MB", "threads": "2"}


@dataclass(frozen=True)
class ProposedKey:
    """Columns that name each row; none if nothing shows which. `reason` is a sentence without values."""

    columns: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        """The line that commands print."""
        return f"{'key' if self.columns else 'no key'}: {self.reason}"


def propose_key(settings: Settings, domain: str, obj: LegacyObject) -> ProposedKey:
    """Return the key of a landing.

    Records of bank messages have the key of their standard. For others, it is the first column, required and no amount,
    that is unique in the rows landed last. If these come from one of several files, which may repeat its values, file
    and line are preferred where the declaration lands both. Without either, it is a combination of up to three
    columns that is unique, the file of each row among them: the smallest, with the fewest columns above `internal`.
    """
    declared = _place_of_rows(obj)
    places = (settings.home, domain, obj.system, obj.name)
    landing = current_landing(*places) or latest_attempt(*places)
    if standard := _standard_columns(obj):
        return _by_standard(obj, standard, landing)
    if landing is None or not landing.rows:
        return _by_place(declared) if declared else ProposedKey((), "Nothing was landed yet that shows a key.")
    with _LandedRows(landing) as rows:
        return _shown_key(obj, landing, rows, declared)


def _shown_key(obj: LegacyObject, landing: Landing, rows: _LandedRows, declared: tuple[str, ...]) -> ProposedKey:
    if declared and not rows.are_named_by(declared):
        declared = ()  # several rows are parts of one line, or the declaration is newer than the landing
    distinct: dict[str, int] = {}
    is_proven = _reads_one_file(obj) or len(landing.files) > 1
    for name in _candidates(obj):
        distinct[name] = rows.count_distinct([name])
        if distinct[name] == landing.rows and (is_proven or not declared):
            return ProposedKey((name,), _evidence([name], landing, is_proven=is_proven))
    if declared:
        return _by_place(declared)
    if obj.file_as is not None:
        distinct[obj.file_as] = rows.count_distinct([obj.file_as])
    for names in _combinations(distinct, obj, landing.rows):
        if rows.are_named_by(names):
            return ProposedKey(tuple(names), _evidence(names, landing, is_proven=is_proven))
    return ProposedKey((), f"No column that is required, and no few of them, are unique in {_rows_of(landing)}.")


def _place_of_rows(obj: LegacyObject) -> tuple[str, ...]:
    """Return the landed columns of file and line, which name each row together; a single file needs the line alone."""
    line = _line_of_rows(obj)
    if line is None:
        return ()
    if obj.file_as is not None:
        return (obj.file_as, line)
    return (line,) if _reads_one_file(obj) else ()


def _standard_columns(obj: LegacyObject) -> tuple[str, ...]:
    """Return the landed columns that identify a record of a bank message; () if the declaration has not all of them."""
    if not isinstance(obj.format, MessageFormat):
        return ()
    landed = {column.header: column.name for column in obj.in_file if column.required}
    if (line := _line_of_rows(obj)) is not None:
        landed[LINE] = line
    wanted = [name for name in standard_key(obj.format.kind, obj.record) if name in landed or name not in NOT_ALWAYS]
    return tuple(landed[name] for name in wanted) if all(name in landed for name in wanted) else ()


def _by_standard(obj: LegacyObject, columns: tuple[str, ...], landing: Landing | None) -> ProposedKey:
    names = f"{_listed(columns)} name each {obj.record} in all files, by the standard"
    if landing is None or not landing.rows:
        return ProposedKey(columns, f"{names}.")
    with _LandedRows(landing) as rows:
        if rows.are_named_by(columns):
            return ProposedKey(columns, f"{names}.")
    return ProposedKey((), f"{names}, but repeat in {_rows_of(landing)}: a message may have been delivered twice.")


def _line_of_rows(obj: LegacyObject) -> str | None:
    return next((column.name for column in obj.columns if column.line_of == ""), None)


def _by_place(columns: tuple[str, ...]) -> ProposedKey:
    what = "file and line" if len(columns) > 1 else "line"
    return ProposedKey(columns, f"The {what} of each row ({', '.join(columns)}) name it.")


def _reads_one_file(obj: LegacyObject) -> bool:
    """Whether one landing of the object never has the rows of several files."""
    return not any(re.search(r"[*?\[]", name) for name in obj.files) and not (obj.take_all and len(obj.files) > 1)


def _candidates(obj: LegacyObject) -> list[str]:
    return [c.name for c in obj.columns if c.required and c.is_in_file and c.type.name in _TYPES]


def _combinations(distinct: Mapping[str, int], obj: LegacyObject, rows: int) -> Iterator[Sequence[str]]:
    """Yield combinations of columns that have enough distinct values to be unique, the smallest first.

    Of one size, those with the fewest columns above `internal` come first, and of these the ones with file or day.
    """
    hidden = {column.name for column in obj.columns if column.classification > Classification.INTERNAL}
    times = {column.name for column in obj.columns if column.type.name == "date"} | {obj.file_as}
    order = sorted(distinct, key=lambda name: name not in times)
    shown, others = [each for each in order if each not in hidden], [each for each in order if each in hidden]
    tried = (
        sorted((*some, *more), key=list(distinct).index)
        for width in range(2, _WIDEST + 1)
        for count in range(width + 1)
        for some in combinations(shown, width - count)
        for more in combinations(others, count)
        if prod(distinct[name] for name in (*some, *more)) >= rows
    )
    return islice(tried, _TRIED)


class _LandedRows:
    """The rows of a landing, whose distinct values are counted by hashes of 64 bits, on disk beyond a bounded memory.

    Values that share a hash make columns look repeated, and never unique. No value is written to disk.
    """

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self._open = ExitStack()

    def __enter__(self) -> Self:
        import duckdb

        spill = self._open.enter_context(TemporaryDirectory(prefix="bankmesh-keys-"))
        limits = {**_LIMITS, "temp_directory": spill}
        connection = self._open.enter_context(duckdb.connect(":memory:", config=dict(limits)))
        files = [str(path) for path in self._landing.rows_paths if path.is_file()]
        self._rows = connection.read_parquet(files)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def count_distinct(self, names: Sequence[str]) -> int:
        """Return the number of distinct rows in these columns; 0 if one of them was not landed."""
        if not set(names) <= set(self._rows.columns):
            return 0
        hashed = f"hash({', '.join(map(sql_name, names))})"
        return int(self._rows.aggregate(hashed, hashed).aggregate("count(*)").fetchall()[0][0])

    def are_named_by(self, names: Sequence[str]) -> bool:
        """Whether no two rows agree in these columns."""
        return self.count_distinct(names) == self._landing.rows


def _evidence(names: Sequence[str], landing: Landing, *, is_proven: bool) -> str:
    verb = "is" if len(names) == 1 else "are together"
    doubt = "" if is_proven else ", all of one file; another file may repeat it"
    return f"{_listed(names)} {verb} unique in {_rows_of(landing)}{doubt}."


def _rows_of(landing: Landing) -> str:
    return f"the {landing.rows:,} rows landed last" if landing.rows != 1 else "the only row landed last"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
