"""Readers of a test's mesh home: a development token for some roles, in use with a purpose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bankmesh.access.tokens.development_tokens import issue_token
from bankmesh.access.tokens.reader_session import ReaderSession, write_session

if TYPE_CHECKING:
    from pathlib import Path


def read_as(home: Path, *roles: str, domain: str | None = None, purpose: str = "stewardship") -> None:
    """Let reads of this home be those of a reader with these roles, an owner or steward of `domain` if one is given."""
    token = issue_token(home, "ada@bank.example", roles, [domain] if domain else [], days=1, now=datetime.now(UTC))
    write_session(home, ReaderSession(token, purpose))


def read_as_owner(home: Path, *domains: str) -> None:
    """Let reads of this home be those of the owner of the products of these domains."""
    token = issue_token(home, "olga@bank.example", ["data_owner"], domains, days=1, now=datetime.now(UTC))
    write_session(home, ReaderSession(token, "stewardship"))
