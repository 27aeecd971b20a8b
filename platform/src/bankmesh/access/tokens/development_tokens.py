"""Development tokens: signed statements, by a key of the mesh home, of who reads, in which roles.

They are JSON Web Tokens (RFC 7519) with EdDSA signatures (RFC 8037). They are for one machine, whose user owns the
storage anyway; a server validates the tokens of the bank's identity provider.

| claim | meaning |
| --- | --- |
| `iss`, `aud` | `bankmesh-development`, `bankmesh` |
| `sub` | the reader's id |
| `roles` | values that `roles.yaml` maps to roles |
| `domains` | the domains that the reader works for |
| `azp` | the client, the application that reads |
| `iat`, `exp` | when it was issued, when it ends: at most 90 days later |
| `jti` | the id of the token |
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bankmesh.access.errors import IdentityRefused
from bankmesh.access.signing_keys import KeyUse, load_signing_key, make_private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ISSUER = "bankmesh-development"
AUDIENCE = "bankmesh"
ALGORITHM = "EdDSA"
DEFAULT_CLIENT = "mesh"
MOST_DAYS = 90
ISSUE = "`mesh token issue --role ROLE` issues one"
_REQUIRED = ("iss", "aud", "sub", "iat", "exp", "jti")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}", re.ASCII)
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_.-]{17,}", re.ASCII)
_LONGEST = 16_384


@dataclass(frozen=True)
class TokenClaims:
    """What a valid token says; `roles` are the issuer's own values, which `roles.yaml` maps to roles."""

    issuer: str
    subject: str
    roles: tuple[str, ...]
    domains: frozenset[str]
    client: str
    expires: datetime
    token_id: str


def is_token_name(text: str) -> bool:
    """Whether a text can be a reader's id in a development token, and so the name of its file."""
    return _NAME.fullmatch(text) is not None


def looks_like_token(text: str) -> bool:
    """Whether a text is a token or a part of one, so that no message may repeat it."""
    return _TOKEN.fullmatch(text) is not None


def token_file(home: Path, name: str) -> Path:
    """Return the file of the token that was issued for a reader's id."""
    return home / "access" / "tokens" / f"{name}.jwt"


def issued_names(home: Path) -> list[str]:
    """Return the readers' ids for which tokens were issued."""
    return sorted(file.stem for file in (home / "access" / "tokens").glob("*.jwt"))


def issue_token(
    home: Path, subject: str, roles: Iterable[str], domains: Iterable[str] = (), *, days: int, now: datetime
) -> str:
    """Sign a token, store it under the reader's id, and return it.

    Raises IdentityRefused for an id or a number of days that tokens do not have, UnusableKey, and OSError.
    """
    import jwt

    if not is_token_name(subject):
        raise IdentityRefused(
            f"{subject!r} is no reader's id", "Write letters, digits and . _ @ + -, such as alice@bank.example"
        )
    if not 1 <= days <= MOST_DAYS:
        raise IdentityRefused(f"a token cannot last {days} days", f"Write a number from 1 to {MOST_DAYS}")
    key = load_signing_key(home, KeyUse.TOKENS)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "roles": sorted(roles),
        "domains": sorted(domains),
        "azp": DEFAULT_CLIENT,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(days=days)).timestamp()),
        "jti": secrets.token_hex(16),
    }
    made = jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.id})
    file = token_file(home, subject)
    make_private_folder(file.parent)
    write_private(file, made)
    return made


def read_claims(home: Path, token: str) -> TokenClaims:
    """Validate a development token and return what it says. Raises IdentityRefused, and UnusableKey.

    No text of an error holds the token or a claim of one that is not valid.
    """
    import jwt

    if len(token) > _LONGEST or not token.isascii():
        raise IdentityRefused("the token is not valid (it is too long, or has letters that no token has)", ISSUE)
    key = load_signing_key(home, KeyUse.TOKENS)
    try:
        found = jwt.decode(
            token,
            key.public,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": list(_REQUIRED), "strict_aud": True},
        )
    except jwt.ExpiredSignatureError:
        raise IdentityRefused("the token has expired", ISSUE) from None
    except jwt.InvalidSignatureError:
        raise IdentityRefused("the token is not signed by the key of this mesh home", ISSUE) from None
    except jwt.PyJWTError as error:
        raise IdentityRefused(f"the token is not valid ({type(error).__name__})", ISSUE) from None
    return _claims(found)


def _claims(found: dict[str, Any]) -> TokenClaims:
    subject, client, token_id = found["sub"], found.get("azp", DEFAULT_CLIENT), found["jti"]
    roles, domains = found.get("roles", []), found.get("domains", [])
    if not all(isinstance(text, str) and text for text in (subject, client, token_id)):
        raise IdentityRefused("the token is not valid (sub, azp or jti is no text)", ISSUE)
    if not (_are_texts(roles) and _are_texts(domains)):
        raise IdentityRefused("the token is not valid (roles or domains is no list of texts)", ISSUE)
    issued, expires = float(found["iat"]), float(found["exp"])
    if not 0 < expires - issued <= timedelta(days=MOST_DAYS).total_seconds():
        raise IdentityRefused(f"the token is not valid (it lasts longer than {MOST_DAYS} days)", ISSUE)
    return TokenClaims(
        issuer=ISSUER,
        subject=subject,
        roles=tuple(roles),
        domains=frozenset(domains),
        client=client,
        expires=datetime.fromtimestamp(expires, UTC),
        token_id=token_id,
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)
