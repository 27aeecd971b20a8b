"""Faults of orphans: ports and models without contract, domains without location, columns changed within a major.

Ports are read from the Delta log alone, if there is a home.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import arrow_schema
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.errors import Fault
from bankmesh.names import parse_port_name, port_of_table
from bankmesh.ports import published_ports, schema_conflicts
from bankmesh.workspace.dbt_project_files import find_dbt_project, is_product_model
from bankmesh.workspace.domain_folders import contract_file, domain_packages
from bankmesh.workspace.product_consumers import model_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Port


def orphan_faults(
    root: Path,
    home: Path,
    contracts: Mapping[str, Contract],
    declared: Collection[str],
    located: Collection[str] | None,
) -> Iterator[Fault]:
    """Yield `domain-without-location`, `port-without-contract`, `model-without-contract`, `changed-within-major`.

    Args:
        root: the workspace.
        home: the mesh home, which need not exist.
        contracts: those without fault, by port.
        declared: the ports that have a contract file.
        located: the domains that have a code location; None where that is not known.
    """
    for package in domain_packages(root):
        if located is not None and package.name not in located:
            message = (
                f"the domain {package.name} is no code location, so its products are neither built nor published. "
                f"Add python_module {package.name}.definitions, or retire its products: `mesh contract move`"
            )
            yield Fault(str(root / "workspace.yaml"), 0, "domain-without-location", message)
        yield from _models(root, package, contracts, declared)
    for port in published_ports(home):
        if port.name not in declared:
            yield _port_without_contract(root, port, declared)
        elif (contract := contracts.get(port.name)) is not None and contract.status.has_port:
            yield from _changed_columns(contract, port)


def _port_without_contract(root: Path, port: Port, declared: Collection[str]) -> Fault:
    domain, name = port.product.split(".")
    file = contract_file(root, domain, name, port.major)
    near = nearest(port.name, [other for other in declared if other.startswith(f"{domain}.")])
    message = (
        f"{port.name} is published in {port.path}, and its contract is gone.{near} Restore the file from git "
        f"(`git log --diff-filter=D -- {file.relative_to(root)}` names the commit that deleted it). If the "
        f"product is to end, `mesh contract move {port.app_id} retired --why ...` and "
        "`mesh contract archive`"
    )
    return Fault(str(file), 0, "port-without-contract", message)


def _models(root: Path, package: Path, contracts: Mapping[str, Contract], declared: Collection[str]) -> Iterator[Fault]:
    """Yield faults of product models that no contract of the domain describes."""
    domain = package.name
    tables = {contract.port_name.table for contract in contracts.values() if contract.domain == domain}
    # A contract with faults still has its model.
    tables |= {name.table for name in map(parse_port_name, declared) if name.domain == domain}
    project = find_dbt_project(root, package)
    for model, file in sorted(model_files(root, package).items()):
        if model not in tables and is_product_model(project, domain, file):
            yield Fault(str(file), 0, "model-without-contract", _without_contract(domain, model, file, tables))


def _without_contract(domain: str, model: str, file: Path, tables: Collection[str]) -> str:
    restore = (
        f"Write its contract, {port_of_table(domain, model).contract_file}, or restore it; if the product is to end, "
        "restore and retire it with `mesh contract move`; "
    )
    if file.suffix == ".py":
        restore = "A product is a model in SQL, which may read one in Python with ref(): write that and its contract; "
    return (
        f"the model {model} has no contract, so it is not built.{nearest(model, tables)} {restore}"
        "remove the model; or, if other models read it, move it out of products/ or materialize it as a view"
    )


def _changed_columns(contract: Contract, port: Port) -> Iterator[Fault]:
    places = {column.name: column.place for column in contract.columns}
    for name, problem in schema_conflicts(port, arrow_schema(contract)):
        line = places[name].line if name in places else 0
        message = (
            f"{problem}, and {contract.port} is published with it. Undo the change, or make it in a new major "
            f"({replace(contract.port_name, major=contract.major + 1).contract_file})"
        )
        yield Fault(contract.file, line, "changed-within-major", message)
