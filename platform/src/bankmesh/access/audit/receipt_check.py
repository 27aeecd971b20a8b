"""Whether a receipt is valid: its signature, and what the audit log holds at the position that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.access.audit.audit_query import find_end, find_record
from bankmesh.access.audit.audit_record import RecordKind, parse_position
from bankmesh.access.receipts.read_receipt import find_receipt_key, receipt_content, signature_fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True)
class ReceiptOutcome:
    """Why a receipt is not valid, empty if it is, and what it was compared with."""

    problem: str
    compared: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether nothing speaks against the receipt."""
        return not self.problem

    def __str__(self) -> str:
        return f"valid: {self.compared}" if self.is_valid else f"not valid: {self.problem}"


def check_receipt(home: Path | None, receipt: Mapping[str, Any], key: Ed25519PublicKey | None) -> ReceiptOutcome:
    """Check a receipt: with a public key its signature alone, else with the keys and the audit log of a home."""
    used = key or (find_receipt_key(home, receipt) if home else None)
    if used is None:
        return ReceiptOutcome("it names a key that this mesh home has never had; --key names a public key")
    if fault := signature_fault(receipt, used):
        return ReceiptOutcome(fault)
    if home is None or key is not None:
        return ReceiptOutcome("", "it is signed with this key; the audit log was not read")
    return _check_log(home, receipt)


def _check_log(home: Path, receipt: Mapping[str, Any]) -> ReceiptOutcome:
    position, digest = receipt["audit"]["position"], receipt["audit"]["record"]
    found = find_record(home, *parse_position(position))
    if found is None:
        return ReceiptOutcome(f"it is signed, but the audit log has no record {position}")
    end = find_end(home, position)
    if found[0] != digest or found[1]["kind"] != RecordKind.BEGIN or end is None:
        return ReceiptOutcome(f"it is signed, but the audit log has another record at {position}")
    content = receipt_content(position, digest, found[1], end)
    if any(receipt.get(name) != value for name, value in content.items()):
        return ReceiptOutcome(f"it is signed, but the audit log holds something else of {position}")
    return ReceiptOutcome("", f"it is signed, and the audit log has the read at {position}")
