"""The contract texts that a port's versions were published under: `_contracts/<digest>.odcs.yaml` beside the table.

Delta Lake readers ignore folders whose names start with an underscore. The contract of a version can so be read
without the repository's history.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.ports.port_locations import Port

FOLDER = "_contracts"
_SHOWN = 16


def contract_digest(text: str) -> str:
    """Return sixteen hexadecimal digits of the text's SHA-256; line endings do not matter."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()[:_SHOWN]


def keep_contract(port: Port, text: str) -> str:
    """Store the text, if it is not stored yet, and return its digest."""
    digest = contract_digest(text)
    place = _place(port, digest)
    if not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, text, is_shared=True)
    return digest


def kept_contract(port: Port, digest: str) -> Path | None:
    """Return the file of a stored contract; None if it was not stored, or is missing."""
    place = _place(port, digest)
    return place if place.is_file() else None


def _place(port: Port, digest: str) -> Path:
    return port.path / FOLDER / f"{digest}.odcs.yaml"
