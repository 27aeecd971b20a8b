"""Writing files so that a reader, or a kill, never meets half of one."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_atomically(target: Path, text: str) -> None:
    """Write `text` beside `target` and rename it into place; the folder must exist."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(name, target)  # noqa: PTH105 - both are plain strings here
    except BaseException:
        os.unlink(name)  # noqa: PTH108
        raise
