"""The contracts that a port's versions were published under, kept beside the table: `_contracts/<digest>.odcs.yaml`.

A folder whose name starts with an underscore is no data to any reader of Delta Lake. So what was promised with a
version can be read without the repository's history.
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
    """Sixteen hexadecimal digits of the text; line ends do not matter."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()[:_SHOWN]


def keep_contract(port: Port, text: str) -> str:
    """Keep the text, if it is not kept yet, and return its digest."""
    digest = contract_digest(text)
    place = _place(port, digest)
    if not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, text)
    return digest


def kept_contract(port: Port, digest: str) -> Path | None:
    """The file of a contract that was kept; None if it was not, or is no longer there."""
    place = _place(port, digest)
    return place if place.is_file() else None


def _place(port: Port, digest: str) -> Path:
    return port.path / FOLDER / f"{digest}.odcs.yaml"
