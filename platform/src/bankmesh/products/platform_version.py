"""The version of all that builds a product besides its own code: this platform, Python, every library beside them.

A release of an engine may round, sort or parse otherwise, so what an earlier one built is built again.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

_INSTALLED = (".dist-info", ".egg-info")
_CODE = {".py", ".sql", ".yml", ".yaml", ".json", ".csv", ".txt"}
_SHOWN = 16


@cache
def platform_version() -> str:
    """Sixteen hexadecimal digits, the same in every process of one installation; read once in a process.

    Over Python's version, the names and versions of what is installed, and the platform's own files, which an editable
    installation changes without another version.
    """
    digest = hashlib.sha256(sys.version.encode())
    for name in installed():
        digest.update(f"\n{name}".encode())
    root = Path(__file__).parents[1]
    for file in sorted(path for path in root.rglob("*") if path.suffix in _CODE and "__pycache__" not in path.parts):
        digest.update(f"\n{file.relative_to(root).as_posix()}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_SHOWN]


def installed() -> list[str]:
    """Name and version of every distribution on the path, as its folder writes them, in the order of the path."""
    found: list[str] = []
    for folder in dict.fromkeys(sys.path):
        try:
            names = sorted(path.name for path in Path(folder or ".").iterdir() if path.suffix in _INSTALLED)
        except OSError:  # an archive, or a folder that is not there
            continue
        found += names
    return found
