"""The reader of this process: a principal from its token, and the purpose of its reads."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bankmesh.access.errors import IdentityRefused
from bankmesh.access.model import Principal
from bankmesh.access.registry import load_registry
from bankmesh.access.registry.reader_registry import AUDITOR
from bankmesh.access.tokens.development_tokens import (
    ISSUE,
    is_token_name,
    issued_names,
    read_claims,
    token_file,
)
from bankmesh.access.tokens.reader_session import read_session
from bankmesh.errors import shorten_list
from bankmesh.settings import TOKEN, named_purpose, named_token

if TYPE_CHECKING:
    from datetime import datetime

    from bankmesh.access.registry import ReaderRegistry
    from bankmesh.access.tokens.development_tokens import TokenClaims
    from bankmesh.settings import Settings

_PERSON = "person"
_DOTS_OF_A_TOKEN = 2


class PinnedReader:
    """The token and the purpose of one client: found when they are first needed, and the same from then on.

    One that is missing is searched again, so that a running client can read once `mesh token use` has chosen it.
    """

    def __init__(self, settings: Settings, token: str | None = None, purpose: str | None = None) -> None:
        """`token` and `purpose` are those of the environment by default, else of the session of the mesh home."""
        self._settings = settings
        self._named_token, self._named_purpose = token, purpose
        self._token: str = ""
        self._purpose: str | None = None

    @property
    def token(self) -> str:
        """The token, empty if there is none. Raises IdentityRefused for a session that is none."""
        if not self._token:
            self._token = current_token(self._settings, self._named_token)
            if self._token:
                with suppress(IdentityRefused):  # the session is damaged, which concerns reads without a purpose alone
                    _ = self.purpose
        return self._token

    @property
    def purpose(self) -> str | None:
        """The purpose of reads that name none; None if there is none. Raises IdentityRefused as `token`."""
        if not self._purpose:
            self._purpose = current_purpose(self._settings, self.token, self._named_purpose)
        return self._purpose

    @property
    def principal(self) -> Principal:
        """The reader, whose token must still be valid. Raises the errors of `current_principal`."""
        return principal_of_token(self._settings, self.token)


def current_principal(settings: Settings, token: str | None = None) -> Principal:
    """Return who reads.

    The token is the argument, else BANKMESH_TOKEN, else the one that `mesh token use` chose; each may be a token or the
    name of one that `mesh token issue` made. Raises IdentityRefused, PolicyFaults and UnusableKey.
    """
    return principal_of_token(settings, current_token(settings, token))


def current_token(settings: Settings, token: str | None = None) -> str:
    """Return the token of the reader; empty if there is none. Raises IdentityRefused for a session that is none."""
    given = token or named_token()
    return find_token(settings, given) if given else read_session(settings.home).token


def principal_of_token(settings: Settings, token: str) -> Principal:
    """Return who reads with a token at this moment. Raises the errors of `current_principal`."""
    registry = load_registry(settings.root)
    if not token:
        raise IdentityRefused("nobody is named as the reader: there is no token", _next_step(settings, registry))
    return principal_of(read_claims(settings.home, token), registry)


def require_unexpired(principal: Principal, now: datetime) -> None:
    """Raise IdentityRefused if the token of a reader has ended since it was read."""
    if principal.expires is not None and now >= principal.expires:
        raise IdentityRefused("the token has expired", ISSUE)


def current_purpose(settings: Settings, token: str, purpose: str | None = None) -> str | None:
    """Return the purpose: the argument, else BANKMESH_PURPOSE, else the session's; None if none is named.

    The session's is that of its own reader, and not of others whose token a read names. Raises IdentityRefused for a
    session that is none.
    """
    if named := purpose or named_purpose():
        return named
    session = read_session(settings.home)
    is_its_reader = session.token == token or (_subject(session.token) or "") == _subject(token)
    return session.purpose or None if is_its_reader else None


def _subject(token: str) -> str | None:
    """Return the reader whom a token names, whether or not it is valid; None if it names none."""
    import jwt

    try:
        return str(jwt.decode(token, options={"verify_signature": False})["sub"])
    except (jwt.PyJWTError, KeyError, ValueError):
        return None


def issued_readers(settings: Settings) -> dict[str, Principal]:
    """Return the readers of this home's issued tokens that are valid, by the names of the tokens."""
    found: dict[str, Principal] = {}
    for name in issued_names(settings.home):
        with suppress(IdentityRefused):
            found[name] = principal_of_token(settings, find_token(settings, name))
    return found


def find_token(settings: Settings, token: str) -> str:
    """Return a token, or the issued one that the text names. Raises IdentityRefused for a name that has none."""
    if is_token_name(token) and (file := token_file(settings.home, token)).is_file():
        return file.read_text(encoding="ascii", errors="replace").strip()
    if token.count(".") != _DOTS_OF_A_TOKEN:
        issued = issued_names(settings.home)
        step = f"Issued: {shorten_list(issued)}. `mesh token issue --role ROLE` issues another" if issued else ISSUE
        raise IdentityRefused("there is no issued token of that name", step)
    return token


def principal_of(claims: TokenClaims, registry: ReaderRegistry) -> Principal:
    """Return the principal of valid claims.

    `roles.yaml` maps the values of an issuer's tokens; without an entry for the issuer of development tokens, their
    values are names of roles. A value that gives no role is dropped. Raises IdentityRefused if no role is left.
    """
    mapping = registry.issuers.get(claims.issuer)
    names = [mapping.roles.get(value) if mapping else value for value in claims.roles]
    roles = frozenset(name for name in names if name is not None and name in registry.roles)
    if not roles:
        raise IdentityRefused(
            "the token holds no role that roles.yaml lists", f"Roles: {shorten_list(sorted(registry.roles), most=20)}"
        )
    return Principal(
        id=claims.subject,
        roles=roles,
        attributes={"domains": claims.domains, "kind": _PERSON},
        client=mapping.clients.get(claims.client, "") if mapping else claims.client,
        issuer=claims.issuer,
        expires=claims.expires,
    )


def _next_step(settings: Settings, registry: ReaderRegistry) -> str:
    if names := issued_names(settings.home):
        return f"Choose one: `mesh token use {names[0]}`, or {TOKEN}={names[0]}"
    roles = [name for name in registry.roles if name != AUDITOR]
    role = next((name for name in roles if not name.startswith("data_")), roles[0] if roles else "ROLE")
    return f"`mesh token issue --role {role}` issues one. Roles: {shorten_list(sorted(registry.roles), most=20)}"
