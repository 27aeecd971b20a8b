"""Coverage of dbt configuration that changes no row, stored beside the manifest for code that does not load dbt.

A code location writes it when it loads, next to the data tests of its products; `mesh contract coverage` lists it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from bankmesh.contracts.coverage import Coverage
from bankmesh.errors import Place
from bankmesh.storage.atomic_files import is_writable, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_FILE = "dbt_resources.json"


def write_dbt_coverage(folder: Path, entries: Mapping[str, Iterable[Coverage]]) -> None:
    """Write the entries to `MESH_HOME/dbt/<domain>`, if they changed, by port, or by domain for those of no product.

    A folder that is not writable is left unchanged, because no build depends on the entries.
    """
    found = {name: [_to_json(entry) for entry in of_name] for name, of_name in entries.items()}
    text = json.dumps(found, sort_keys=True)
    file = folder / _FILE
    if is_writable(folder) and (not file.is_file() or file.read_text(encoding="utf-8") != text):
        write_atomically(file, text)


def read_dbt_coverage(home: Path, domain: str) -> dict[str, tuple[Coverage, ...]]:
    """Return a domain's entries from the last load of its models; none if another release wrote them."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        document = json.loads((home / "dbt" / domain / _FILE).read_text(encoding="utf-8"))
        return {name: tuple(_from_json(*entry) for entry in entries) for name, entries in document.items()}
    return {}


def _to_json(entry: Coverage) -> list[str | int | None]:
    return [entry.clause, entry.place.file, entry.place.line, entry.where, entry.reason]


def _from_json(clause: str, file: str, line: int, where: str | None, reason: str | None) -> Coverage:
    return Coverage(clause, Place(file, line), where, reason)
