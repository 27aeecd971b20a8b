"""What remains of a product or landing that the workspace no longer declares: its consumers, its component, its model.

None of them publishes. The rest of their code location loads and runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.errors import BankmeshError, ContractFaults, NotPublished, SourceFaults
from bankmesh.products.domain_package import domain_systems
from bankmesh.products.product_definition import ProductInput
from bankmesh.settings import current_settings
from bankmesh.workspace.domain_folders import contract_file, declared_ports
from bankmesh.workspace.location_modules import located_domains
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.contracts.model import Contract
    from bankmesh.products.product_definition import Input, LegacyInput


class OrphanedInput(NotPublished):
    """An input that the workspace does not declare, or whose contract is faulty or has no code location.

    Its port or landing may still be there.
    """

    def __init__(self, port: str, source: str, problem: str) -> None:
        super().__init__(source, None, ())
        self.port, self.source, self.problem = port, source, problem
        self.args = (f"{port} reads {source}, but {problem}",)


class OrphanedProduct(BankmeshError):
    """A component or model builds a product that has no contract. `file` is where the contract belongs."""

    def __init__(self, product: ProductInput, made_by: Path, root: Path) -> None:
        self.product, self.made_by = product, made_by
        self.file = contract_file(root, product.domain, product.name, product.major)
        near = nearest(product.ref, [port for port in declared_ports(root) if port.startswith(f"{product.domain}.")])
        super().__init__(
            f"{product.ref} is not built, because there is no contract of it ({_within(self.file, root)}).{near} "
            "Restore the contract and, if the product is to end, retire it with "
            f"`mesh contract move {product.ref} retired`; or remove {_within(made_by, root)}."
        )


def refuse_orphaned_inputs(contract: Contract, sources: Iterable[Input]) -> None:
    """Raise OrphanedInput for the first of the sources that the contract's workspace does not declare.

    Checked when the step runs, before anything is read, so that a missing or faulty contract stops its consumers and no
    other product. dbt's sources of such inputs are declared without columns (`generated_sources`), and not read.
    """
    package = Path(contract.file).parents[1]
    root = current_settings(package).root
    for source in sorted(sources, key=lambda source: source.ref):
        if isinstance(source, ProductInput):
            problem = _product_problem(root, source)
        else:
            problem = _object_problem(root, package, source)
        if problem is not None:
            raise OrphanedInput(contract.port, source.ref, problem)


def _product_problem(root: Path, source: ProductInput) -> str | None:
    """Return why a product may not be read; None if it may."""
    declared = declared_ports(root)
    file = contract_file(root, source.domain, source.name, source.major)
    if source.ref not in declared:
        hint = nearest(source.ref, declared)
        place = _within(file, root)
        return f"there is no contract of it ({place}).{hint} Restore the contract, or read another product."
    if source.ref not in {contract.port for contract in readable_contracts(root)}:
        return f"its contract has faults{_first_fault(declared[source.ref], root)}. Fix them: `mesh contract check`."
    located = located_domains(root)
    if located is not None and source.domain not in located:
        return f"its domain {source.domain} is no code location of workspace.yaml any more. Add it again there."
    return None


def _first_fault(file: Path, root: Path) -> str:
    try:
        read_contract(file)
    except ContractFaults as error:
        fault = error.faults[0]
        return f" ({_within(Path(fault.file), root)}:{fault.line}: {fault.message})"
    return ""


def _object_problem(root: Path, package: Path, source: LegacyInput) -> str | None:
    """Return why a landing may not be read: its object is not declared, so it is no longer landed; None if it may."""
    folder = package / "sources"
    try:
        systems = domain_systems(package)
    except SourceFaults as error:
        fault = error.faults[0]
        place = f"{_within(Path(fault.file), root)}:{fault.line}"
        return f"the source declarations have faults ({place}: {fault.message}). Fix them: `mesh contract check`."
    objects = [item.name for system in systems if system.name == source.system for item in system.objects]
    if source.object in objects:
        return None
    file = _within(folder / f"{source.system}.yaml", root)
    hint = nearest(source.object, objects)
    return f"{source.system} declares no object {source.object} ({file}).{hint} Declare it, or read another one."


def _within(file: Path, root: Path) -> Path:
    return file.relative_to(root) if file.is_relative_to(root) else file
