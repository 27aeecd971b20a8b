"""Names in contracts that only the workspace can resolve: roles, purposes, masks, products of derivation grants.

Without a `policies/roles.yaml` the workspace lists no roles of its own. Names of roles in contracts are then not
checked, because nothing says which are meant to exist; such a role permits nobody anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.masks.mask_rules import fits, parse_mask
from bankmesh.access.registry.registry_load import lists_own_roles, load_registry
from bankmesh.contracts.parsing.access_clauses import GRANTS, MASK, PURPOSES
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.errors import ContractFaults, Fault
from bankmesh.yaml.documents import leaves, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.access.registry.reader_registry import ReaderRegistry
    from bankmesh.contracts.model import Column, Contract, DerivationGrant, Role
    from bankmesh.yaml.documents import Path as YamlPath
    from bankmesh.yaml.documents import Value

_PROPERTIES = "customProperties"


def check_contract_names(root: Path, contracts: Iterable[Contract]) -> None:
    """Raise ContractFaults if a contract names a role, purpose or mask that does not exist.

    Raises PolicyFaults if the files that list roles and purposes have faults.
    """
    faults = find_contract_name_faults(root, contracts)
    if faults:
        raise ContractFaults(faults)


def find_contract_name_faults(root: Path, contracts: Iterable[Contract]) -> tuple[Fault, ...]:
    """Return the faults `unknown-role`, `idle-role`, `unknown-purpose` and `bad-mask` of contracts.

    Raises PolicyFaults if the files that list roles and purposes have faults.
    """
    registry, has_roles = load_registry(root), lists_own_roles(root)
    found: list[Fault] = []
    for contract in contracts:
        found += _purpose_faults(registry, contract)
        found += _mask_faults(contract)
        found += _role_faults(registry, contract) if has_roles else ()
    return tuple(found)


def find_grant_faults(contracts: Iterable[Contract], declared: Collection[str]) -> Iterator[Fault]:
    """Yield the fault `unknown-grant` of each derivation grant whose product or column does not exist.

    `contracts` are those without faults, `declared` the ports of all.
    """
    known = list(contracts)
    by_port = {contract.port: contract for contract in known}
    for contract in known:
        for grant in contract.derivation_grants:
            for problem in _grant_problems(grant, by_port, declared):
                yield Fault(contract.file, grant.place.line, "unknown-grant", f"{GRANTS}: {problem}")


def _grant_problems(
    grant: DerivationGrant, by_port: Mapping[str, Contract], declared: Collection[str]
) -> Iterator[str]:
    if grant.product not in declared:
        yield f"there is no product {grant.product}.{nearest(grant.product, declared)}"
    elif grant.product in by_port:
        columns = [column.name for column in by_port[grant.product].columns]
        for name in grant.columns:
            if name not in columns:
                yield f"{grant.product} has no column {name}.{nearest(name, columns)}"


def _role_faults(registry: ReaderRegistry, contract: Contract) -> Iterator[Fault]:
    for role in contract.roles:
        line = role.place.line if role.place else 1
        if role.role not in registry.roles:
            message = f"role {role.role} is not listed in policies/roles.yaml.{nearest(role.role, registry.roles)}"
            yield Fault(contract.file, line, "unknown-role", f"{message} Listed: {', '.join(registry.roles)}")
        elif contract.purposes and not _may_read(registry, role, contract):
            allowed, held = ", ".join(role.purposes or contract.purposes), registry.roles[role.role].purposes
            message = f"role {role.role} reads nothing: the contract lets it read for {allowed}, but it holds only"
            message = f"{message} {', '.join(sorted(held))}; allow one of these, or remove the role"
            yield Fault(contract.file, line, "idle-role", message)


def _may_read(registry: ReaderRegistry, role: Role, contract: Contract) -> bool:
    """Whether the role holds a purpose for which the contract lets it read."""
    held, allowed = registry.roles[role.role].purposes, role.purposes or contract.purposes
    purposes = registry.purposes
    return any(purposes.covers(held, name) and purposes.covers(allowed, name) for name in purposes)


def _purpose_faults(registry: ReaderRegistry, contract: Contract) -> Iterator[Fault]:
    named = {*contract.purposes, *(name for role in contract.roles for name in role.purposes)}
    if all(name in registry.purposes for name in named):
        return
    for line, _, name in _property_values(contract, PURPOSES):
        if name not in registry.purposes:
            message = f"no purpose is called {name}.{nearest(str(name), registry.purposes)}"
            yield Fault(contract.file, line, "unknown-purpose", f"{message} Known: {', '.join(registry.purposes)}")


def _mask_faults(contract: Contract) -> Iterator[Fault]:
    problems = {column.name: problem for column in contract.columns if (problem := _mask_problem(column)) is not None}
    if problems:
        for line, column, _ in _property_values(contract, MASK):
            if column in problems:
                yield Fault(contract.file, line, "bad-mask", f"mask of {column}: {problems[column]}")


def _mask_problem(column: Column) -> str | None:
    if column.mask is None:
        return None
    try:
        return fits(parse_mask(column.mask), column.type)
    except ValueError as error:
        return str(error)


def _property_values(contract: Contract, name: str) -> Iterator[tuple[int, str | None, Value]]:
    """Yield line, column and value of the custom properties of that name; of a list, of each item.

    The column is None outside columns.
    """
    document = parse(contract.file, contract.text)[0]
    for path, value in leaves(document.data):
        if _PROPERTIES not in path:
            continue
        at = path.index(_PROPERTIES)
        owner, item = _value_at(document.data, path[:at]), _value_at(document.data, path[: at + 2])
        if item["property"] == name and path[at + 2] == "value":
            yield document.line(path), owner["name"] if "properties" in path[:at] else None, value


def _value_at(data: Value, path: YamlPath) -> Value:
    for step in path:
        data = data[step]
    return data
