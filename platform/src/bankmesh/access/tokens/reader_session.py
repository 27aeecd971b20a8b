"""The reader's session: the token and the purpose that reads of this mesh home use if they name none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.access.errors import IdentityRefused
from bankmesh.access.signing_keys import write_private

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class ReaderSession:
    """A token, and the purpose of reads that name none; either may be empty."""

    token: str = ""
    purpose: str = ""


def session_file(home: Path) -> Path:
    """Return the file of the session."""
    return home / "access" / "session.json"


def read_session(home: Path) -> ReaderSession:
    """Return the session; an empty one if nobody has chosen a token yet. Raises IdentityRefused."""
    file = session_file(home)
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        token, purpose = found["token"], found.get("purpose") or ""
    except FileNotFoundError:
        return ReaderSession()
    except (ValueError, KeyError, TypeError, AttributeError):
        token = purpose = None
    if not (isinstance(token, str) and isinstance(purpose, str)):
        raise IdentityRefused(f"{file} is no session", "`mesh token use NAME` writes it again")
    return ReaderSession(token, purpose)


def write_session(home: Path, session: ReaderSession) -> None:
    """Store the session, readable for its owner alone."""
    file = session_file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, json.dumps({"token": session.token, "purpose": session.purpose or None}))
