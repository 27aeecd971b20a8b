"""All faults of a workspace, sorted and each once.

No mesh home is needed; published versions are examined where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.decisions.access_policy import load_access_policy
from bankmesh.access.errors import PolicyFaults
from bankmesh.access.registry.contract_names import find_contract_name_faults, find_grant_faults
from bankmesh.alerts.delivery.routing_file import RoutingFaults, read_routing
from bankmesh.contracts.parsing.contract_reader import find_faults
from bankmesh.errors import Fault, SourceFaults
from bankmesh.orchestration.workspace_faults.code_location_faults import location_faults, read_locations
from bankmesh.orchestration.workspace_faults.component_file_faults import POLARS, read_components
from bankmesh.orchestration.workspace_faults.derivation_grant_faults import derivation_grant_faults
from bankmesh.orchestration.workspace_faults.input_faults import UNKNOWN_INPUT, input_cycles, unknown_inputs
from bankmesh.orchestration.workspace_faults.orphan_faults import orphan_faults
from bankmesh.orchestration.workspace_faults.polars_component_faults import polars_faults
from bankmesh.products.inputs.loaded_inputs import hidden_reads
from bankmesh.settings import alert_settings
from bankmesh.sources import read_system
from bankmesh.workspace.dbt_project_files import find_dbt_project, project_folders
from bankmesh.workspace.domain_folders import all_contract_files, declared_ports, domain_packages
from bankmesh.workspace.location_modules import located_domains
from bankmesh.workspace.product_consumers import life_faults, workspace_reads
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.settings import Settings

# A location loads in spite of these, so they do not explain why one does not load.
_HARMLESS = {
    UNKNOWN_INPUT,
    "unknown-contract",
    "model-without-contract",
    "changed-within-major",
    "port-without-contract",
    "unknown-grant",
}


def find_workspace_faults(settings: Settings) -> tuple[Fault, ...]:
    """Return every fault of everything that the code locations read, sorted by file and line.

    The files are read first; then each code location is loaded, so that everything that keeps one from loading is
    reported, also what its dbt project or a component of another kind refuses.
    """
    root = settings.root
    entries = read_locations(root)[0]
    contracts = {contract.port: contract for contract in readable_contracts(root)}
    unreadable = any(fault.file.endswith("workspace.yaml") for fault in read_locations(root)[1])
    located = None if unreadable else located_domains(root)
    found = [*find_file_faults(root), *_routing_faults(settings)]
    found += orphan_faults(root, settings.home, contracts, declared_ports(root), located)
    faulty = _packages(settings.root, (fault for fault in found if fault.rule not in _HARMLESS))
    loaded: list[ProductDefinition] = []
    for entry in entries:
        found += location_faults(entry, faulty, contracts.values(), loaded)
    found += derivation_grant_faults(loaded, contracts, settings)
    hidden = hidden_reads(loaded, contracts, workspace_reads(root, contracts.values()))
    found += unknown_inputs(hidden, declared_ports(root), _systems(root)[0])
    return _each_once(found)


def find_file_faults(root: Path) -> tuple[Fault, ...]:
    """Return the faults that the files of the workspace show; no code of a domain is run."""
    contracts = readable_contracts(root)
    by_port = {contract.port: contract for contract in contracts}
    declared = declared_ports(root)
    systems, found = _systems(root)
    found += [*find_faults(all_contract_files(root)), *read_locations(root)[1], *life_faults(root, contracts)]
    for package in domain_packages(root):
        components, broken = read_components(package)
        found += broken
        for component in components:
            if component.type == POLARS:
                found += polars_faults(component, by_port, declared)
    found += _access_faults(root, contracts)
    reads = workspace_reads(root, contracts)
    found += [*unknown_inputs(reads, declared, systems), *input_cycles(reads, by_port)]
    return _each_once(found)


def _access_faults(root: Path, contracts: Sequence[Contract]) -> Iterator[Fault]:
    """Yield faults of the lists of roles and purposes, else of contracts that name them and of policies; of grants."""
    try:
        yield from find_contract_name_faults(root, contracts)
        load_access_policy(root, contracts)
    except PolicyFaults as error:
        yield from error.faults
    yield from find_grant_faults(contracts, declared_ports(root))


def _routing_faults(settings: Settings) -> tuple[Fault, ...]:
    """Return faults of the file that alerts are routed by, if there is one."""
    try:
        read_routing(alert_settings(settings).file)
    except RoutingFaults as error:
        return error.faults
    return ()


def _systems(root: Path) -> tuple[dict[str, dict[str, Collection[str] | None]], list[Fault]]:
    """Return objects of each legacy system by domain, and the faults of source declarations."""
    systems: dict[str, dict[str, Collection[str] | None]] = {}
    faults: list[Fault] = []
    for package in domain_packages(root):
        of_domain = systems.setdefault(package.name, {})
        for file in sorted((package / "sources").glob("*.yaml")):
            try:
                of_domain[file.stem] = {item.name for item in read_system(file).objects}
            except SourceFaults as error:
                of_domain[file.stem] = None
                faults += error.faults
    return systems, faults


def _packages(root: Path, faults: Iterable[Fault]) -> set[str]:
    """Return the domains whose folders hold a fault."""
    places = [fault.file for fault in faults]
    found: set[str] = set()
    for package in domain_packages(root):
        folders = [package, *project_folders(find_dbt_project(root, package), package.name)]
        if any(place.startswith(f"{folder}/") for folder in folders for place in places):
            found.add(package.name)
    return found


def _each_once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return the faults sorted; one that was found in a file and again by loading its location counts once."""

    def unique() -> Iterator[Fault]:
        seen: set[tuple[str, int, str]] = set()
        for fault in sorted(faults):
            if (fault.file, fault.line, fault.message) not in seen:
                seen.add((fault.file, fault.line, fault.message))
                yield fault

    return tuple(unique())
