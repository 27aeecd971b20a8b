"""The receipt of a read: what was read, under which decision, and where the audit log has it; signed with Ed25519.

A receipt is made from the two records of a read and nothing else, and equal records have an equal signature. So
receipts are not stored: the one that a reader was given and the one that the log gives years later are the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.access.signing_keys import (
    KeyUse,
    canonical_json,
    find_public_key,
    is_signed,
    load_signing_key,
    public_key_id,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Receipt = dict[str, Any]

FORMAT = "bankmesh-receipt/1"
BOUNDARY = "none (local storage)"
"""Of reads on one machine: the reader owns the storage, so other ways to the rows than this read are not shown."""
_SIGNED = b"bankmesh receipt\n"
_OF_THE_READ = (
    "version", "contract", "published_contract", "gate", "lineage", "purpose", "policy", "columns", "masks", "filter",
    "pseudonym_key", "obligations", "principal", "issuer", "client", "roles", "way", "statement",
)  # fmt: skip


def sign_receipt(home: Path, position: str, record: str, begin: Mapping[str, Any], end: Mapping[str, Any]) -> Receipt:
    """Return the signed receipt of a read, from its two records in the audit log.

    Args:
        home: the mesh home, whose key signs.
        position: `CHAIN:SEQUENCE` of the first record.
        record: the digest of the first record.
        begin: the first record.
        end: the last record.

    Raises UnusableKey, and OSError if there is no key yet and none can be written.
    """
    key = load_signing_key(home, KeyUse.RECEIPTS)
    content = {**receipt_content(position, record, begin, end), "key": key.id}
    return {**content, "signature": key.sign(_SIGNED + canonical_json(content))}


def receipt_content(position: str, record: str, begin: Mapping[str, Any], end: Mapping[str, Any]) -> Receipt:
    """Return what a receipt says of a read, without the key and the signature; see `sign_receipt`."""
    return {
        "format": FORMAT,
        "product": begin["port"],
        **{name: begin.get(name) for name in _OF_THE_READ},
        "began_at": begin["at"],
        "ended_at": end["at"],
        "rows": end["rows"],
        "cancelled": end["cancelled"],
        "audit": {"position": position, "record": record},
        "boundary": BOUNDARY,
    }


def signature_fault(receipt: Mapping[str, Any], key: Ed25519PublicKey) -> str:
    """Return why a receipt is not valid under a public key; empty if it is."""
    if receipt.get("format") != FORMAT:
        return f"it is no receipt of the format {FORMAT}"
    content = {name: value for name, value in receipt.items() if name != "signature"}
    signature = receipt.get("signature")
    if not isinstance(signature, str):
        return "it has no signature"
    if receipt.get("key") != public_key_id(key):
        return "it names another key than the one that it is checked with"
    try:
        signed = _SIGNED + canonical_json(content)
    except (TypeError, ValueError):  # a number of more than 64 bits, which no receipt holds
        return "its content is not what was signed"
    return "" if is_signed(key, signed, signature) else "its content is not what was signed"


def find_receipt_key(home: Path, receipt: Mapping[str, Any]) -> Ed25519PublicKey | None:
    """Return the public key that a receipt names; None if this home has never had it."""
    return find_public_key(home, KeyUse.RECEIPTS, str(receipt.get("key", "")))
