"""The recorder of reads: one record before the first byte, one after the last, and the receipt of the read."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from bankmesh.access.audit.audit_record import RecordKind
from bankmesh.access.audit.statement_text import without_literals
from bankmesh.access.audit.subject_lookups import hash_lookups, statement_lookups, subject_key_id, unconfined_domains
from bankmesh.access.errors import AuditUnavailable
from bankmesh.access.model import STRICT_AUDIT
from bankmesh.access.receipts.read_receipt import Receipt, sign_receipt
from bankmesh.access.signing_keys import UnusableKey, canonical_json, load_subject_secret
from bankmesh.access.tokens.current_reader import require_unexpired

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bankmesh.access.audit.audit_record import AuditPosition
    from bankmesh.access.model import AccessDecision, Principal
    from bankmesh.ports import OpenVersion
    from bankmesh.ports.publication import Provenance


class RecordingLog(Protocol):
    """The log that reads are recorded in: `AuditLog`."""

    home: Path

    def append(
        self,
        kind: RecordKind,
        port: str,
        fields: Mapping[str, Any],
        *,
        wait: bool = False,
        begun: AuditPosition | None = None,
    ) -> AuditPosition:
        """Append a record, and return where it lies. Raises AuditUnavailable."""

    def record_refusals(
        self, decision: AccessDecision, way: str, columns: Sequence[str] | None = None
    ) -> AbstractContextManager[None]:
        """Return a block whose refusal is recorded and raised on."""


class AuditedReads:
    """Records the reads of one version under one decision; each call of `begin` is a read."""

    def __init__(
        self,
        log: RecordingLog,
        decision: AccessDecision,
        facts: Mapping[str, Any],
        subjects: Mapping[str, str],
    ) -> None:
        """`facts` are fields of every record; `subjects` maps columns to subject domains."""
        self.home, self.decision = log.home, decision
        self._log, self._facts, self._subjects = log, facts, subjects
        self._must_wait = STRICT_AUDIT in decision.obligations
        self._last: AuditedRead | None = None
        self._secret = b""

    def begin(
        self,
        columns: Sequence[str],
        way: str,
        statement: str | None = None,
        *,
        lookups: Mapping[str, Collection[object]] | None = None,
        confined: Collection[str] = (),
    ) -> AuditedRead:
        """Record that a read begins; call it before the first byte is read.

        Raises AuditUnavailable, and IdentityRefused, on record, if the reader's token has expired since the decision.

        Args:
            columns: the columns that are read.
            way: how: `scan`, `arrow`, `sql`, `get`, `diff`.
            statement: the reader's SQL; its literals are not recorded.
            lookups: the values that the reader's predicate compares columns with, by column; of columns that name a
                subject, their keyed hashes are recorded. Those in the statement are found here.
            confined: the columns that have one of these values in every row that is read.
        """
        with self.record_refusals(way, columns):
            require_unexpired(self.decision.principal, datetime.now(UTC))
        searched: dict[str, Collection[object]] = dict(lookups or {})
        if statement is not None and self._subjects:
            for name, values in statement_lookups(statement, self._subjects).items():
                known = searched.get(name, ())
                searched[name] = (*known, *sorted(values.difference(map(str, known))))
        masks = self.decision.masks
        fields = {
            **self._facts,
            "columns": list(columns),
            "masks": {name: str(masks[name]) for name in columns if name in masks},
            "way": way,
            "statement": None if statement is None else without_literals(statement, self.decision.columns),
            **self._hashes(searched),
            "unconfined": unconfined_domains(self._subjects, searched, confined),
        }
        position = self._log.append(RecordKind.BEGIN, self.decision.port, fields, wait=self._must_wait)
        return AuditedRead(self, position, fields)

    def record_refusals(self, way: str, columns: Sequence[str] | None = None) -> AbstractContextManager[None]:
        """Return a block whose AccessDenied or IdentityRefused is recorded, once, and raised on."""
        return self._log.record_refusals(self.decision, way, columns)

    def _hashes(self, lookups: Mapping[str, Collection[object]]) -> dict[str, Any]:
        """Return the fields of looked-up subjects: their hashes, and the id of the key of these."""
        if not any(column in self._subjects for column in lookups):
            return {"subjects": {}, "subject_key": None}
        try:
            self._secret = self._secret or load_subject_secret(self.home)
            hashes = hash_lookups(self._secret, self._subjects, lookups)
            return {"subjects": hashes, "subject_key": subject_key_id(self._secret) if hashes else None}
        except (OSError, UnusableKey) as error:
            raise AuditUnavailable(self.decision.port, f"the key of subjects: {type(error).__name__}") from error

    @property
    def receipt(self) -> Receipt:
        """The receipt of the read that has ended last. Raises ValueError before the first one."""
        if self._last is None:
            raise ValueError("no read has ended yet, so there is no receipt")
        return self._last.receipt

    def end(self, read: AuditedRead, fields: Mapping[str, Any]) -> AuditPosition:
        """Record the end of a read. Raises AuditUnavailable."""
        position = self._log.append(
            RecordKind.END, self.decision.port, fields, wait=self._must_wait, begun=read.position
        )
        self._last = read
        return position


class AuditedRead:
    """A read that has begun."""

    def __init__(self, reads: AuditedReads, position: AuditPosition, begin: Mapping[str, Any]) -> None:
        self.position = position
        self._reads, self._begin = reads, begin
        self._ended: dict[str, Any] | None = None

    def end(self, rows: int, cancelled: bool) -> None:  # noqa: FBT001 - the protocol of readers
        """Record how many rows have left, once; a second call does nothing.

        Raises AuditUnavailable, unless the read was cancelled: then its own error is on its way.
        """
        if self._ended is not None:
            return
        fields = {"read": str(self.position), "rows": rows, "cancelled": cancelled}
        try:
            at = self._reads.end(self, fields).at
        except AuditUnavailable:
            if not cancelled:
                raise
        else:
            self._ended = {**fields, "at": at}

    @property
    def receipt(self) -> Receipt:
        """The signed receipt. Raises ValueError before the end of the read."""
        if self._ended is None:
            raise ValueError("the read has not ended, so there is no receipt yet")
        begin = {**self._begin, "at": self.position.at}
        return sign_receipt(self._reads.home, str(self.position), self.position.digest, begin, self._ended)


def read_facts(decision: AccessDecision, opened: OpenVersion, pseudonym_key: str) -> dict[str, Any]:
    """Return the fields that all reads of a version under a decision share."""
    made = opened.provenance
    return {
        **principal_fields(decision.principal),
        "port": decision.port,
        "version": opened.version,
        "purpose": decision.purpose,
        "policy": decision.policy_digest,
        "contract": decision.contract_digest,
        "published_contract": made.contract_digest,
        "gate": dict(made.gate.get("counts") or {}),
        "lineage": lineage_digest(made),
        "filter": None if decision.row_filter.is_everything else decision.row_filter.digest,
        "pseudonym_key": pseudonym_key or None,
        "obligations": sorted(decision.obligations),
    }


def lineage_digest(made: Provenance) -> str:
    """Return the SHA-256 of what a version was made from: inputs with their versions, code, and column lineage."""
    lineage = None if made.lineage is None else dict(made.lineage)
    origin = {"inputs": dict(made.inputs), "code": made.code_version, "run": made.run_id, "lineage": lineage}
    return hashlib.sha256(canonical_json(origin)).hexdigest()


def principal_fields(principal: Principal | None) -> dict[str, Any]:
    """Return what records hold of a reader."""
    if principal is None:
        return {"principal": None, "issuer": None, "client": None, "roles": []}
    return {
        "principal": principal.id,
        "issuer": principal.issuer,
        "client": principal.client,
        "roles": sorted(principal.roles),
    }
