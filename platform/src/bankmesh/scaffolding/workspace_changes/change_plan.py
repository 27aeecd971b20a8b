"""A planned change of hand-written files: what is created, edited, moved and removed, before anything is written."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError
from bankmesh.workspace.file_transaction import FileChange, commit_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.errors import Place


class ChangeRefused(BankmeshError):
    """A product, landing or domain cannot be removed or renamed now; nothing was written."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"{name}: {problem}")


def owned_files(name: str, folder: Path) -> list[Path]:
    """Return every file below a folder that is removed or moved as a whole, without compiled code.

    Raises ChangeRefused, in the name of what changes, if the folder has a link to another folder, whose files are not
    its own, or is a git repository of its own, whose history would be lost.
    """
    found: list[Path] = []
    for at, folders, names in os.walk(folder):
        place = Path(at)
        if ".git" in {*folders, *names}:
            raise ChangeRefused(name, f"{place} is a git repository of its own. Remove or rename it by hand.")
        if link := next((place / each for each in sorted(folders) if (place / each).is_symlink()), None):
            raise ChangeRefused(name, f"{link} is a link to another folder. Remove the link first; its files stay.")
        folders[:] = [each for each in folders if each != "__pycache__"]
        found += [place / each for each in names if not each.endswith(".pyc")]
    return sorted(found)


class WorkspaceDraft:
    """The files of a workspace with changes that are not written yet."""

    def __init__(self, root: Path) -> None:
        """Start without changes."""
        self.root = root
        self._before: dict[Path, bytes | None] = {}
        self._after: dict[Path, bytes | None] = {}
        self.moved: dict[Path, Path] = {}
        """New path → old path of files that were moved."""

    def text(self, path: Path) -> str | None:
        """Return a file's text as drafted; None if it does not exist or is not UTF-8."""
        content = self._content(path)
        try:
            return None if content is None else content.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def write(self, path: Path, text: str) -> None:
        """Draft a file's text."""
        self._content(path)
        self._after[path] = text.encode()

    def remove(self, path: Path) -> None:
        """Draft the removal of a file."""
        self._content(path)
        self._after[path] = None

    def move(self, old: Path, new: Path) -> None:
        """Draft another path of a file. Raises ChangeRefused if there is a file at that path."""
        if self._content(new) is not None:
            raise ChangeRefused(old.name, f"{new.relative_to(self.root)} exists already. Choose another name.")
        self._after[new] = self._content(old)
        self._after[old] = None
        self.moved[new] = self.moved.pop(old, old)

    def exists(self, path: Path) -> bool:
        """Whether a file is there, as drafted."""
        return self._content(path) is not None

    def changes(self) -> tuple[FileChange, ...]:
        """Return the changes, new and edited files first, so that no file is missing before its successor is there."""
        found = [FileChange(path, self._before[path], after) for path, after in self._after.items()]
        return tuple(
            sorted((c for c in found if c.before != c.after), key=lambda change: (change.after is None, change.path))
        )

    def _content(self, path: Path) -> bytes | None:
        if path not in self._before:
            self._before[path] = self._after[path] = path.read_bytes() if path.is_file() else None
        return self._after[path]


@dataclass(frozen=True)
class ChangePlan:
    """A change of the workspace that is allowed.

    Attributes:
        what: what it does, in a few words.
        root: the workspace.
        changes: every file that changes.
        moved: new path → old path of files that are moved.
        stand_ins: new files at the old path of a moved one.
        notes: facts to know before it is confirmed.
        review: other places that name the product, which a person must review.
        next_steps: what to do afterwards.
    """

    what: str
    root: Path
    changes: tuple[FileChange, ...]
    moved: dict[Path, Path] = field(default_factory=dict)
    stand_ins: frozenset[Path] = frozenset()
    notes: tuple[str, ...] = ()
    review: tuple[Place, ...] = ()
    next_steps: tuple[str, ...] = ()

    def write(self) -> None:
        """Write all changes or none. Raises ChangedMeanwhile."""
        commit_changes(self.root, self.changes)

    def actions(self) -> Iterator[tuple[str, str]]:
        """Yield an action (`create`, `edit`, `move`, `remove`) and a path for each file."""
        old = set(self.moved.values())
        for change in self.changes:
            name = self._name(change.path)
            if change.path in self.moved:
                yield "move", f"{self._name(self.moved[change.path])} -> {name}"
            elif change.after is None:
                if change.path not in old:
                    yield "remove", name
            else:
                is_new = change.before is None or change.path in self.stand_ins
                yield ("create" if is_new else "edit"), name

    def differences(self) -> Iterator[str]:
        """Yield a unified diff of each file that is edited, also while it is moved, and the text of each stand-in."""
        before = {change.path: change.before for change in self.changes}
        for change in self.changes:
            source = self.moved.get(change.path, change.path)
            old = b"" if change.path in self.stand_ins else before.get(source)
            if change.after is not None and old is not None and old != change.after:
                there, planned = (content.decode("utf-8", "replace").splitlines() for content in (old, change.after))
                names = self._name(source) if old else "/dev/null", self._name(change.path)
                yield "\n".join(difflib.unified_diff(there, planned, *names, n=1, lineterm=""))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()
