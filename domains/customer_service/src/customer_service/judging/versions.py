"""The version of a model: a hash of its inputs, in sixteen hexadecimal digits."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 16


def version_of(parts: Iterable[str | bytes]) -> str:
    """Return a hash over the parts in their order: data, parameters, releases of libraries."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.hexdigest()[:_SHOWN]
