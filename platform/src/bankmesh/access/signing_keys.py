"""Keys of a mesh home: Ed25519 keys of tokens, of receipts and of the audit log, and the secret of subjects.

They lie in `<home>/access/keys`, readable for their owner alone, and are made on first use by one process at a time.
The public half of each signing key is kept under the key's id, so that what an earlier key has signed stays verifiable
after the private half is moved away and the next use makes another one.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from bankmesh.errors import BankmeshError
from bankmesh.storage.atomic_files import lock_file, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_FOLDER = ("access", "keys")
_SUBJECTS = "subjects.key"
_SECRET_BYTES = 32
_ID_DIGITS = 16


class KeyUse(StrEnum):
    """What a key signs; no key signs two kinds of things."""

    TOKENS = "tokens"
    RECEIPTS = "receipts"
    AUDIT = "audit"


class UnusableKey(BankmeshError):
    """A key cannot be used: other users can read its file, or the file holds no key."""

    def __init__(self, file: Path, problem: str, next_step: str) -> None:
        self.file, self.problem = file, problem
        super().__init__(f"{file} {problem}. {next_step}.")


@dataclass(frozen=True)
class SigningKey:
    """A private key with its id, the first 16 hexadecimal digits of the SHA-256 of its public half."""

    id: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> Ed25519PublicKey:
        """The public half."""
        return self.private.public_key()

    def sign(self, message: bytes) -> str:
        """Return the signature in hexadecimal; the same message has the same signature."""
        return self.private.sign(message).hex()


def key_folder(home: Path) -> Path:
    """Return the folder of a home's keys."""
    return home.joinpath(*_FOLDER)


def private_key_file(home: Path, use: KeyUse) -> Path:
    """Return the file of a private key."""
    return key_folder(home) / f"{use}.pem"


def load_signing_key(home: Path, use: KeyUse) -> SigningKey:
    """Return the key, which is made if there is none. Raises UnusableKey, and OSError if it cannot be written."""
    file = private_key_file(home, use)
    if not file.is_file():
        _make_once(file, _make_signing_key)
    return _read_signing_key(file)


def load_subject_secret(home: Path) -> bytes:
    """Return the secret under which subjects are hashed in the audit log, made if there is none. Raises UnusableKey."""
    file = key_folder(home) / _SUBJECTS
    if not file.is_file():
        _make_once(file, lambda place: write_private(place, secrets.token_hex(_SECRET_BYTES)))
    _require_private(file)
    try:
        found = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except ValueError:
        found = b""
    if len(found) != _SECRET_BYTES:
        raise UnusableKey(file, "holds no secret of 32 bytes", "Restore it from a backup")
    return found


def find_public_key(home: Path, use: KeyUse, key_id: str) -> Ed25519PublicKey | None:
    """Return the public half of a key that this home has had; None if there is no such file, or it is another key's."""
    if not (len(key_id) == _ID_DIGITS and key_id.isalnum()):
        return None
    file = key_folder(home) / f"{use}.{key_id}.pub.pem"
    if not file.is_file():
        return None
    found = read_public_key(file)
    return found if public_key_id(found) == key_id else None


def read_public_key(file: Path) -> Ed25519PublicKey:
    """Read a public key in PEM. Raises UnusableKey."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(file.read_bytes())
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise UnusableKey(file, "is no public Ed25519 key in PEM", "Name a file such as receipts.<key id>.pub.pem")
    return found


def public_key_id(key: Ed25519PublicKey) -> str:
    """Return the id of a key, by its public half."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:_ID_DIGITS]


def is_signed(key: Ed25519PublicKey, message: bytes, signature: str) -> bool:
    """Whether a signature in hexadecimal is the key's for the message."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """Return JSON with sorted keys and without spaces, as it is signed and hashed."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def write_private(file: Path, content: str | bytes) -> None:
    """Write a file that only its owner can read, as a whole or not at all; its folder must exist."""
    write_atomically(file, content)  # temporary files are made with mode 0600


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, and those above it with the usual permissions."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def _make_once(file: Path, make: Callable[[Path], None]) -> None:
    make_private_folder(file.parent)
    with lock_file(file.parent / ".lock"):
        if not file.is_file():  # another process may have made it meanwhile
            make(file)
            _sync_folder(file.parent)


def _make_signing_key(file: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    made = Ed25519PrivateKey.generate()
    public = made.public_key()
    shown = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    hidden = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # The public half first: whatever the private one signs can then be verified, also after a kill.
    place = file.with_name(f"{file.stem}.{public_key_id(public)}.pub.pem")
    write_atomically(place, shown)
    place.chmod(0o644)
    write_private(file, hidden)


def _read_signing_key(file: Path) -> SigningKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    _require_private(file)
    try:
        found = load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise UnusableKey(file, "is no private Ed25519 key in PEM", "Restore it from a backup, or move it away")
    return SigningKey(public_key_id(found.public_key()), found)


def _require_private(file: Path) -> None:
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnusableKey(file, "can be read by other users", f"Run `chmod 600 {file}`")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
