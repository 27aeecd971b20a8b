"""Registered chains and anchored heads in the access database, each signed with the audit key of the mesh home.

An anchor says: record `sequence` of the chain had this digest, and was on the disk. So a chain that is shorter, or that
has another record there, was changed afterwards. A holder of both the database and the key can write other anchors.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bankmesh.access.audit.audit_record import FIRST_PREVIOUS, AuditPosition, now_text
from bankmesh.access.audit.tables import anchors, chains, open_access_database
from bankmesh.access.signing_keys import KeyUse, canonical_json, find_public_key, is_signed
from bankmesh.storage.databases import Closing

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from bankmesh.access.signing_keys import SigningKey

_REGISTRATION, _ANCHOR = b"bankmesh audit chain\n", b"bankmesh audit anchor\n"
_REGISTERING = 4_229_007  # an arbitrary advisory lock id of PostgreSQL: registrations are made one after another


@dataclass(frozen=True)
class ChainRegistration:
    """A registered chain.

    Attributes:
        chain: its name.
        first: the digest of its first record.
        facts: where and when it began: `host`, `process`, `started_at`.
        fault: why the registration is not to be trusted; empty if it is.
    """

    chain: str
    first: str
    facts: dict[str, Any]
    fault: str = ""


@dataclass(frozen=True)
class ChainAnchor:
    """An anchored head; `fault` says why it is not to be trusted, and is empty if it is."""

    chain: str
    sequence: int
    digest: str
    at: str
    fault: str = ""


class ChainAnchors(Closing):
    """The access database at a SQLAlchemy URL. Writing closes its connections again, so that forks are safe."""

    def __init__(self, url: str) -> None:
        """Open the database and make missing tables. Raises NewerTables, and SQLAlchemyError."""
        self._engine = open_access_database(url)
        self._engine.dispose()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def register(self, chain: str, first: str, facts: dict[str, Any], key: SigningKey) -> None:
        """Register a chain before its first record is written. Raises SQLAlchemyError."""
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(sa.text("select pg_advisory_xact_lock(:number)"), {"number": _REGISTERING})
            body = canonical_json({**facts, "chain": chain, "first": first, "previous": _last_digest(connection)})
            row = {
                "chain": chain,
                "body": body.decode(),
                "digest": hashlib.sha256(body).hexdigest(),
                "key_id": key.id,
                "signature": key.sign(_REGISTRATION + body),
            }
            connection.execute(sa.insert(chains).values(**row))
        self._engine.dispose()

    def anchor(self, head: AuditPosition, key: SigningKey) -> None:
        """Record that a head is on the disk. Raises SQLAlchemyError."""
        at = now_text()
        row = {
            "chain": head.chain,
            "sequence": head.sequence,
            "digest": head.digest,
            "at": at,
            "key_id": key.id,
            "signature": key.sign(_anchor_message(head.chain, head.sequence, head.digest, at)),
        }
        with self._engine.begin() as connection:
            connection.execute(sa.insert(anchors).values(**row))
        self._engine.dispose()

    def registrations(self, home: Path) -> list[ChainRegistration]:
        """Return all registrations in order, each with its fault if it is not to be trusted."""
        with self._engine.begin() as connection:
            rows = connection.execute(sa.select(chains).order_by(chains.c.number)).all()
        found, previous = [], FIRST_PREVIOUS
        for row in rows:
            body = _registered(row.body)
            facts = {name: value for name, value in body.items() if name not in {"chain", "first", "previous"}}
            fault = _registration_fault(home, row, body, previous)
            found.append(ChainRegistration(row.chain, str(body.get("first")), facts, fault))
            previous = row.digest
        return found

    def anchors_of(self, home: Path, chain: str) -> list[ChainAnchor]:
        """Return the anchors of a chain in order, each with its fault if it is not to be trusted."""
        with self._engine.begin() as connection:
            rows = connection.execute(
                sa.select(anchors).where(anchors.c.chain == chain).order_by(anchors.c.number)
            ).all()
        found = []
        for row in rows:
            message = _anchor_message(row.chain, row.sequence, row.digest, row.at)
            fault = _signature_fault(home, row.key_id, message, row.signature)
            found.append(ChainAnchor(row.chain, row.sequence, row.digest, row.at, fault))
        return found


def _last_digest(connection: Connection) -> str:
    last: str | None = connection.scalar(sa.select(chains.c.digest).order_by(chains.c.number.desc()).limit(1))
    return last or FIRST_PREVIOUS


def _registered(text: str) -> dict[str, Any]:
    """Return what a registration says; nothing if somebody has made another text of it."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _registration_fault(home: Path, row: Any, body: dict[str, Any], previous: str) -> str:  # noqa: ANN401 - a row
    text = row.body.encode()
    if hashlib.sha256(text).hexdigest() != row.digest or body.get("chain") != row.chain:
        return "its registration was changed"
    if body.get("previous") != previous:
        return "a registration before it was removed or changed"
    return _signature_fault(home, row.key_id, _REGISTRATION + text, row.signature)


def _signature_fault(home: Path, key_id: str, message: bytes, signature: str) -> str:
    key = find_public_key(home, KeyUse.AUDIT, key_id)
    if key is None:
        return f"it is signed with the key {key_id}, whose public half is not in the home"
    return "" if is_signed(key, message, signature) else "its signature is not valid"


def _anchor_message(chain: str, sequence: int, digest: str, at: str) -> bytes:
    return _ANCHOR + canonical_json({"chain": chain, "sequence": sequence, "digest": digest, "at": at})
