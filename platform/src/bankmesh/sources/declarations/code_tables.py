"""Code tables of columns: legacy values and what they land as, for all files or for those with certain names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml

from bankmesh.yaml.nodes import Mapping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.contracts.model import ColumnType

    Codes = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CodeTable:
    """A code table of the files that match one of the patterns; without patterns it is that of all other files."""

    files: tuple[str, ...]
    codes: Codes

    def covers(self, name: str) -> bool:
        """Whether a file, by its path below the system's folder, matches a pattern."""
        return any(PurePosixPath(name).match(pattern) for pattern in self.files)

    def __str__(self) -> str:
        """The table in messages: by its patterns."""
        return " or ".join(self.files) or "all other files"


def codes_of_file(tables: Sequence[CodeTable], name: str) -> Codes | str:
    """Return the codes of a file; a text that says why there are none, or several."""
    fitting = [table for table in tables if table.covers(name)]
    if len(fitting) > 1:
        return f"the file has several code tables: {'; '.join(map(str, fitting))}"
    others = [table for table in tables if not table.files]
    chosen = fitting or others
    return chosen[0].codes if chosen else f"the file has no code table: {'; '.join(map(str, tables))}"


def read_codes(given: Mapping, kind: ColumnType) -> tuple[Codes | None, tuple[CodeTable, ...]]:
    """Read `codes`: one table for all files, or a list of tables, each for the files that it names."""
    node = given.value("codes")
    if node is None:
        return None, ()
    if not isinstance(node, yaml.SequenceNode):
        return _table(given, kind), ()
    tables = []
    for at, item in enumerate(node.value, 1):
        entry = Mapping(item, f"codes {at} of {given.what}", given.faults)
        entry.only(("files", "codes"))
        files = entry.one_or_more("files") if "files" in entry.entries else ()
        if "codes" not in entry.entries:
            given.faults.add(item, "missing-key", f"{entry.what} needs codes")
        tables.append(CodeTable(files, _table(entry, kind) or ()))
    patterns = [pattern for table in tables for pattern in table.files]
    for pattern in sorted({pattern for pattern in patterns if patterns.count(pattern) > 1}):
        given.faults.add(node, "duplicate-files", f"codes of {given.what}: {pattern} is listed twice")
    if sum(not table.files for table in tables) > 1:
        given.faults.add(node, "duplicate-files", f"codes of {given.what}: several tables are for all other files")
    if not tables:
        given.faults.add(node, "missing-key", f"codes of {given.what} is empty")
    return None, tuple(tables)


def _table(given: Mapping, kind: ColumnType) -> Codes | None:
    codes = given.pairs("codes")
    if codes is None:
        return None
    if not codes:
        given.faults.add(given.value("codes"), "missing-key", f"codes of {given.what} is empty")
    if kind.name == "boolean" and any(landed not in ("true", "false") for _, landed in codes):
        message = f"codes of {given.what} must map to true and false"
        given.faults.add(given.value("codes"), "unknown-word", message)
    return codes
