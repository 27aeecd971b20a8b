"""The archive: the port of a retired product, moved unchanged to `<home>/archive/<domain>/<product>/v<major>`.

One rename moves the whole table with its log, so a kill leaves it in one place or the other. Before the rename, a
`MANIFEST.json` is written into the folder: the contract, every version, and every file with its SHA-256. An auditor can
verify years later that nothing was changed. Nothing expires in the archive.

| key of the manifest | meaning |
| --- | --- |
| `format` | 1 |
| `port`, `major` | `retail.party`, 1 |
| `archived_on`, `archived_by` | when (ISO 8601, UTC), and by whom |
| `contract`, `contract_digest` | the text of the contract at that time |
| `versions` | oldest first: `version`, `published_at`, `rows`, `bytes`, `run_id`, contract's version and digest |
| `files` | sorted by `path`, from the folder: with `bytes` and `sha256` |
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bankmesh.errors import PortError
from bankmesh.fault_points import reached
from bankmesh.ports.contract_texts import contract_digest
from bankmesh.ports.port_locations import port_at
from bankmesh.ports.port_locks import BUILD_MARK, PORT_LOCK, exclusive, is_marked
from bankmesh.ports.version_expiry import expire
from bankmesh.ports.version_history import read_history
from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bankmesh.ports.port_locations import Port
    from bankmesh.ports.publication import Publication

MANIFEST = "MANIFEST.json"
FORMAT = 1
_OURS = (MANIFEST, PORT_LOCK, BUILD_MARK)


@dataclass(frozen=True)
class ArchivedPort:
    """A port in the archive, its manifest, and whether this call moved it there."""

    port: Port
    manifest: dict[str, Any]
    moved: bool


def archive_place(home: Path, product: str, major: int) -> Port:
    """Return the port's place in the archive, whether or not it is there; the path replaces the port's own."""
    port = port_at(home, product, major)
    return replace(port, path=home.resolve() / "archive" / port.port_name.folder)


def archive_port(home: Path, product: str, major: int, contract: str, by: str) -> ArchivedPort | None:
    """Move a port to the archive; an archived port is returned unchanged. None if nothing was ever published.

    Unpublished candidates are removed. `contract` is the text of the contract that applies to the port now.
    Raises PortError if a build of it is running, or if both the archive and the ports hold a table of it.
    """
    port, place = port_at(home, product, major), archive_place(home, product, major)
    if not port.is_published:
        return _found(place)
    if place.path.exists():
        raise PortError(
            f"{port.name} is in the archive, {place.path}, and was published again at {port.path}. "
            "Move one of the two by hand."
        )
    expire(port, keep_candidates=timedelta(0), retention=None)
    with exclusive(port):
        if not port.is_published:  # another process has archived it meanwhile
            return _found(place)
        if busy := [folder.name for folder in port.path.iterdir() if folder.is_dir() and is_marked(folder)]:
            raise PortError(f"{port.name}: a build is running ({busy[0]}). Archive it when the build has ended.")
        manifest = describe(port, contract, by, datetime.now(UTC))
        write_atomically(port.path / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
        reached("manifest-written")
        place.path.parent.mkdir(parents=True, exist_ok=True)
        port.path.rename(place.path)
    return ArchivedPort(place, manifest, moved=True)


def archived_port(home: Path, product: str, major: int) -> Port | None:
    """Return the port in the archive; None if it is not there."""
    place = archive_place(home, product, major)
    return place if place.is_published else None


def describe(port: Port, contract: str, by: str, now: datetime) -> dict[str, Any]:
    """Return the manifest of a port in its current state."""
    return {
        "format": FORMAT,
        "port": port.name,
        "major": port.major,
        "archived_on": now.isoformat(timespec="seconds"),
        "archived_by": by,
        "contract": contract,
        "contract_digest": contract_digest(contract),
        "versions": [_version(made) for made in reversed(read_history(port))],
        "files": [
            {"path": str(path.relative_to(port.path)), "bytes": path.stat().st_size, "sha256": _sha256(path)}
            for path in _files(port.path)
        ],
    }


def changed_files(archived: ArchivedPort) -> list[str]:
    """Return the paths of files that differ from the manifest: missing, changed or added; sorted."""
    folder = archived.port.path
    recorded = {entry["path"]: entry["sha256"] for entry in archived.manifest["files"]}
    there = {str(path.relative_to(folder)): path for path in _files(folder)}
    broken = {path for path, digest in recorded.items() if path not in there or _sha256(there[path]) != digest}
    return sorted(broken | (there.keys() - recorded.keys()))


def _found(place: Port) -> ArchivedPort | None:
    if not place.is_published:
        return None
    manifest: dict[str, Any] = json.loads((place.path / MANIFEST).read_text(encoding="utf-8"))
    return ArchivedPort(place, manifest, moved=False)


def _version(made: Publication) -> dict[str, Any]:
    return {
        "version": made.version,
        "published_at": made.published_at.isoformat(),
        "rows": made.rows,
        "bytes": made.bytes,
        "run_id": made.provenance.run_id,
        "contract_version": made.provenance.contract_version,
        "contract_digest": made.provenance.contract_digest,
    }


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _OURS)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
