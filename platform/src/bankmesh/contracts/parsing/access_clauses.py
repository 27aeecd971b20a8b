"""Reads what a contract says about access: purposes, roles, subjects, masks, and grants to products built on it.

    roles:
      - role: service_agent
        access: read
        customProperties:
          - property: purposes               of this role alone; without it, all purposes of the contract
            value: [service]
    customProperties:
      - property: purposes                   what the product may be read for; a purpose includes those below it
        value: [service, marketing.offers]
      - property: derivationGrants           duties that a product built on this one need not have
        value:
          - product: customer_service.customer_churn_propensity
            columns: [score]
            lifts: [audience]
            by: retail-data
            date: "2026-11-30"
            why: A score says nothing of single bookings.

Whether a role, a purpose or a method of masking exists is a matter of the workspace: `bankmesh.access` checks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import fit_value
from bankmesh.contracts.model import ColumnType, DerivationGrant, Role, TeamMember
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.names import SNAKE_CASE, parse_port_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from bankmesh.contracts.parsing.section_cursor import Section
    from bankmesh.yaml.documents import Value

PURPOSES, GRANTS, SUBJECT, MASK = "purposes", "derivationGrants", "subject", "mask"
READ_ACCESS = "read"
"""The only value of a role's `access`; a role without it reads nothing."""
DUTIES = ("purposes", "audience", "masks", "rows")
"""What a derivation grant can lift."""

_GRANT_KEYS = ("product", "columns", "lifts", "by", "date", "why")
_DATE = ColumnType("date")


def covers(allowed: Iterable[str], purpose: str) -> bool:
    """Whether one of the allowed purposes is this one or includes it, by their names."""
    return any(purpose == wider or purpose.startswith(f"{wider}.") for wider in allowed)


def is_purpose_name(text: str) -> bool:
    """Whether a text is spelled as a purpose: `marketing`, `marketing.offers`."""
    return all(SNAKE_CASE.fullmatch(part) for part in text.split("."))


def find_property(section: Section, name: str) -> Section | None:
    """Return the custom property of that name; None if there is none, or if it has a fault."""
    found = next((s for s in section.sections("customProperties") if s.data.get("property") == name), None)
    return None if found is None or found.faulty else found


def read_purposes(section: Section) -> tuple[str, ...]:
    """Return the custom property `purposes` of a contract or of one of its roles. Fault: `bad-purposes`."""
    item = find_property(section, PURPOSES)
    if item is None:
        return ()
    given = _texts(item, "value", "bad-purposes", "purposes is a list of names, such as service or marketing.offers")
    for name in given:
        if not is_purpose_name(name):
            message = f"{name!r} names no purpose: small letters, digits and _, with a dot before each narrower part"
            item.fault("value", "bad-purposes", message)
    return given


def read_roles(root: Section, allowed: Collection[str]) -> tuple[Role, ...]:
    """Return the roles that may read the product; `allowed` are the contract's purposes.

    Faults: `duplicate-role`, `bad-access`, `bad-purposes`, `role-purpose`.
    """
    found: dict[str, Role] = {}
    for item in root.sections("roles"):
        name = item.text("role")
        if name is None:
            continue
        if name in found:
            item.fault("role", "duplicate-role", f"role {name} is listed twice")
        _check_access(item, name)
        purposes = read_purposes(item)
        _check_role_purposes(item, name, purposes, allowed)
        role = Role(name, item.text("access"), item.text("description"), purposes, item.place("role"))
        found.setdefault(name, role)
    return tuple(found.values())


def _check_access(item: Section, role: str) -> None:
    """Check that a role only reads. A role without access is named, and permits nothing: coverage lists it."""
    access = item.text("access")
    if access not in (None, READ_ACCESS):
        message = f"role {role} has access {access}; a product is only read: write access: {READ_ACCESS}"
        item.fault("access", "bad-access", message)


def _check_role_purposes(item: Section, role: str, purposes: Collection[str], allowed: Collection[str]) -> None:
    at = find_property(item, PURPOSES)
    if at is None:
        return
    for purpose in purposes:
        if not covers(allowed, purpose):
            message = f"role {role} reads for {purpose}, which the contract does not allow.{nearest(purpose, allowed)}"
            at.fault("value", "role-purpose", f"{message} Allowed: {', '.join(allowed) or 'none'}")


def read_team(root: Section) -> tuple[TeamMember, ...]:
    """Return the members of the team that owns the product."""
    team = root.section("team")
    members = team.sections("members") if team is not None else ()
    return tuple(
        TeamMember(username, member.text("role"))
        for member in members
        if (username := member.text("username")) is not None
    )


def read_subject(section: Section) -> str | None:
    """Return the kind of subject that a column's values identify. Fault: `bad-subject`."""
    item = find_property(section, SUBJECT)
    if item is None:
        return None
    value = item.data.get("value")
    if isinstance(value, str) and SNAKE_CASE.fullmatch(value):
        return value
    item.fault("value", "bad-subject", f"subject {value} is not a name in snake_case, such as party or account")
    return None


def read_mask(section: Section) -> str | None:
    """Return how a column is masked, as written: `partial(last: 4)`. Fault: `bad-mask`."""
    item = find_property(section, MASK)
    if item is None:
        return None
    value = item.data.get("value")
    if isinstance(value, str) and value.strip():
        return value.strip()
    hint = '; write "null" in quotes' if value is None else ""
    item.fault("value", "bad-mask", f"mask is a text, such as redact or partial(last: 4){hint}")
    return None


def read_grants(root: Section) -> tuple[DerivationGrant, ...]:
    """Return the grants to products that are built on this one. Fault: `bad-derivation-grant`."""
    item = find_property(root, GRANTS)
    if item is None:
        return ()
    value = item.data.get("value")
    if not isinstance(value, list) or not value or not all(isinstance(grant, dict) for grant in value):
        message = f"derivationGrants is a list of mappings of {', '.join(_GRANT_KEYS)}"
        item.fault("value", "bad-derivation-grant", message)
        return ()
    return tuple(grant for section in item.sections("value") if (grant := _grant(section)) is not None)


def _grant(section: Section) -> DerivationGrant | None:
    _check_grant_keys(section)
    columns = _grant_list(section, "columns", "a list of columns of the product that is built")
    lifts = _grant_list(section, "lifts", f"a list of {', '.join(DUTIES)}")
    for duty in lifts:
        if duty not in DUTIES:
            message = f"no duty is called {duty}.{nearest(duty, DUTIES)} Allowed: {', '.join(DUTIES)}"
            section.fault("lifts", "bad-derivation-grant", message)
    if section.faulty:
        return None
    data: Mapping[str, Value] = section.data
    try:
        port = parse_port_name(data["product"].strip())
    except ValueError as error:
        section.fault("product", "bad-derivation-grant", str(error))
        return None
    try:
        fit_value(_DATE, data["date"])
    except ValueError as error:
        section.fault("date", "bad-derivation-grant", f"date: {error}")
        return None
    why = data["why"].strip()
    return DerivationGrant(str(port), columns, lifts, data["by"].strip(), data["date"], why, section.place())


def _check_grant_keys(section: Section) -> None:
    section.only(_GRANT_KEYS, "a derivation grant", "bad-derivation-grant")
    for key in ("product", "by", "date", "why"):
        section.need(key, "bad-derivation-grant", f"a derivation grant needs {key}, a text")


def _grant_list(section: Section, key: str, meaning: str) -> tuple[str, ...]:
    return _texts(section, key, "bad-derivation-grant", f"{key} of a derivation grant is {meaning}")


def _texts(section: Section, key: str, rule: str, message: str) -> tuple[str, ...]:
    """Return the list of texts at a key; note a fault if it is none, is empty, or repeats or blanks an item."""
    value = section.data.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item.strip() for item in value):
        section.fault(key, rule, message)
        return ()
    for index, item in enumerate(value):
        if item in value[:index]:
            section.notes.add((*section.path, key, index), rule, f"{item} is listed twice")
    return tuple(dict.fromkeys(value))
