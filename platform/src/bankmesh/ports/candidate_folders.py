"""Candidates: folders inside a port's table that no version refers to, so that readers cannot see them."""

from __future__ import annotations

import contextlib
import os
import uuid
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bankmesh.ports.port_locks import BUILD_MARK, mark_build
from bankmesh.ports.version_history import latest

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.ports.port_locations import Port


@dataclass(frozen=True, eq=False)
class Candidate:
    """A folder to write Parquet files into, and the newest version at the time of its creation.

    An unpartitioned product writes `*.parquet` anywhere below `path`. A partitioned one writes
    `<column>=<value>/*.parquet` and leaves the column out of the files. Expiry does not touch the folder while this
    object exists.
    """

    path: Path
    base_version: int | None

    @property
    def name(self) -> str:
        """The folder's name, which the commit records."""
        return self.path.name


def stage(port: Port) -> Candidate:
    """Create a candidate in the port's table folder.

    Call it before the build begins: later publications count as concurrent.
    """
    newest = latest(port)
    path = port.path / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4()}"
    path.mkdir(parents=True)
    candidate = Candidate(path, newest.version if newest else None)
    weakref.finalize(candidate, os.close, mark_build(path))
    return candidate


def unmark(candidate: Candidate) -> None:
    """Remove the mark's file once the candidate is published; a missing file is ignored."""
    with contextlib.suppress(OSError):
        (candidate.path / BUILD_MARK).unlink()
