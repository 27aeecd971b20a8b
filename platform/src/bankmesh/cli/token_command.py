"""`mesh token`: development tokens of this mesh home, and the one that reads use."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bankmesh.access.errors import IdentityRefused
from bankmesh.access.registry import load_registry
from bankmesh.access.registry.reader_registry import OF_DOMAINS
from bankmesh.access.tokens.current_reader import current_purpose, current_token, find_token, principal_of
from bankmesh.access.tokens.development_tokens import (
    MOST_DAYS,
    is_token_name,
    issue_token,
    issued_names,
    looks_like_token,
    read_claims,
    token_file,
)
from bankmesh.access.tokens.reader_session import ReaderSession, read_session, write_session
from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.output import JsonOption, print_json
from bankmesh.errors import UnknownName, shorten_list
from bankmesh.settings import PURPOSE, TOKEN, current_settings, named_purpose, named_token
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from bankmesh.access.model import Principal
    from bankmesh.access.registry import ReaderRegistry
    from bankmesh.access.tokens.development_tokens import TokenClaims
    from bankmesh.settings import Settings

app = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help="Say who reads on this machine: issue and choose development tokens."
)


@app.command()
def issue(
    role: Annotated[list[str], typer.Option(help="A role of roles.yaml; repeat it for several.")],
    name: Annotated[
        str | None, typer.Option("--as", metavar="ID", help="The reader's id; by default the first role.")
    ] = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(help="A domain that an owner or steward works for; repeatable."),
    ] = None,
    purpose: Annotated[
        str | None, typer.Option(help="The purpose of reads that name none, if this is the first token.")
    ] = None,
    days: Annotated[int, typer.Option(help=f"Days until the token expires, 1 to {MOST_DAYS}.")] = 30,
    *,
    as_json: JsonOption = False,
) -> None:
    """Issue a development token, signed with a key of this mesh home; the first one is used at once."""
    settings = current_settings()
    registry = load_registry(settings.root)
    _require(role, "role", registry.roles)
    _require(domain or [], "domain", [package.name for package in domain_packages(settings.root)])
    _require([purpose] if purpose else [], "purpose", registry.purposes)
    subject = name or role[0]
    before = _issued_facts(settings, subject, registry)
    token = issue_token(settings.home, subject, role, domain or (), days=days, now=datetime.now(UTC))
    is_used = not _has_reader(settings)
    if is_used:
        write_session(settings.home, ReaderSession(token, purpose or ""))
    facts = _facts(read_claims(settings.home, token), registry) | {
        "file": str(token_file(settings.home, subject)),
        "used": is_used,
    }
    if as_json:
        print_json(facts)
        return
    typer.echo(f"{_line(facts)}\nThe token is in {facts['file']}.")
    if before and any(before[right] != facts[right] for right in ("roles", "domains")):
        typer.echo(f"It replaces the token of {_rights(before)}. `--as ID` issues one beside it.", err=True)
    if OF_DOMAINS.intersection(role) and not domain:
        typer.echo("It works for no domain, so it reads no product: name domains with --domain.", err=True)
    if is_used:
        purposes = f"for {purpose} unless they name another" if purpose else "and name their purpose: --purpose"
        typer.echo(f"Reads use it from now on, {purposes}.")
    else:
        typer.echo(f"To read with it: `mesh token use {subject}`, or {TOKEN}={subject} for one command.")


@app.command()
def use(
    token: Annotated[str, typer.Argument(metavar="NAME|FILE", help="The id of an issued token, or a file.")],
    purpose: Annotated[str | None, typer.Option(help="The purpose of reads that name none.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Choose the token, and the purpose, of reads that name none."""
    settings = current_settings()
    registry = load_registry(settings.root)
    text = _token_of(settings, token)
    facts = _facts(read_claims(settings.home, text), registry)
    if purpose is not None:
        _require([purpose], "purpose", registry.purposes.descriptions)
        _require_held(purpose, facts)
    write_session(settings.home, ReaderSession(text, purpose or ""))
    if as_json:
        print_json(facts | {"purpose": purpose})
        return
    typer.echo(_line(facts))
    typer.echo(f"Reads that name no purpose are for {purpose}." if purpose else "Reads name their purpose: --purpose.")
    if named_token() or named_purpose():
        typer.echo(f"{TOKEN} or {PURPOSE} is set, and goes before this choice.", err=True)


@app.command()
def show(*, as_json: JsonOption = False) -> None:
    """Show who reads, in which roles, for which purposes, and until when; not the token itself."""
    settings = current_settings()
    registry = load_registry(settings.root)
    text = current_token(settings)
    if not text:
        raise IdentityRefused("no token is in use", "`mesh token issue --role ROLE` issues one")
    purpose = current_purpose(settings, text)
    facts = _facts(read_claims(settings.home, text), registry) | {
        "purpose": purpose,
        "from": TOKEN if named_token() else "session",
        "issued": issued_names(settings.home),
    }
    if as_json:
        print_json(facts)
        return
    typer.echo(_line(facts))
    typer.echo(f"Reads that name no purpose are for {purpose}." if purpose else "Reads name their purpose: --purpose.")
    if facts["issued"]:
        typer.echo(f"Issued tokens: {shorten_list(facts['issued'], most=20)}")


def _has_reader(settings: Settings) -> bool:
    """Whether the session's token is one that reads accept."""
    try:
        read_claims(settings.home, read_session(settings.home).token)
    except IdentityRefused:
        return False
    return True


def _token_of(settings: Settings, token: str) -> str:
    if is_token_name(token) and token_file(settings.home, token).is_file():
        return find_token(settings, token)
    if not os.path.isfile(token):  # noqa: PTH113 - a text that is too long is no file
        if looks_like_token(token):
            raise IdentityRefused("this is a token itself, not its name", f"Name its file, or set {TOKEN} to it")
        raise UnknownName("issued token or file", token, issued_names(settings.home))
    return Path(token).read_text(encoding="ascii", errors="replace").strip()


def _facts(claims: TokenClaims, registry: ReaderRegistry) -> dict[str, Any]:
    principal: Principal = principal_of(claims, registry)
    return {
        "id": principal.id,
        "roles": sorted(principal.roles),
        "domains": sorted(principal.domains),
        "client": principal.client,
        "issuer": principal.issuer,
        "expires": claims.expires.isoformat(),
        "purposes": list(registry.held_purposes(principal)),
    }


def _line(facts: dict[str, Any]) -> str:
    purposes = shorten_list(facts["purposes"], most=20) or "nothing"
    return f"{facts['id']}: {_rights(facts)}, until {facts['expires'][:10]}.\nIt may read for: {purposes}."


def _rights(facts: dict[str, Any]) -> str:
    domains = f" of {', '.join(facts['domains'])}" if facts["domains"] else ""
    return f"{', '.join(facts['roles'])}{domains}"


def _issued_facts(settings: Settings, subject: str, registry: ReaderRegistry) -> dict[str, Any] | None:
    """Return the facts of the token that was issued for a reader's id; None if there is none that is valid."""
    if not is_token_name(subject) or not token_file(settings.home, subject).is_file():
        return None
    try:
        return _facts(read_claims(settings.home, find_token(settings, subject)), registry)
    except IdentityRefused:
        return None


def _require_held(purpose: str, facts: dict[str, Any]) -> None:
    if purpose not in facts["purposes"]:
        raise IdentityRefused(
            f"{facts['id']} may not read for {purpose}",
            f"Its roles and its client may read for: {shorten_list(facts['purposes']) or 'nothing'}",
        )


def _require(names: list[str], kind: str, known: Any) -> None:  # noqa: ANN401 - any container of names
    for name in names:
        if name not in known:
            raise UnknownName(kind, name, known)
