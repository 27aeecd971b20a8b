"""Files of a system's folder that no landing reads, because of the choice of a pattern or because no object names them.

Hidden files and READMEs hold no rows; a declaration lists other known files in `ignore`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bankmesh.errors import shorten_list
from bankmesh.sources.export_files import copies, matched_files, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bankmesh.sources.declarations.source_declaration import LegacyObject, LegacySystem

ALWAYS_IGNORED = (".*", "README*")


@dataclass(frozen=True)
class PassedOverFiles:
    """Files that match a pattern of the object and are not read, and the files that are read instead.

    `copies` have the same content as a file that is read, so none of their rows is missing.
    """

    object: str
    files: tuple[str, ...]
    taken: tuple[str, ...]
    copies: tuple[str, ...]

    def __str__(self) -> str:
        return f"{shorten_list(self.files)} ({self.object} reads {shorten_list(self.taken)})"


@dataclass(frozen=True)
class UnreadFiles:
    """All files of a system that are not read; `first_object` is the first object that the system declares."""

    system: str
    passed_over: tuple[PassedOverFiles, ...]
    untaken: tuple[str, ...]
    first_object: str = ""

    def __bool__(self) -> bool:
        return bool(self.passed_over or self.untaken)

    def __str__(self) -> str:
        parts = [str(found) for found in self.passed_over]
        if self.untaken:
            parts.append(f"{shorten_list(self.untaken)} (no object takes it)")
        return f"{self.system}, files not read: {'; '.join(parts)}."


def passed_over(obj: LegacyObject, exports: Path) -> PassedOverFiles:
    """Return the files that the object's patterns match and its landing does not read."""
    groups = matched_files(obj, exports)
    taken = groups[0] if groups else ()
    doubled = copies(obj, exports)
    # A later pattern may match files that an earlier one has matched.
    later = {path for group in groups[1:] for path in group} - set(taken)
    return PassedOverFiles(
        obj.name,
        tuple(sorted(name_of(path, obj, exports) for path in later)),
        tuple(name_of(path, obj, exports) for path in taken if path not in doubled),
        tuple(f"{name_of(a, obj, exports)} (as {name_of(b, obj, exports)})" for a, b in doubled.items()),
    )


def unread_files(system: LegacySystem, systems: Iterable[LegacySystem], exports: Path) -> UnreadFiles:
    """Return the unread files of a system; `systems` are all that may share its folder, including other domains'."""
    found = [passed_over(obj, exports) for obj in system.objects]
    untaken = untaken_files(system, tuple(systems), exports)
    return UnreadFiles(system.name, tuple(one for one in found if one.files), untaken, system.objects[0].name)


def untaken_files(system: LegacySystem, systems: Sequence[LegacySystem], exports: Path) -> tuple[str, ...]:
    """Return the files below the system's folder that belong to no object of any system, by path below that folder."""
    folder = exports / system.folder
    if not folder.is_dir():
        return ()
    known = {path for other in systems for path in _known_files(other, exports)}
    elsewhere = [
        exports / other.folder
        for other in systems
        if other.folder != system.folder and (exports / other.folder).is_relative_to(folder)
    ]
    ignored = [pattern for other in systems if other.folder == system.folder for pattern in other.ignore]
    names = (
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and path not in known and not any(path.is_relative_to(place) for place in elsewhere)
    )
    return tuple(sorted(name.as_posix() for name in names if not _is_ignored(PurePosixPath(name), ignored)))


def _known_files(system: LegacySystem, exports: Path) -> set[Path]:
    found = {path for obj in system.objects for group in matched_files(obj, exports) for path in group}
    rules = [obj.complete_through for obj in system.objects if obj.complete_through is not None]
    return found | {exports / system.folder / rule.control_file for rule in rules if rule.control_file is not None}


def _is_ignored(name: PurePosixPath, patterns: Iterable[str]) -> bool:
    hidden = any(part.startswith(".") for part in name.parts)
    return hidden or any(name.match(pattern) for pattern in (*ALWAYS_IGNORED, *patterns))
