"""Reads `purposes.yaml` and `roles.yaml` strictly: every fault of both, with its line.

    purposes:
      marketing: Deciding how products are offered.
      marketing.offers: Choosing an offer for a customer.

    roles:
      marketing: {description: Plans campaigns., clearance: internal, purposes: [marketing]}
    clients:
      campaign_planner: {description: The application of campaigns., purposes: [marketing]}
    issuers:
      https://login.bank.example:
        roles_claim: groups
        roles: {MARKETING: marketing}

A file adds to what was read before it, and redefines nothing: the platform's files are read first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.access.registry.purpose_tree import PurposeTree, purpose_path
from bankmesh.access.registry.reader_registry import PRODUCT_ROLE, Client, IssuerMapping, ReaderRole
from bankmesh.contracts.model import Classification
from bankmesh.contracts.parsing.access_clauses import is_purpose_name
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.contracts.parsing.section_cursor import FaultNotes, Section
from bankmesh.names import SNAKE_CASE
from bankmesh.yaml.documents import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from bankmesh.errors import Fault, Place

_CLEARANCES = {classification.label: classification for classification in Classification}
_ALL = "all"
_DEFAULT_CLIENT_CLAIM = "azp"

_SECTIONS = ("roles", "clients", "issuers")
_ROLE_KEYS = ("description", "clearance", "purposes")
_CLIENT_KEYS = ("description", "purposes")
_ISSUER_KEYS = ("roles_claim", "roles", "domains_claim", "client_claim", "clients")


@dataclass
class RegistryEntries:
    """What the files read so far define, and their faults."""

    descriptions: dict[str, str] = field(default_factory=dict)
    purpose_places: dict[str, Place] = field(default_factory=dict)
    roles: dict[str, ReaderRole] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    issuers: dict[str, IssuerMapping] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def purposes(self) -> PurposeTree:
        """The purposes defined so far."""
        return PurposeTree(dict(self.descriptions))

    def read_purposes(self, file: str, text: str) -> None:
        """Add the purposes of a file.

        Faults: `wrong-type`, `unknown-key`, `bad-purpose`, `blank-text`, `duplicate-purpose`, `orphan-purpose`, and
        those of YAML.
        """
        top = self._open(file, text, ("purposes",))
        if top is None:
            return
        found = _mapping(top, "purposes")
        if found is not None:
            self._add_purposes(found)
        self.faults += top.notes.faults

    def _add_purposes(self, found: Section) -> None:
        for name, description in found.data.items():
            if not is_purpose_name(name):
                message = f"{name!r} names no purpose: small letters, digits, _, and a dot before each narrower part"
                found.fault(name, "bad-purpose", message)
            elif name in self.descriptions:
                first = self.purpose_places[name]
                found.fault(name, "duplicate-purpose", f"purpose {name} is defined already: {first}")
            else:
                self.descriptions[name] = _sentence(found, name, f"purpose {name}", description)
                self.purpose_places[name] = found.place(name)
        self._check_parents(found)

    def _check_parents(self, found: Section) -> None:
        for name in found.data:
            for wider in purpose_path(name)[1:2]:
                if name in self.descriptions and wider not in self.descriptions:
                    message = f"{name} is a part of {wider}, which no file defines.{nearest(wider, self.descriptions)}"
                    found.fault(name, "orphan-purpose", message)

    def read_roles(self, file: str, text: str) -> None:
        """Add the roles, clients and issuers of a file; all purposes must have been read.

        Faults: `wrong-type`, `unknown-key`, `missing-key`, `bad-name`, `blank-text`, `bad-clearance`,
        `unknown-purpose`, `unknown-role`, `unknown-client`, `duplicate-entry`, `reserved-role`, and those of YAML.
        """
        top = self._open(file, text, _SECTIONS)
        if top is None:
            return
        for name, section in self._new_entries(top, "roles", self.roles):
            if name == PRODUCT_ROLE:
                message = f"{name} is the role of products that read their inputs; no person or service has it"
                section.fault(None, "reserved-role", message)
            self.roles[name] = self._role(section, name)
        for name, section in self._new_entries(top, "clients", self.clients):
            self.clients[name] = self._client(section, name)
        for name, section in self._new_entries(top, "issuers", self.issuers, is_name=False):
            self.issuers[name] = self._issuer(section, name)
        self.faults += top.notes.faults

    def _open(self, file: str, text: str, known: Collection[str]) -> Section | None:
        document, faults = parse(file, text)
        self.faults += faults
        if faults:
            return None
        notes = FaultNotes(document)
        if not isinstance(document.data, dict):
            notes.add((), "wrong-type", f"the file is a mapping with the keys {', '.join(known)}")
            self.faults += notes.faults
            return None
        top = Section(notes, (), document.data)
        top.only(known, "the file")
        return top

    def _new_entries(
        self, top: Section, key: str, known: Mapping[str, ReaderRole | Client | IssuerMapping], *, is_name: bool = True
    ) -> Iterator[tuple[str, Section]]:
        """Yield the entries of a section that are mappings and define a new name."""
        found = _mapping(top, key) if key in top.data else None
        if found is None:
            return
        for name in found.data:
            if is_name and not SNAKE_CASE.fullmatch(name):
                found.fault(name, "bad-name", f"{name!r} in {key} is not snake_case: small letters, digits, single _")
            elif name in known:
                message = f"{name} is among the {key} already: {known[name].place}; give it another name"
                found.fault(name, "duplicate-entry", message)
            elif (section := _mapping(found, name)) is not None:
                yield name, section

    def _role(self, section: Section, name: str) -> ReaderRole:
        section.only(_ROLE_KEYS, f"role {name}")
        word = section.need("clearance", "missing-key", f"role {name} has no clearance: {', '.join(_CLEARANCES)}")
        if word is not None and word not in _CLEARANCES:
            message = f"clearance {word} is not known.{nearest(word, _CLEARANCES)} Allowed: {', '.join(_CLEARANCES)}"
            section.fault("clearance", "bad-clearance", message)
        return ReaderRole(
            name,
            _description(section, f"role {name}"),
            self._purposes(section, f"role {name}"),
            _CLEARANCES.get(word or "", Classification.PUBLIC),
            section.place(),
        )

    def _client(self, section: Section, name: str) -> Client:
        section.only(_CLIENT_KEYS, f"client {name}")
        purposes = (
            frozenset(self.descriptions)
            if section.data.get("purposes") == _ALL
            else self._purposes(section, f"client {name}")
        )
        return Client(name, _description(section, f"client {name}"), purposes, section.place())

    def _purposes(self, section: Section, whose: str) -> frozenset[str]:
        given = section.data.get("purposes")
        if not isinstance(given, list) or not given or not all(isinstance(item, str) for item in given):
            rule = "wrong-type" if "purposes" in section.data else "missing-key"
            section.fault("purposes", rule, f"{whose} needs purposes, a list of names of purposes.yaml")
            return frozenset()
        for index, name in enumerate(given):
            at = (*section.path, "purposes", index)
            if name in given[:index]:
                section.notes.add(at, "duplicate-entry", f"{whose} lists {name} twice")
            elif name not in self.descriptions:
                message = f"no purpose is called {name!r}.{nearest(name, self.descriptions)}"
                section.notes.add(at, "unknown-purpose", f"{message} Known: {', '.join(self.descriptions)}")
        return frozenset(given)

    def _issuer(self, section: Section, name: str) -> IssuerMapping:
        section.only(_ISSUER_KEYS, f"issuer {name}")
        claim = section.need("roles_claim", "missing-key", f"issuer {name} needs roles_claim, the claim of its groups")
        for key in ("domains_claim", "client_claim"):
            if key in section.data and section.text(key) is None:
                section.fault(key, "wrong-type", f"{key} of issuer {name} is the name of a claim")
        if "roles" not in section.data:
            section.fault("roles", "missing-key", f"issuer {name} needs roles: a role for each value of the claim")
        return IssuerMapping(
            issuer=name,
            roles_claim=claim or "",
            roles=_claim_values(section, "roles", "unknown-role", self.roles),
            domains_claim=section.text("domains_claim"),
            client_claim=section.text("client_claim") or _DEFAULT_CLIENT_CLAIM,
            clients=_claim_values(section, "clients", "unknown-client", self.clients),
            place=section.place(),
        )


def _claim_values(section: Section, key: str, rule: str, known: Collection[str]) -> dict[str, str]:
    """Return what each value of a claim means: a mapping to names that are known."""
    found = _mapping(section, key) if key in section.data else None
    values: dict[str, str] = {}
    if found is None:
        return values
    for value, name in found.data.items():
        if isinstance(name, str) and name in known:
            values[value] = name
        else:
            message = f"{value} means {name}, which is not among the {key}.{nearest(str(name), known)}"
            found.fault(value, rule, f"{message} Known: {', '.join(known)}")
    return values


def _mapping(section: Section, key: str) -> Section | None:
    found = section.section(key)
    if found is None:
        section.fault(key, "wrong-type", f"{key} is a mapping")
    return found


def _description(section: Section, whose: str) -> str:
    if "description" not in section.data:
        section.fault("description", "missing-key", f"{whose} has no description")
        return ""
    return _sentence(section, "description", whose, section.data["description"])


def _sentence(section: Section, key: str, whose: str, text: object) -> str:
    if not isinstance(text, str):
        section.fault(key, "wrong-type", f"the description of {whose} is a text")
        return ""
    if not text.strip():
        section.fault(key, "blank-text", f"the description of {whose} is blank")
    return text.strip()
