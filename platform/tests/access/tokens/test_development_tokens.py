"""Development tokens: what is accepted, and that everything else is refused without repeating it."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_query import EntryFilter, query_log
from bankmesh.access.errors import IdentityRefused
from bankmesh.access.governed_reads import GovernedReads
from bankmesh.access.signing_keys import KeyUse, UnusableKey, load_signing_key, private_key_file
from bankmesh.access.tokens.current_reader import current_principal, current_purpose
from bankmesh.access.tokens.development_tokens import AUDIENCE, ISSUER, issue_token, read_claims, token_file
from bankmesh.access.tokens.reader_session import ReaderSession, session_file, write_session
from bankmesh.settings import Settings

NOW = datetime.now(UTC)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    for name in ("BANKMESH_TOKEN", "BANKMESH_PURPOSE"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "workspace"
    (root / "policies").mkdir(parents=True)
    (root / "policies/roles.yaml").write_text(
        "roles:\n  analyst: {description: Counts., clearance: internal, purposes: [stewardship]}\n"
    )
    return Settings(root, tmp_path / "home", tmp_path / "exports")


def issue(settings, subject="alice", roles=("analyst",), days=30, now=NOW, domains=()):
    return issue_token(settings.home, subject, roles, domains, days=days, now=now)


def signed(settings, *, key=None, algorithm="EdDSA", **changes):
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "roles": ["analyst"], "domains": [], "azp": "mesh",
        "iat": NOW, "exp": NOW + timedelta(days=1), "jti": "1",
    } | changes  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key or load_signing_key(settings.home, KeyUse.TOKENS).private, algorithm=algorithm)


def test_a_token_names_its_reader_roles_and_domains(settings):
    principal = current_principal(settings, issue(settings, domains=["retail"]))
    assert (principal.id, principal.roles, principal.domains) == ("alice", {"analyst"}, {"retail"})
    assert (principal.client, principal.issuer) == ("mesh", ISSUER)


def test_the_token_comes_from_the_argument_the_environment_or_the_session(settings, monkeypatch):
    for name in ("alice", "bob", "carol"):
        issue(settings, name)
    write_session(settings.home, ReaderSession(token_file(settings.home, "alice").read_text(), "stewardship"))
    assert current_principal(settings).id == "alice"
    alice, bob = (token_file(settings.home, name).read_text() for name in ("alice", "bob"))
    assert current_purpose(settings, alice) == "stewardship"
    issue(settings, "alice")  # a later token of the same reader
    assert current_purpose(settings, token_file(settings.home, "alice").read_text()) == "stewardship"
    assert current_purpose(settings, bob) is None
    monkeypatch.setenv("BANKMESH_TOKEN", token_file(settings.home, "bob").read_text())
    monkeypatch.setenv("BANKMESH_PURPOSE", "audit")
    assert current_principal(settings).id == "bob"
    assert current_purpose(settings, bob) == "audit"
    assert current_principal(settings, "carol").id == "carol"
    assert current_purpose(settings, bob, "model_training") == "model_training"


def test_without_a_token_the_command_that_helps_is_named(settings):
    with pytest.raises(IdentityRefused, match=r"mesh token issue --role analyst") as refused:
        current_principal(settings)
    assert "data_owner" in str(refused.value)
    assert current_purpose(settings, "") is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": NOW - timedelta(seconds=5)}, "expired"),
        ({"exp": NOW + timedelta(days=91)}, "longer than 90 days"),
        ({"exp": None}, "MissingRequiredClaimError"),
        ({"iat": None}, "MissingRequiredClaimError"),
        ({"iat": NOW + timedelta(hours=1), "exp": NOW + timedelta(hours=2)}, "ImmatureSignatureError"),
        ({"iss": "https://elsewhere.example"}, "InvalidIssuerError"),
        ({"aud": "elsewhere"}, "InvalidAudienceError"),
        ({"aud": [AUDIENCE, "elsewhere"]}, "InvalidAudienceError"),
        ({"sub": None}, "MissingRequiredClaimError"),
        ({"sub": 5}, "Invalid"),
        ({"jti": None}, "MissingRequiredClaimError"),
        ({"roles": "analyst"}, "no list"),
        ({"roles": ["analyst", 3]}, "no list"),
        ({"domains": {"retail": True}}, "no list"),
        ({"azp": ["mesh"]}, "no text"),
        ({"roles": []}, "no role"),
        ({"roles": ["nobody"]}, "no role"),
        ({"roles": ["data_product"]}, "no role"),
    ],
)
def test_a_token_with_other_claims_is_refused(settings, changes, reason):
    with pytest.raises(IdentityRefused, match=reason):
        current_principal(settings, signed(settings, **changes))


def test_a_token_signed_otherwise_is_refused(settings):
    public = load_signing_key(settings.home, KeyUse.TOKENS).public.public_bytes_raw()
    whole = signed(settings)
    head, body, _ = whole.split(".")
    forged = [
        signed(settings, key=Ed25519PrivateKey.generate()),
        signed(settings, key=load_signing_key(settings.home, KeyUse.RECEIPTS).private),
        jwt.encode({"sub": "alice"}, "", algorithm="none"),
        signed(settings, key=public, algorithm="HS256"),
        f"{head}.{body}.",
        f"{head}.{body}",
        whole[:-4] + ("AAAA" if whole[-4:] != "AAAA" else "BBBB"),
        "a" * 20_000,
        f"{head}.{body}.\udcff",
        "no token",
    ]
    for token in forged:
        with pytest.raises(IdentityRefused) as refused:
            current_principal(settings, token)
        assert token not in str(refused.value)


def test_a_name_without_a_token_is_refused_with_the_issued_ones(settings):
    issue(settings)

    with pytest.raises(IdentityRefused, match=r"no issued token of that name\. Issued: alice\."):
        current_principal(settings, "alise")


def test_roles_that_the_registry_does_not_list_are_dropped(settings):
    assert current_principal(settings, issue(settings, roles=["analyst", "gone"])).roles == {"analyst"}


@pytest.mark.parametrize("subject", ["", "../alice", "a/b", ".hidden", "a" * 200, "alice\n"])
def test_an_id_that_is_no_file_name_gets_no_token(settings, subject):
    with pytest.raises(IdentityRefused):
        issue(settings, subject)


@pytest.mark.parametrize("days", [0, -1, 91])
def test_the_time_of_a_token_is_bounded(settings, days):
    with pytest.raises(IdentityRefused, match="1 to 90"):
        issue(settings, days=days)


def test_secrets_are_readable_for_their_owner_alone(settings):
    before = os.umask(0)
    try:
        token = issue(settings)
        write_session(settings.home, ReaderSession(token))
    finally:
        os.umask(before)
    secret = [
        private_key_file(settings.home, KeyUse.TOKENS), token_file(settings.home, "alice"), session_file(settings.home)
    ]  # fmt: skip
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}
    assert stat.S_IMODE(secret[0].parent.stat().st_mode) == 0o700


def test_a_key_that_others_can_read_is_not_used(settings):
    token = issue(settings)
    file = private_key_file(settings.home, KeyUse.TOKENS)
    file.chmod(0o640)
    with pytest.raises(UnusableKey, match="chmod 600"):
        read_claims(settings.home, token)


def test_keys_differ_by_use_and_stay(settings):
    first = {use: load_signing_key(settings.home, use).id for use in KeyUse}
    assert len(set(first.values())) == 3
    assert {use: load_signing_key(settings.home, use).id for use in KeyUse} == first


def test_a_session_that_is_damaged_is_refused(settings):
    file = session_file(settings.home)
    file.parent.mkdir(parents=True)
    for content in ("", "[]", "{}", json.dumps({"token": 3}), json.dumps({"token": "x", "purpose": 5})):
        Path(file).write_text(content)
        with pytest.raises(IdentityRefused, match="mesh token use"):
            current_principal(settings)


def test_a_read_under_a_damaged_session_is_refused_on_record(settings):
    session_file(settings.home).parent.mkdir(parents=True)
    session_file(settings.home).write_text("[]")
    contract = SimpleNamespace(port="retail.party")
    with pytest.raises(IdentityRefused, match="is no session"):
        GovernedReads(settings).decide(contract, way="scan")
    close_chains()
    (entry,) = query_log(settings.home, EntryFilter())
    assert (entry.state, entry.record["port"], entry.record["why"]) == ("denied", "retail.party", "IdentityRefused")


def test_a_running_client_reads_no_longer_once_its_token_is_refused(settings):
    reads = GovernedReads(settings, token=issue(settings))
    assert reads.principal.id == "alice"
    private_key_file(settings.home, KeyUse.TOKENS).unlink()
    issue(settings, "bob")
    with pytest.raises(IdentityRefused, match="not signed by the key of this mesh home"):
        _ = reads.principal


def test_a_running_client_stays_the_reader_that_it_was(settings):
    first, second = issue(settings, "alice"), issue(settings, "bob")
    write_session(settings.home, ReaderSession(first, "stewardship"))
    reads = GovernedReads(settings)
    assert reads.principal.id == "alice"
    write_session(settings.home, ReaderSession(second, "stewardship"))
    assert reads.principal.id == "alice"
