"""The audit log of a mesh home: a record before the first byte of each read, one after it, and one for each refusal.

What cannot be recorded is not read. No record holds a value of the data: columns and masks are names, statements have
no literals, conditions are digests, and the subjects that a read looks up are keyed hashes.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bankmesh.access.audit.audit_chain import ChainUnavailable, append_record
from bankmesh.access.audit.audit_record import RecordKind
from bankmesh.access.audit.read_recorder import AuditedReads, principal_fields, read_facts
from bankmesh.access.errors import AccessDenied, AuditUnavailable, IdentityRefused
from bankmesh.settings import access_database, is_audit_strict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.access.audit.audit_record import AuditPosition
    from bankmesh.access.model import AccessDecision, Principal
    from bankmesh.ports import OpenVersion

_PORT = re.compile(r"[a-z][a-z0-9_]{0,60}(\.[a-z][a-z0-9_]{0,100}){1,2}(@[1-9][0-9]{0,3})?", re.ASCII)
_PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,60}(\.[a-z0-9_]{1,60}){0,8}", re.ASCII)


class AuditLog:
    """The audit log of one home; instances of a process share its chain."""

    def __init__(self, home: Path, *, strict: bool | None = None) -> None:
        """`strict` is BANKMESH_AUDIT by default. Raises BadAuditMode."""
        self.home = home
        self.database = access_database(home)
        self.is_strict = is_audit_strict() if strict is None else strict

    def recorder_for(
        self,
        decision: AccessDecision,
        opened: OpenVersion,
        *,
        subjects: Mapping[str, str] | None = None,
        pseudonym_key: str = "",
    ) -> AuditedReads:
        """Return the recorder of reads of one version under one decision; nothing is written yet.

        Args:
            decision: the decision.
            opened: the version.
            subjects: the columns that name a subject, each with its subject domain, such as `party`.
            pseudonym_key: version of the key of pseudonyms, if a mask uses it.
        """
        return AuditedReads(self, decision, read_facts(decision, opened, pseudonym_key), subjects or {})

    @contextmanager
    def record_refusals(
        self, decision: AccessDecision, way: str, columns: Sequence[str] | None = None
    ) -> Iterator[None]:
        """Record an AccessDenied or IdentityRefused that the block raises, once, and raise it on."""
        try:
            yield
        except AuditUnavailable:
            raise
        except (AccessDenied, IdentityRefused) as error:
            if not error.is_recorded:
                self.denied(
                    decision.principal, decision.port, decision.purpose, way=way, why=type(error).__name__,
                    columns=columns or (), decision=decision,
                )  # fmt: skip
                error.is_recorded = True
            raise

    def denied(
        self,
        principal: Principal | None,
        port: str,
        purpose: str | None,
        *,
        way: str,
        why: str,
        columns: Iterable[str] = (),
        decision: AccessDecision | None = None,
    ) -> AuditPosition:
        """Record a refusal. Raises AuditUnavailable.

        Args:
            principal: the reader; None if the token is missing or not valid.
            port: the port that was requested; a text that names none is not recorded.
            purpose: the declared purpose; a text that is none is not recorded.
            way: how it was to be read: `scan`, `sql`, `get`.
            why: the name of the error's class, such as `NoPurpose`. Its text may repeat what the reader wrote.
            columns: the requested columns; of those that the decision does not know, only the number is recorded.
            decision: the decision, if one was made.
        """
        known = set(decision.columns) if decision else set()
        requested = list(columns)
        fields: dict[str, Any] = {
            **principal_fields(principal),
            "port": port if _names_port(port) else None,
            "purpose": purpose if purpose and _PURPOSE.fullmatch(purpose) else None,
            "way": way,
            "why": why,
            "columns": [name for name in requested if name in known],
            "unknown_columns": sum(name not in known for name in requested),
            "policy": decision.policy_digest if decision else None,
            "places": sorted({str(reason.place) for reason in decision.reasons if reason.place}) if decision else [],
        }
        return self.append(RecordKind.DENIED, port, fields)

    def inspected(self, principal: Principal, product: str | None, *, by_subject: bool, records: int) -> AuditPosition:
        """Record that somebody has queried the log itself. Raises AuditUnavailable."""
        fields = {
            **principal_fields(principal),
            "port": product if product and _names_port(product) else None,
            "way": "audit",
            "by_subject": by_subject,
            "records": records,
        }
        return self.append(RecordKind.INSPECTION, product or "audit", fields)

    def append(
        self,
        kind: RecordKind,
        port: str,
        fields: Mapping[str, Any],
        *,
        wait: bool = False,
        begun: AuditPosition | None = None,
    ) -> AuditPosition:
        """Append a record; in strict mode, or with `wait`, return once it is on the disk. Raises AuditUnavailable."""
        try:
            return append_record(self.home, self.database, kind, fields, wait=wait or self.is_strict, begun=begun)
        except ChainUnavailable as error:
            raise AuditUnavailable(port, str(error)) from error


def _names_port(text: str) -> bool:
    """Whether a text has the form of a product or a landing: `retail.party@2`, `retail.landing.core_banking_trans`."""
    return _PORT.fullmatch(text) is not None
