"""Commits of a port's Delta log, read as files: which there are, what each says of itself, and which files it adds.

`DeltaTable.history()` lists the log anew and counts down from the version at which the table was opened, so it
numbers wrongly whatever was committed in between.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import orjson

from bankmesh.ports.port_locations import LOG_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bankmesh.ports.port_locations import Port

_SUFFIX = ".json"


def commit_versions(port: Port) -> list[int]:
    """Versions whose commits the log still has, oldest first."""
    try:
        names = os.listdir(port.path / LOG_FOLDER)  # noqa: PTH208 - a thousand commits are listed for each publish
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return sorted(int(stem) for stem in stems if stem.isdigit())


def commit_infos(port: Port, *keys: str, above: int = -1) -> Iterator[dict[str, Any]]:
    """What commits after version `above` that have one of these keys say of themselves, newest first.

    Each has its `version` beside its own keys, and is read when it is its turn.
    """
    for version in reversed(commit_versions(port)):
        if version <= above:
            return
        if info := commit_info(port, version, *keys):
            yield info


def commit_info(port: Port, version: int, *keys: str) -> dict[str, Any]:
    """What a commit says of itself, and its `version`; empty if it has none of these keys, or is gone."""
    texts = [f'"{key}"'.encode() for key in keys]
    try:
        with _path(port, version).open("rb") as lines:
            for line in lines:
                # Usually the first of many: the others, one for each file, need not be parsed.
                if line.startswith(b'{"commitInfo"'):
                    # Nor need one that none of the keys is written in: a gate's result is most of its text.
                    info = orjson.loads(line)["commitInfo"] if any(text in line for text in texts) else {}
                    return {**info, "version": version} if any(key in info for key in keys) else {}
    except FileNotFoundError:
        pass  # Expiry has removed it since it was listed.
    return {}


def added_files(port: Port, version: int) -> Iterator[dict[str, Any]]:
    """The add actions of a commit of any writer; raises FileNotFoundError if it is gone, ValueError if no JSON."""
    with _path(port, version).open("rb") as lines:
        for line in lines:
            # JSON has one other way to write these letters, as \u escapes. Files are deleted by what is found here.
            if b'"add"' in line or b"\\u" in line:
                added = json.loads(line).get("add")
                if added is not None:
                    yield added


def changes_rows(port: Port, version: int) -> bool:
    """Whether a commit, of any writer, adds or removes files; one that is gone may have."""
    try:
        content = _path(port, version).read_bytes()
    except FileNotFoundError:
        return True
    return any({"add", "remove"} & json.loads(line).keys() for line in content.splitlines())


def _path(port: Port, version: int) -> Path:
    return port.path / LOG_FOLDER / f"{version:020d}{_SUFFIX}"
