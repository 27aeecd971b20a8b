"""Recorded reads: each read through the client appends one line to a monthly file, and the index counts them.

`<home>/use/<YYYY-MM>.jsonl` holds one JSON object a line: `at` (ISO 8601, UTC), `product`, `major`, `version`,
`columns` (null for all of them) and `consumer`. No value of the data is in it.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bankmesh.names import PortName, parse_port_name
from bankmesh.settings import named_consumer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FOLDER = "use"


@dataclass(frozen=True)
class RecordedRead:
    """One read of one published version; `columns` is None if all were read."""

    at: str
    port: str
    version: int
    columns: tuple[str, ...] | None
    consumer: str


def consumer_name() -> str:
    """Return the consumer name of this process: from the environment, else from the user.

    Raises BadConsumer.
    """
    if named := named_consumer():
        return named
    try:
        return f"user:{getpass.getuser()}".encode(errors="replace").decode()
    except (KeyError, OSError):  # a container whose user has no name
        return f"user:{os.getuid()}"


def record_use(home: Path, contract_port: str, version: int, columns: Sequence[str] | None, consumer: str) -> None:
    """Record one read. If the mesh home is not writable, the read succeeds without a record.

    Args:
        home: the mesh home.
        contract_port: the port, as `retail.party@2`.
        version: the published version.
        columns: the columns read; None for all.
        consumer: the consumer, see `consumer_name`.
    """
    port = parse_port_name(contract_port)
    now = datetime.now(UTC)
    line = {
        "at": now.isoformat(timespec="seconds"),
        "product": port.product_id,
        "major": port.major,
        "version": version,
        "columns": None if columns is None else list(columns),
        "consumer": consumer,
    }
    with contextlib.suppress(OSError):
        folder = home / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        # One write to a file opened for appending, so that lines of several processes do not mix.
        handle = os.open(folder / f"{now:%Y-%m}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(handle, f"{json.dumps(line, ensure_ascii=False)}\n".encode())
        finally:
            os.close(handle)


def use_files(home: Path) -> list[Path]:
    """Return the files of recorded reads, oldest first."""
    return sorted((home / FOLDER).glob("*.jsonl"))


def recorded_use(home: Path) -> Iterator[RecordedRead]:
    """Yield every recorded read, oldest first; invalid lines, such as incomplete ones, are skipped."""
    for file in use_files(home):
        yield from read_use(file, 0)[0]


def read_use(file: Path, offset: int) -> tuple[list[RecordedRead], int]:
    """Return the reads in complete lines from `offset` on, and the offset for the next call."""
    with file.open("rb") as stream:
        stream.seek(offset)
        content = stream.read()
    end = content.rfind(b"\n") + 1
    found = [use for line in content[:end].splitlines() if (use := _use(line)) is not None]
    return found, offset + end


def _use(line: bytes) -> RecordedRead | None:
    try:
        entry = json.loads(line)
        domain, _, product = str(entry["product"]).partition(".")
        columns = entry["columns"]
        return RecordedRead(
            at=str(entry["at"]),
            port=str(PortName(domain, product, int(entry["major"]))),
            version=int(entry["version"]),
            columns=None if columns is None else tuple(map(str, columns)),
            consumer=str(entry["consumer"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
