"""Loads the registry of a workspace: the platform's `roles.yaml` and `purposes.yaml`, and the workspace's own."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.access.errors import PolicyFaults
from bankmesh.access.registry.reader_registry import ReaderRegistry
from bankmesh.access.registry.registry_files import RegistryEntries
from bankmesh.errors import Fault
from bankmesh.yaml.documents import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICIES = "policies"
"""The folder of a workspace's roles, purposes and policies."""
PURPOSES_FILE, ROLES_FILE = "purposes.yaml", "roles.yaml"
NO_FILE = "this is no file, but a pipe, a device or the like, which is not read; put a file here, or remove it"

_PACKAGE = Path(__file__).parents[2]
_PACKAGED = "platform_policies"


def platform_policy_folder() -> Path:
    """Return the folder of the platform's own policies: within the installed package, or `platform/policies`."""
    packaged = _PACKAGE / _PACKAGED
    return packaged if packaged.is_dir() else _PACKAGE.parents[1] / POLICIES


def load_registry(root: Path) -> ReaderRegistry:
    """Return who may read for what in the workspace at `root`; a file that it does not have adds nothing.

    Cached by the contents of the files. Raises PolicyFaults with every fault, and OSError if a file cannot be read.
    """
    return _load(tuple(_contents(root)))


def lists_own_roles(root: Path) -> bool:
    """Whether the workspace has a `roles.yaml` of its own: its contracts can then name no role that is not listed."""
    return (root / POLICIES / ROLES_FILE).is_file()


def _contents(root: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield kind, path and content of each file, purposes first, the platform's before the workspace's.

    Raises PolicyFaults for what has the name of one and is none.
    """
    for name in (PURPOSES_FILE, ROLES_FILE):
        for folder in (platform_policy_folder(), root / POLICIES):
            file = folder / name
            if file.is_file():
                yield name, str(file), file.read_bytes()
            elif os.path.lexists(file):
                raise PolicyFaults([Fault(str(file), 0, "policy-unreadable", NO_FILE)])


@lru_cache(maxsize=16)
def _load(contents: tuple[tuple[str, str, bytes], ...]) -> ReaderRegistry:
    entries = RegistryEntries()
    for kind, file, content in contents:
        text, faults = decode(file, content)
        entries.faults += faults
        if faults:
            continue
        if kind == PURPOSES_FILE:
            entries.read_purposes(file, text)
        else:
            entries.read_roles(file, text)
    if entries.faults:
        raise PolicyFaults(dict.fromkeys(entries.faults))
    return ReaderRegistry(entries.roles, entries.purposes, entries.issuers, entries.clients, _digest(contents))


def _digest(contents: tuple[tuple[str, str, bytes], ...]) -> str:
    """Return the SHA-256 of the files; their paths differ between machines and do not count."""
    parts = hashlib.sha256()
    for kind, _, content in contents:
        parts.update(f"{kind}:{len(content)}:".encode())
        parts.update(content)
    return parts.hexdigest()
