"""Candidates that a gate refused: a note in the folder says what the candidate would have replaced.

Without it, the folder of a refused candidate looks like that of a build that crashed, and a partition that it would
have emptied like one that it leaves as it is. The note holds no values of the data. Its name starts with a dot, so that
readers of Delta Lake skip it; expiry removes it with the folder.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Candidate, Port

NOTE = ".refused.json"
_FORMAT = 1


@dataclass(frozen=True)
class RefusedCandidate:
    """A candidate that was refused and is kept.

    Attributes:
        path: its folder.
        refused_at: when (UTC).
        run_id: the run that built it.
        base_version: the newest version when its build began; None if there was none.
        partitions: those that it would have replaced; None if the whole table.
        classifications: by column, as its contract had them.
    """

    path: Path
    refused_at: datetime
    run_id: str
    base_version: int | None
    partitions: tuple[str, ...] | None
    classifications: Mapping[str, Classification] = field(hash=False)

    @property
    def name(self) -> str:
        """The name of its folder, as the message of the refusal has it."""
        return self.path.name


def note_refusal(candidate: Candidate, contract: Contract, run_id: str, partitions: Sequence[str] | None) -> bool:
    """Write the note; False if it cannot be written, which must not replace the refusal itself."""
    replaced = partitions if contract.partitioning else None
    record = {
        "format": _FORMAT,
        "refused_at": datetime.now(UTC).isoformat(),
        "run_id": run_id,
        "base_version": candidate.base_version,
        "partitions": None if replaced is None else list(replaced),
        "classifications": {column.name: column.classification.label for column in contract.columns},
    }
    try:
        write_atomically(candidate.path / NOTE, json.dumps(record))
    except OSError:
        return False
    return True


def last_refused(port: Port) -> RefusedCandidate | None:
    """Return the candidate that was refused last and is still kept; None if there is none."""
    found = [note for path in port.path.glob(f"*/{NOTE}") if (note := _read(path)) is not None]
    return max(found, key=lambda note: (note.refused_at, note.name), default=None)


def _read(path: Path) -> RefusedCandidate | None:
    with suppress(OSError, ValueError, KeyError, AttributeError, TypeError):  # removed meanwhile, or of another release
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] == _FORMAT:
            return RefusedCandidate(
                path=path.parent,
                refused_at=datetime.fromisoformat(record["refused_at"]),
                run_id=record["run_id"],
                base_version=record["base_version"],
                partitions=None if record["partitions"] is None else tuple(record["partitions"]),
                classifications={
                    name: Classification[label.upper()] for name, label in record["classifications"].items()
                },
            )
    return None
