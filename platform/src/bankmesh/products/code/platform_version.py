"""The version of all that builds a product besides its own code: this platform, Python, and all libraries.

A release of an engine may round, sort or parse differently, so a product built by an earlier one is built again.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

_PACKAGES = {"site-packages", "dist-packages"}
_INSTALLED = (".dist-info", ".egg-info")
_CODE = {".py", ".sql", ".yml", ".yaml", ".json", ".csv", ".txt"}
_SHOWN = 16


@cache
def platform_version() -> str:
    """Return sixteen hexadecimal digits, the same in every process of one installation; computed once in a process.

    The hash covers Python's version, the names and versions of what is installed, and the platform's own files, which
    an editable installation changes without a new version.
    """
    digest = hashlib.sha256(sys.version.encode())
    for name in installed():
        digest.update(f"\n{name}".encode())
    root = Path(__file__).parents[2]
    for file in sorted(path for path in root.rglob("*") if path.suffix in _CODE and not _is_passed_over(path)):
        digest.update(f"\n{file.relative_to(root).as_posix()}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_SHOWN]


def _is_passed_over(file: Path) -> bool:
    """Return whether a file is bytecode or left by a tool, such as the `.user.yml` of dbt's telemetry."""
    return file.name.startswith(".") or "__pycache__" in file.parts


def installed() -> list[str]:
    """Return name and version of every installed distribution, as its folder is named, in the order of the path.

    Other folders of the path differ between processes: Python puts the working folder, or that of a script, first.
    """
    found: list[str] = []
    for folder in dict.fromkeys(map(Path, sys.path)):
        if folder.name in _PACKAGES and folder.is_dir():
            found += sorted(path.name for path in folder.iterdir() if path.suffix in _INSTALLED)
    return found
