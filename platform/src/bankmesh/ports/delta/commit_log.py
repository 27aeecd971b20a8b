"""Commits of a port's Delta log, read as files: their versions, their metadata, and the files that they add.

`DeltaTable.history()` numbers commits backwards from the version at which the table was opened, but lists the log
afresh. Its numbers are wrong if other commits were made in between.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import orjson

from bankmesh.errors import PortError
from bankmesh.ports.port_locations import LOG_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bankmesh.ports.port_locations import Port

_SUFFIX = ".json"


class DamagedCommit(PortError):
    """A commit of a port's Delta log is empty, cut off, or not JSON, as a disk or a power cut may leave it."""

    def __init__(self, port: Port, version: int, file: Path) -> None:
        self.port, self.version, self.file = port.name, version, file
        super().__init__(
            f"{port.name}: commit {version} of its Delta log is damaged ({file}). Nothing of the port is read or "
            "published until it is repaired: restore the file from a backup; or, if it is the newest, remove it, and "
            "readers get the version before."
        )


def commit_versions(port: Port) -> list[int]:
    """Return the versions whose commits the log still has, oldest first."""
    try:
        names = os.listdir(port.path / LOG_FOLDER)  # noqa: PTH208 - a thousand commits are listed for each publish
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return sorted(int(stem) for stem in stems if stem.isdigit())


def commit_infos(port: Port, *keys: str, above: int = -1) -> Iterator[dict[str, Any]]:
    """Yield the `commitInfo` of commits after version `above` that have one of these keys, newest first.

    Each has its `version` beside its own keys; a commit is read only when the iteration reaches it.
    """
    for version in reversed(commit_versions(port)):
        if version <= above:
            return
        if info := commit_info(port, version, *keys):
            yield info


def commit_info(port: Port, version: int, *keys: str) -> dict[str, Any]:
    """Return a commit's `commitInfo` with its `version`; empty if it has none of these keys, or is missing.

    Raises DamagedCommit.
    """
    texts = [f'"{key}"'.encode() for key in keys]
    try:
        lines = _path(port, version).read_bytes().splitlines()
    except FileNotFoundError:
        return {}  # Expiry has removed it since the log was listed.
    try:
        # Usually the first of many lines: the others, one for each file, are not parsed. A line without any of the
        # keys is not parsed either: most of its text is a gate's result.
        line = next((line for line in lines if line.startswith(b'{"commitInfo"')), b"")
        # Of a commit that was cut off the last line is missing; without a commitInfo any line may be what was damaged.
        for other in lines[-1:] if line else lines or [b""]:
            orjson.loads(other)
        info = orjson.loads(line)["commitInfo"] if any(text in line for text in texts) else {}
    except ValueError as error:
        raise DamagedCommit(port, version, _path(port, version)) from error
    return {**info, "version": version} if any(key in info for key in keys) else {}


def added_files(port: Port, version: int) -> Iterator[dict[str, Any]]:
    """Yield the add actions of a commit of any writer. Raises FileNotFoundError, or ValueError for invalid JSON."""
    with _path(port, version).open("rb") as lines:
        for line in lines:
            # JSON also spells these letters as \u escapes; none may be missed, because expiry deletes by this.
            if b'"add"' in line or b"\\u" in line:
                added = json.loads(line).get("add")
                if added is not None:
                    yield added


def changes_rows(port: Port, version: int) -> bool:
    """Whether a commit, of any writer, adds or removes files; True for a missing one. Raises DamagedCommit."""
    try:
        content = _path(port, version).read_bytes()
    except FileNotFoundError:
        return True
    try:
        return any({"add", "remove"} & json.loads(line).keys() for line in content.splitlines())
    except (AttributeError, ValueError) as error:  # a line is no object, or no JSON
        raise DamagedCommit(port, version, _path(port, version)) from error


def _path(port: Port, version: int) -> Path:
    return port.path / LOG_FOLDER / f"{version:020d}{_SUFFIX}"
