"""Everything that decisions depend on, compiled once: roles, purposes, contracts and Cedar policies."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bankmesh.access.errors import PolicyFaults
from bankmesh.access.policies.cedar_schema import build_schema, row_type
from bankmesh.access.policies.contract_policies import compile_contract
from bankmesh.access.policies.model import (
    COLUMN,
    DOMAIN,
    MASK,
    PRODUCT,
    PURPOSE,
    READ,
    ROLE,
    SHOW,
    CedarPolicy,
    PolicyEffect,
    PolicyOrigin,
)
from bankmesh.access.policies.parser_stack import on_large_stack
from bankmesh.access.policies.policy_sources import (
    PLATFORM_LABEL,
    PolicyFile,
    check_names,
    check_types,
    parse_policies,
    policy_folders,
    read_policy_files,
)
from bankmesh.access.registry import load_registry, platform_policy_folder
from bankmesh.access.row_filters.residual_conditions import RowType
from bankmesh.errors import Fault, Place
from bankmesh.names import parse_port_name
from bankmesh.workspace.domain_folders import declared_ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import cedarpy

    from bankmesh.access.registry import ReaderRegistry
    from bankmesh.contracts.model import Contract


@dataclass(frozen=True)
class PolicySide:
    """One of the two sides that must permit: the hub's policies, or the contract's with its domain's forbids.

    Attributes:
        name: `the hub` or `the contract`, in reasons.
        policies: the policies by the key that they have in both sets.
        on_columns: the compiled policies on columns.
        permits_on_columns: the permits among them, which decide what a column would be without the forbids.
        on_rows: the compiled policies on the rows of one port.
    """

    name: str
    policies: Mapping[str, CedarPolicy] = field(hash=False)
    on_columns: cedarpy.PolicySet = field(hash=False, repr=False)
    permits_on_columns: cedarpy.PolicySet = field(hash=False, repr=False)
    on_rows: cedarpy.PolicySet = field(hash=False, repr=False)


class PortPolicy:
    """The policies on one port, compiled at its first decision, with the entities that do not depend on readers."""

    def __init__(
        self, contract: Contract, hub: Sequence[CedarPolicy], narrowing: Sequence[CedarPolicy], known: str
    ) -> None:
        self.contract = contract
        columns = {column.name: column.type for column in contract.columns}
        ancestors = frozenset({(PRODUCT, contract.port), (DOMAIN, contract.domain)})
        self.row = RowType(row_type(contract.port_name), columns, ancestors)
        self.contract_digest = hashlib.sha256(contract.text.encode()).hexdigest()
        self._hub, self._narrowing, self._known = hub, narrowing, known

    @cached_property
    def sides(self) -> tuple[PolicySide, PolicySide]:
        """The hub's side and the contract's."""
        return _compile_side("the hub", self._hub, self.row.entity_type), _compile_side(
            "the contract", self._narrowing, self.row.entity_type
        )

    @cached_property
    def entities(self) -> cedarpy.Entities:
        """The purposes and roles, the product, and its columns."""
        import cedarpy

        return cedarpy.Entities.from_json_str(json.dumps([*json.loads(self._known), *_column_entities(self.contract)]))


def _compile_side(name: str, policies: Sequence[CedarPolicy], rows: str) -> PolicySide:
    keyed = {f"p{number}": policy for number, policy in enumerate(policies)}
    on_columns = {key: policy.body for key, policy in keyed.items() if not policy.actions.isdisjoint({SHOW, MASK})}
    on_rows = {key: policy.body for key, policy in keyed.items() if READ in policy.actions and _concerns(policy, rows)}
    permits = {key: body for key, body in on_columns.items() if body["effect"] == PolicyEffect.PERMIT.value}
    return PolicySide(name, keyed, _policy_set(on_columns), _policy_set(permits), _policy_set(on_rows))


def _concerns(policy: CedarPolicy, rows: str) -> bool:
    """Whether a policy's scope can hold for rows of a type; a scope without a type can."""
    return bool(policy.body["resource"].get("entity_type", rows) == rows)


def _policy_set(bodies: Mapping[str, Mapping[str, Any]]) -> cedarpy.PolicySet:
    import cedarpy

    text = json.dumps({"staticPolicies": bodies, "templates": {}, "templateLinks": []})
    return on_large_stack(lambda: cedarpy.PolicySet.from_json_str(text))


def _column_entities(contract: Contract) -> list[dict[str, Any]]:
    product = {"type": PRODUCT, "id": contract.port}
    found = [_entity(DOMAIN, contract.domain), _entity(PRODUCT, contract.port, [(DOMAIN, contract.domain)])]
    for column in contract.columns:
        attributes: dict[str, Any] = {
            "name": column.name,
            "product": contract.product,
            "domain": contract.domain,
            "classification": column.classification.label,
            "sensitivity": int(column.classification),
        }
        if column.subject is not None:
            attributes["subject"] = column.subject
        uid = {"type": COLUMN, "id": column_id(contract, column.name)}
        found.append({"uid": uid, "attrs": attributes, "parents": [product]})
    return found


def column_id(contract: Contract, column: str) -> str:
    """Return the id of a column's entity: `retail.party.phone`, `retail.customer_360@2.age`."""
    return f"{contract.port}.{column}"


def _entity(kind: str, name: str, parents: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    above = [{"type": parent, "id": above} for parent, above in parents]
    return {"uid": {"type": kind, "id": name}, "attrs": {}, "parents": above}


@dataclass(frozen=True)
class _Sources:
    """What a policy is compiled from; two of one digest are equal."""

    digest: str
    policy_digest: str = field(compare=False)
    root: Path = field(compare=False)
    registry: ReaderRegistry = field(compare=False)
    files: tuple[PolicyFile, ...] = field(compare=False)
    contracts: tuple[Contract, ...] = field(compare=False)
    declared: tuple[str, ...] = field(compare=False)


class AccessPolicy:
    """The roles, purposes, contracts and policies of a workspace at one moment. Equal if `digest` is.

    Attributes:
        registry: roles, purposes, clients and issuers.
        ports: the compiled policies of each port.
        policies: the policies of the platform, the workspace and the domains; not those of contracts.
        policy_digest: SHA-256 of all policies, roles and purposes.
        digest: SHA-256 of these and of the contracts.
        schema: Cedar's schema of the workspace, in its JSON form.
    """

    def __init__(self, sources: _Sources, policies: Sequence[CedarPolicy]) -> None:
        self.registry, self.policies = sources.registry, tuple(policies)
        self.policy_digest, self.digest = sources.policy_digest, sources.digest
        self._root, contracts = sources.root, sources.contracts
        self._short_files: dict[str, str] = {}
        self.schema = build_schema(contracts)
        hub = [policy for policy in policies if policy.origin is not PolicyOrigin.DOMAIN]
        known = json.dumps(_registry_entities(self.registry))
        self.ports: Mapping[str, PortPolicy] = {
            contract.port: PortPolicy(contract, hub, _narrowing(contract, policies), known) for contract in contracts
        }

    def shorten_place(self, place: Place) -> Place:
        """Return a place by its path below the workspace, or below the platform's folder of policies."""
        if place.file not in self._short_files:
            self._short_files[place.file] = self._shorten(Path(place.file))
        return Place(self._short_files[place.file], place.line)

    def _shorten(self, file: Path) -> str:
        for folder, label in ((self._root, ""), (platform_policy_folder(), f"{PLATFORM_LABEL}/")):
            if file.is_relative_to(folder):
                return f"{label}{file.relative_to(folder).as_posix()}"
        return str(file)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccessPolicy) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def _narrowing(contract: Contract, policies: Iterable[CedarPolicy]) -> list[CedarPolicy]:
    own = [each for each in policies if each.origin is PolicyOrigin.DOMAIN and each.domain == contract.domain]
    return [*compile_contract(contract), *own]


def _registry_entities(registry: ReaderRegistry) -> list[dict[str, Any]]:
    purposes = [
        _entity(PURPOSE, name, [(PURPOSE, above) for above in registry.purposes.ancestors(name)])
        for name in registry.purposes
    ]
    return [*purposes, *(_entity(ROLE, name) for name in registry.roles)]


def load_access_policy(root: Path, contracts: Sequence[Contract]) -> AccessPolicy:
    """Return the policies in force in a workspace; cached while no file changes.

    Raises PolicyFaults.
    """
    registry = load_registry(root)
    files, faults = read_policy_files(policy_folders(root, platform_policy_folder()))
    if faults:
        raise PolicyFaults(faults)
    return _compile(_sources(root, registry, files, contracts))


def _sources(
    root: Path,
    registry: ReaderRegistry,
    files: tuple[PolicyFile, ...],
    contracts: Sequence[Contract],
) -> _Sources:
    texts = [[file.name, file.folder.origin.value, file.folder.domain, file.text] for file in files]
    policy_digest = hashlib.sha256(json.dumps([registry.digest, texts]).encode()).hexdigest()
    declared = tuple(declared_ports(root))
    versions = [[str(root)], *([contract.file, contract.text] for contract in contracts)]
    whole = hashlib.sha256(json.dumps([policy_digest, versions, declared]).encode()).hexdigest()
    return _Sources(whole, policy_digest, root, registry, files, tuple(contracts), declared)


@lru_cache(maxsize=8)
def _compile(sources: _Sources) -> AccessPolicy:
    """Raises PolicyFaults."""
    policies: list[CedarPolicy] = []
    faults: list[Fault] = []
    for file in sources.files:
        found, wrong = parse_policies(file)
        policies += found
        faults += wrong
    policy = AccessPolicy(sources, policies)
    paths = {file.name: str(file.path) for file in sources.files}
    faults += (replace(fault, file=paths.get(fault.file, fault.file)) for fault in _reference_faults(policy, sources))
    if faults:
        raise PolicyFaults(faults)
    return policy


def _reference_faults(policy: AccessPolicy, sources: _Sources) -> Iterable[Fault]:
    """Yield the faults of names and types; a policy on a product whose contract has faults is not checked."""
    import cedarpy

    unread = [parse_port_name(name) for name in sources.declared if name not in policy.ports]
    hidden = {str(port) for port in unread} | {row_type(port) for port in unread}
    checked = [each for each in policy.policies if not any(name in each.text for name in hidden)]
    names = {
        DOMAIN: frozenset(contract.domain for contract in sources.contracts),
        PRODUCT: frozenset(policy.ports),
        COLUMN: frozenset(column_id(c, column.name) for c in sources.contracts for column in c.columns),
    }
    yield from check_names(checked, sources.registry.roles, sources.registry.purposes, names)
    yield from check_types(checked, cedarpy.Schema.from_json_str(json.dumps(policy.schema)))
