"""Identity of a contract: file name, id, domain, name, version, status, owner, purpose, support."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Status, SupportChannel
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.names import SNAKE_CASE, PortName

if TYPE_CHECKING:
    from bankmesh.contracts.parsing.section_cursor import Section

API_VERSION = "v3.1.0"
_LOOKS_LIKE_A_MAJOR = re.compile(r"_v\d+$")
_VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")
_MANY_OBJECTS = 1


@dataclass(frozen=True)
class Identity:
    """The names of a contract; an empty text marks a fault."""

    domain: str
    name: str
    version: str
    status: Status


def read_identity(root: Section) -> Identity:
    """Return domain, name, version and status.

    Faults: `standard-version`, `bad-id`, `bad-domain`, `bad-name`, `bad-version`, `bad-status`, `file-name`.
    """
    if (api := root.text("apiVersion")) not in (None, API_VERSION):
        message = f"apiVersion {api} is not supported; write the contract for {API_VERSION}"
        root.fault("apiVersion", "standard-version", message)
    domain, name = _names(root)
    version = root.text("version") or ""
    if version and not (_VERSION.fullmatch(version) and not version.startswith("0.")):
        message = f"version {version} is not MAJOR.MINOR.PATCH with a major from 1; mark a draft by its status"
        root.fault("version", "bad-version", message)
        version = ""
    if name and version:
        _check_file_name(root, name, int(version.split(".")[0]))
    return Identity(domain, name, version, _status(root))


def _names(root: Section) -> tuple[str, str]:
    """Return domain and name as `id` has them; every other key that names them must agree."""
    given = root.text("id") or ""
    domain, _, name = given.partition(".")
    if not (SNAKE_CASE.fullmatch(domain) and SNAKE_CASE.fullmatch(name)):
        if not root.wrong("id"):
            message = f"id {given} is not <domain>.<product>, in snake_case; for example retail.party"
            root.fault("id", "bad-id", message)
        domain, name = root.text("domain") or "", root.text("name") or root.text("dataProduct") or ""
        return domain, name
    if _LOOKS_LIKE_A_MAJOR.search(name):
        root.fault("id", "bad-name", f"product {name} ends like a major; dbt names the second major _v2")
    stated = root.need("domain", "bad-domain", f"domain is missing; by its id it is {domain}")
    if stated not in (None, domain):
        root.fault("domain", "bad-domain", f"domain {stated} disagrees with id {given}")
    for key in ("name", "dataProduct"):
        if root.text(key) not in (None, name):
            root.fault(key, "bad-name", f"{key} {root.text(key)} disagrees with id {given}; write {name}")
    if not any(root.text(key) or root.wrong(key) for key in ("name", "dataProduct")):
        root.fault("name", "bad-name", f"name is missing; by its id it is {name}")
    return domain, name


def _status(root: Section) -> Status:
    word = root.text("status")
    allowed = [status.value for status in Status]
    if word in allowed:
        return Status(word)
    if not root.wrong("status"):
        hint = nearest(word or "", allowed)
        message = f"status {word or 'is empty'} is not known.{hint} Allowed: {', '.join(allowed)}"
        root.fault("status", "bad-status", message)
    return Status.DRAFT


def _check_file_name(root: Section, name: str, major: int) -> None:
    wanted = PortName("", name, major).contract_file
    actual = PurePath(root.notes.document.file).name
    if actual != wanted:
        message = f"the contract of {name}, major {major}, belongs in a file called {wanted}, not {actual}"
        root.fault("version" if major > 1 else "id", "file-name", message)


def read_table(root: Section, name: str) -> Section | None:
    """Return the one schema object, which has the product's name. Faults: `one-table`, `bad-name`."""
    tables = list(root.sections("schema"))
    if len(tables) != _MANY_OBJECTS:
        if not root.wrong("schema"):
            message = f"a product is one table: schema has {len(tables)} objects; make each a product of its own"
            root.fault("schema", "one-table", message)
        return tables[0] if tables else None
    table = tables[0]
    stated = table.text("name")
    if name and stated not in (None, name):
        table.fault("name", "bad-name", f"the schema object is called {stated}; name it as the product, {name}")
    return table


def read_owner(root: Section) -> str:
    """Return the team that owns the product. Fault: `missing-owner`."""
    message = "this product has no owner: team.name is missing"
    if isinstance(root.data.get("team"), list):
        root.fault("team", "missing-owner", f"{message}; write team as a mapping with name and members")
        return ""
    team = root.section("team")
    if team is None:
        if not root.wrong("team"):
            root.fault("team", "missing-owner", message)
        return ""
    return team.need("name", "missing-owner", message) or ""


def read_purpose(root: Section) -> tuple[str, str | None, str | None]:
    """Return purpose, usage and limitations. Fault: `missing-purpose`."""
    section = root.section("description")
    message = "this product has no purpose: description.purpose is missing"
    if section is None:
        if not root.wrong("description"):
            root.fault("description", "missing-purpose", message)
        return "", None, None
    purpose = section.need("purpose", "missing-purpose", message) or ""
    return purpose, section.text("usage"), section.text("limitations")


def read_support(root: Section) -> tuple[SupportChannel, ...]:
    """Return the channels that reach the owner. Fault: `missing-support`."""
    found = tuple(
        SupportChannel(channel, item.text("tool"), item.text("url"), item.text("scope"))
        for item in root.sections("support")
        if (channel := item.text("channel")) is not None
    )
    if not found and not root.wrong("support"):
        root.fault("support", "missing-support", "a consumer needs at least one support channel with a name")
    return found
