"""All-or-nothing changes of several hand-written files of a workspace.

The previous contents are written to a journal at the workspace's root before the first file is changed, and the journal
is removed after the last one. A kill in between leaves the journal, from which `restore_interrupted` puts every file
back. So a workspace is never left half edited for longer than until the next command that edits it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from base64 import b64decode, b64encode
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from bankmesh.errors import BankmeshError, shorten_list
from bankmesh.fault_points import reached
from bankmesh.storage.atomic_files import replaced_file, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

JOURNAL = ".workspace-edit.json"
"""The journal's name below the workspace's root; it is there only while files are written, or after a kill."""

_BYTECODE = "__pycache__"


class ChangedMeanwhile(BankmeshError):
    """A file is no longer as it was when the change was planned; nothing was written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"Nothing written: {path} was changed by somebody else meanwhile. Run the command again.")


class RestoreConflict(BankmeshError):
    """An interrupted change cannot be undone, because files of it were edited since; nothing was restored."""

    def __init__(self, journal: Path, edited: Sequence[str]) -> None:
        self.journal, self.edited = journal, tuple(edited)
        super().__init__(
            f"An earlier change of the workspace was interrupted, and {shorten_list(edited)} was edited since. "
            "Restore these files (`git restore`) and run the command again; "
            f"or complete the change by hand and delete {journal}."
        )


class InterruptedMeanwhile(BankmeshError):
    """Another command was killed while it edited the workspace. Nothing was written; first its edits are undone."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing written: another change of the workspace was interrupted meanwhile. Run the command again."
        )


class UnusableJournal(BankmeshError):
    """The journal is not one that `commit_changes` wrote for this workspace; nothing was restored."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        super().__init__(
            f"{journal} is not the journal of a change of this workspace, so nothing was restored from it. "
            "See with `git status` whether files are half edited, then delete it."
        )


@dataclass(frozen=True)
class FileChange:
    """One file before and after; None is a file that does not exist."""

    path: Path
    before: bytes | None
    after: bytes | None


def commit_changes(root: Path, changes: Iterable[FileChange]) -> None:
    """Write all changes below `root` or none; folders that become empty are removed.

    Raises ChangedMeanwhile if a file is not as `before` says, InterruptedMeanwhile if an
    earlier change must be undone first. If a write fails, the files written so far are restored.
    """
    changes = [change for change in changes if change.before != change.after]
    with _locked(root):
        if has_interrupted(root):
            raise InterruptedMeanwhile
        for change in changes:
            if _content(change.path) != change.before:
                raise ChangedMeanwhile(change.path)
        journal = root / JOURNAL
        write_atomically(journal, json.dumps([_entry(root, change) for change in changes], indent=1) + "\n")
        try:
            for change in changes:
                reached("workspace-file")
                _put(root, change.path, change.after)
        except BaseException:
            for change in changes:
                _put(root, change.path, change.before)
            journal.unlink()
            raise
        reached("workspace-files-written")
        journal.unlink()


def has_interrupted(root: Path) -> bool:
    """Whether a change of the workspace's files was interrupted and not undone yet."""
    return (root / JOURNAL).is_file()


def restore_interrupted(root: Path) -> tuple[Path, ...]:
    """Undo a change that a kill interrupted; return the restored files, none if there is nothing to undo.

    Raises RestoreConflict if a file was edited since, UnusableJournal if the journal names files outside of `root`.
    """
    with _locked(root):
        if not has_interrupted(root):
            return ()
        journal = root / JOURNAL
        entries = _read_journal(journal)
        edited = [entry["path"] for entry in entries if not _is_ours(root, entry)]
        if edited:
            raise RestoreConflict(journal, edited)
        restored = []
        for entry in entries:
            path, before = root / entry["path"], _before(entry)
            if _content(path) != before:
                _put(root, path, before)
                restored.append(path)
        journal.unlink()
        return tuple(restored)


def _entry(root: Path, change: FileChange) -> dict[str, str | None]:
    return {
        "path": change.path.relative_to(root).as_posix(),
        "before": None if change.before is None else b64encode(change.before).decode(),
        "after": _digest(change.after),
    }


def _read_journal(journal: Path) -> list[dict[str, Any]]:
    """Raises UnusableJournal."""
    try:
        entries: list[dict[str, Any]] = json.loads(journal.read_text(encoding="utf-8"))
        for entry in entries:
            path = PurePosixPath(entry["path"])
            if path.is_absolute() or ".." in path.parts or not path.parts or "after" not in entry:
                raise UnusableJournal(journal)
            _before(entry)
    except (ValueError, TypeError, KeyError) as error:
        raise UnusableJournal(journal) from error
    return entries


def _before(entry: dict[str, Any]) -> bytes | None:
    return None if entry["before"] is None else b64decode(entry["before"], validate=True)


def _is_ours(root: Path, entry: dict[str, Any]) -> bool:
    """Whether a file is as the interrupted change found it, or as it left it."""
    there = _content(root / entry["path"])
    return there == _before(entry) or _digest(there) == entry["after"]


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _put(root: Path, path: Path, content: bytes | None) -> None:
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(path) as draft:
            draft.write_bytes(content)
        return
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == root or not _remove_if_empty(folder):
            return


def _remove_if_empty(folder: Path) -> bool:
    """Remove a folder without files of its own; compiled Python code of removed modules does not count."""
    if not folder.is_dir():
        return True
    entries = list(folder.iterdir())
    if any(entry.name != _BYTECODE for entry in entries):
        return False
    for compiled in entries:
        for file in compiled.iterdir():
            file.unlink()
        compiled.rmdir()
    with suppress(OSError):  # another process has just written into it
        folder.rmdir()
    return not folder.exists()


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Hold a lock on the root folder, so that two commands do not edit one workspace at a time."""
    handle = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
