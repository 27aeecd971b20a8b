"""The text of rejected records: for owners and stewards of the landing's domain, and each read is in the audit log."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.audit_record import RecordKind
from bankmesh.access.audit.read_recorder import principal_fields
from bankmesh.access.errors import AccessDenied, AuditUnavailable
from bankmesh.access.metadata_decisions import require_steward
from bankmesh.sources import read_rejects

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.access.metadata_reader import MetadataReader
    from bankmesh.sources import Landing, RejectedRecord
    from bankmesh.workspace.landing_names import LandingName

_WAY = "rejects"


def require_reject_texts(home: Path, reader: MetadataReader, name: LandingName) -> None:
    """Raise AccessDenied, after recording it, unless the reader may see the text of records of a landing."""
    try:
        require_steward(reader.principal, reader.purpose, name.domain, name.full, f"mesh rejects {name.short} --raw")
    except AccessDenied as refusal:
        with suppress(AuditUnavailable):  # the refusal itself must not depend on the log
            AuditLog(home).denied(reader.principal, name.full, reader.purpose, way=_WAY, why=type(refusal).__name__)
        raise


def read_reject_texts(
    home: Path, reader: MetadataReader, name: LandingName, landing: Landing, limit: int
) -> tuple[RejectedRecord, ...]:
    """Return the first rejected records of a landing with their text.

    Raises AccessDenied, and AuditUnavailable if the read cannot be recorded: then nothing is read.
    """
    require_reject_texts(home, reader, name)
    log = AuditLog(home)
    fields: dict[str, Any] = {
        **principal_fields(reader.principal),
        "port": name.full,
        "version": None,
        "landing": landing.fingerprint,
        "purpose": reader.purpose,
        "columns": [],
        "masks": {},
        "way": _WAY,
        "statement": None,
        "subjects": {},
    }
    begun = log.append(RecordKind.BEGIN, name.full, fields)
    ended: dict[str, Any] = {"read": str(begun), "rows": 0, "cancelled": True}
    try:
        found = read_rejects(landing.rejects_paths, limit, raw=True)
    except BaseException:
        with suppress(AuditUnavailable):  # the error of the read is on its way
            log.append(RecordKind.END, name.full, ended, begun=begun)
        raise
    log.append(RecordKind.END, name.full, ended | {"rows": len(found), "cancelled": False}, begun=begun)
    return found
