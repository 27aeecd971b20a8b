"""The files that an import writes, compared with those that are there; a file that a person has edited stays."""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bankmesh.storage.atomic_files import replaced_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

RECORD = ".imported.json"
"""The file beside the domain's dbt project with the digest of every file as the import wrote it."""


class FileState(StrEnum):
    """How a planned file compares with the one that is there."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    EDITED = "edited"
    REMOVED = "removed"


class Acceptance(StrEnum):
    """Which existing files an import replaces."""

    NONE = "none"
    UNEDITED = "unedited"
    ALL = "all"


@dataclass(frozen=True)
class ImportPlan:
    """The planned files.

    Attributes:
        root: the workspace, to which paths in the record are relative.
        record: the record of the last import.
        texts: path → text.
        copies: path → file to copy.
        workspace: files of a new domain and the lists that name it, which replace what is there; not recorded.
    """

    root: Path
    record: Path
    texts: Mapping[Path, str] = field(hash=False)
    copies: Mapping[Path, Path] = field(hash=False)
    workspace: Mapping[Path, str] = field(hash=False)

    def states(self) -> dict[Path, FileState]:
        """Return the state of every planned file, and of those that an earlier import wrote and this one does not."""
        recorded = self._recorded()
        found = {path: self._state(path, content, recorded) for path, content in self._contents()}
        gone = (self.root / name for name in recorded)
        return found | {path: FileState.REMOVED for path in gone if path not in found and path.is_file()}

    def differences(self) -> Iterator[str]:
        """Yield a unified diff of each existing file that the import would write differently."""
        for path, state in self.states().items():
            name = _name(path, self.root)
            if state is FileState.REMOVED:
                yield f"{name} is no longer in the dbt project; delete it, and retire its product"
            elif state in {FileState.CHANGED, FileState.EDITED}:
                if path in self.copies:
                    yield f"{name} differs from {self.copies[path]}"
                    continue
                there = path.read_text(encoding="utf-8", errors="replace").splitlines()
                planned = self.texts[path].splitlines()
                kind = "edited since the import" if state is FileState.EDITED else "as imported"
                yield "\n".join(difflib.unified_diff(there, planned, f"{name} ({kind})", f"{name} (now)", lineterm=""))

    def write(self, acceptance: Acceptance) -> list[Path]:
        """Write new files, those that `acceptance` allows to replace, and the record; returns what was written."""
        recorded = self._recorded()
        replaced = {
            Acceptance.NONE: {FileState.NEW},
            Acceptance.UNEDITED: {FileState.NEW, FileState.CHANGED},
            Acceptance.ALL: {FileState.NEW, FileState.CHANGED, FileState.EDITED},
        }[acceptance]
        written: list[Path] = []
        for path, content in self._contents():
            state = self._state(path, content, recorded)
            if state in replaced:
                _write(path, content)
                written.append(path)
            if state in {*replaced, FileState.SAME}:
                recorded[_name(path, self.root)] = _digest(content)
        for path, text in self.workspace.items():
            _write(path, text.encode())
            written.append(path)
        _write(self.record, (json.dumps(dict(sorted(recorded.items())), indent=1) + "\n").encode())
        return written

    def _contents(self) -> Iterator[tuple[Path, bytes]]:
        yield from ((path, text.encode()) for path, text in self.texts.items())
        yield from ((path, file.read_bytes()) for path, file in self.copies.items())

    def _recorded(self) -> dict[str, str]:
        return json.loads(self.record.read_text(encoding="utf-8")) if self.record.is_file() else {}

    def _state(self, path: Path, content: bytes, recorded: Mapping[str, str]) -> FileState:
        if not path.is_file():
            return FileState.NEW
        there = path.read_bytes()
        if there == content:
            return FileState.SAME
        return FileState.CHANGED if recorded.get(_name(path, self.root)) == _digest(there) else FileState.EDITED


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(path) as draft:
        draft.write_bytes(content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
