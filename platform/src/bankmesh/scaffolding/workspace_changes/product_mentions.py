"""Other places of a workspace that name a product: documentation, tests, scripts. A person reviews them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.errors import Place
from bankmesh.scaffolding.workspace_changes.product_references import mention_pattern
from bankmesh.workspace.dbt_project_files import GENERATED_MACROS, GENERATED_SOURCES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bankmesh.names import PortName
    from bankmesh.settings import Settings

_SKIPPED = {"__pycache__", "node_modules", "target", "logs", "dbt_packages", GENERATED_MACROS, GENERATED_SOURCES}
_TEXTS = {".cfg", ".ini", ".ipynb", ".md", ".py", ".rst", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml"}
_LARGEST = 1 << 20
_SETTINGS = "dbt_project.yml"
"""Its keys below `models:` may be names of models; texts in quotes in SQL may be those of `ref()` with a variable."""


def find_mentions(settings: Settings, ports: Iterable[PortName], without: Collection[Path]) -> tuple[Place, ...]:
    """Return the lines of text files that name a product, except in the files `without`; hidden folders are skipped."""
    ports = list(ports)
    patterns = [mention_pattern(port) for port in ports]
    tables = "|".join(re.escape(port.table) for port in ports)
    keys, quoted = re.compile(rf"^\s*(?:{tables}):"), re.compile(rf"(['\"])(?:{tables})\1")
    found = []
    for path in _text_files(settings.root, settings.home):
        if path in without:
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        found += [
            Place(str(path), number)
            for number, line in enumerate(lines, 1)
            if any(pattern.search(line) for pattern in patterns)
            or (path.name == _SETTINGS and keys.match(line))
            or (path.suffix == ".sql" and quoted.search(line))
        ]
    return tuple(found)


def _text_files(root: Path, home: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _SKIPPED
            and Path(place, name) != home
            and not Path(place, name, "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(place, name)
            if path.suffix in _TEXTS and path.is_file() and path.stat().st_size <= _LARGEST:
                yield path
