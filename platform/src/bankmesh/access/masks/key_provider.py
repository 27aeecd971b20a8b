"""Where the master keys of pseudonyms come from: a file of the mesh home, an environment variable, or a command.

All three give one JSON document, `{"current": 2, "keys": {"1": "<64 hexadecimal digits>", "2": "..."}}`. Reads use
the current key. Older ones stay, so that an auditor can relate pseudonyms of earlier extracts. A document that is
missing, unreadable or not safe refuses the read: there is no default key, and none is made while reading.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bankmesh.access.masks.pseudonyms import KeyUnavailable, PseudonymKey
from bankmesh.settings import PSEUDONYM_KEYS, PSEUDONYM_KEYS_COMMAND
from bankmesh.storage.atomic_files import lock_file, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

KEY_FILE = "access/keys/pseudonyms.json"
_SECRET_BYTES = 32
_SECRET = re.compile(r"[0-9a-f]{64,256}", re.ASCII)
_VERSION = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_COMMAND_SECONDS = 10
_LARGEST = 1 << 20


class KeyProvider(Protocol):
    """A source of master keys."""

    def current_key(self) -> PseudonymKey:
        """Return the key that reads use now. Raises KeyUnavailable."""


@dataclass(frozen=True, repr=False)
class PinnedKey:
    """A key that was read once, so that a read and its receipt have the same one, whatever is rotated meanwhile."""

    key: PseudonymKey

    def current_key(self) -> PseudonymKey:
        """Return the key."""
        return self.key


@dataclass(frozen=True)
class KeyFile:
    """Keys in a file that its owner alone can read: the provider of one machine."""

    path: Path

    def current_key(self) -> PseudonymKey:
        """Return the current key of the file. Raises KeyUnavailable."""
        keys, current = parse_keys(self._read())
        return PseudonymKey(current, keys[current])

    def _read(self) -> str:
        step = f"`chmod 600` it, or name another provider in {PSEUDONYM_KEYS_COMMAND}"
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise KeyUnavailable(f"{KEY_FILE} of the mesh home does not exist", CREATE_STEP) from None
        except OSError:
            raise KeyUnavailable(f"{KEY_FILE} of the mesh home cannot be opened", step) from None
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in {0, os.geteuid()}:
                raise KeyUnavailable(f"{KEY_FILE} of the mesh home is not a file of this user", step)
            if found.st_mode & 0o077:
                raise KeyUnavailable(f"{KEY_FILE} of the mesh home can be read by other users", step)
            return os.read(handle, _LARGEST).decode("utf-8", "replace")
        finally:
            os.close(handle)


@dataclass(frozen=True)
class KeyVariable:
    """Keys in the environment, as a secret store hands them to a container."""

    def current_key(self) -> PseudonymKey:
        """Return the current key. Raises KeyUnavailable."""
        keys, current = parse_keys(os.environ.get(PSEUDONYM_KEYS, ""))
        return PseudonymKey(current, keys[current])


@dataclass(frozen=True)
class KeyCommand:
    """Keys that a command prints, as the client of a vault does. It runs without a shell, once for each read."""

    command: str

    def current_key(self) -> PseudonymKey:
        """Run the command and return the current key. Raises KeyUnavailable, without anything that it printed."""
        step = f"Run the command of {PSEUDONYM_KEYS_COMMAND} by hand as this user"
        try:
            done = subprocess.run(  # noqa: S603 - the operator names the command
                shlex.split(self.command), capture_output=True, timeout=_COMMAND_SECONDS, check=False
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            raise KeyUnavailable("the command that prints them does not run", step) from None
        if done.returncode:
            raise KeyUnavailable(f"the command that prints them ended with code {done.returncode}", step)
        keys, current = parse_keys(done.stdout[:_LARGEST].decode("utf-8", "replace"))
        return PseudonymKey(current, keys[current])


CREATE_STEP = "`mesh policy keys create` makes it"


def key_provider(home: Path) -> KeyProvider:
    """Return the provider that the environment names: a command, else a variable, else the file of the home."""
    if command := os.environ.get(PSEUDONYM_KEYS_COMMAND):
        return KeyCommand(command)
    return KeyVariable() if os.environ.get(PSEUDONYM_KEYS) else KeyFile(home / KEY_FILE)


def parse_keys(text: str) -> tuple[dict[int, bytes], int]:
    """Read a document of keys: the keys by version, and the current version.

    Raises KeyUnavailable; its text says what is wrong and holds nothing of the document.
    """
    step = 'Write {"current": 1, "keys": {"1": "64 hexadecimal digits"}}'
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        raise KeyUnavailable("their document is not JSON without repeated keys", step) from None
    if not isinstance(document, dict) or set(document) != {"current", "keys"} or not isinstance(document["keys"], dict):
        raise KeyUnavailable("their document has other members than `current` and `keys`", step)
    found: Mapping[str, Any] = document["keys"]
    if not all(
        _VERSION.fullmatch(version) and isinstance(secret, str) and _SECRET.fullmatch(secret) and len(secret) % 2 == 0
        for version, secret in found.items()
    ):
        raise KeyUnavailable("a version is not a whole number, or a key not 64 lower-case hexadecimal digits", step)
    if len(set(found.values())) != len(found):
        raise KeyUnavailable("two versions have the same key", step)
    keys = {int(version): bytes.fromhex(secret) for version, secret in found.items()}
    current = document["current"]
    if isinstance(current, bool) or not isinstance(current, int) or current not in keys:
        raise KeyUnavailable("the current version has no key", step)
    return keys, current


def create_keys(home: Path) -> bool:
    """Create the file of keys with a first version, if there is none; return whether it was created."""
    path = _prepare(home)
    with lock_file(path.with_suffix(".lock")):
        if path.exists():
            return False
        _write(path, {1: secrets.token_bytes(_SECRET_BYTES)}, 1)
        return True


def rotate_keys(home: Path) -> int:
    """Add a key to the file and make it the current one; return its version. Older keys stay.

    Pseudonyms of later reads differ from those of earlier ones; receipts hold the version. Raises KeyUnavailable.
    """
    path = _prepare(home)
    with lock_file(path.with_suffix(".lock")):
        keys, _ = parse_keys(KeyFile(path)._read())  # noqa: SLF001 - the same module
        version = max(keys) + 1
        _write(path, {**keys, version: secrets.token_bytes(_SECRET_BYTES)}, version)
        return version


def _prepare(home: Path) -> Path:
    path = home / KEY_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _write(path: Path, keys: Mapping[int, bytes], current: int) -> None:
    document = {"current": current, "keys": {str(version): secret.hex() for version, secret in sorted(keys.items())}}
    write_atomically(path, json.dumps(document, indent=1) + "\n")  # with the rights of a temporary file: 0600


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found
