"""The workspace as files: which domains there are and where their contracts stand. Imports no domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.names import PortName, port_of_contract_file

if TYPE_CHECKING:
    from pathlib import Path


def domain_packages(root: Path) -> list[Path]:
    """The package folder of every domain: `domains/<domain>/src/<domain>`, sorted."""
    return sorted(path.parent for path in root.glob("domains/*/src/*/definitions.py"))


def all_contract_files(root: Path) -> list[Path]:
    """Every contract of every domain, sorted."""
    return sorted(root.glob("domains/*/src/*/contracts/*.odcs.yaml"))


def declared_ports(root: Path) -> dict[str, Path]:
    """Port → contract file, by the names of the files alone: a contract that has faults is there all the same."""
    found: dict[str, Path] = {}
    for file in all_contract_files(root):
        if name := port_of_contract_file(file.parent.parent.name, file.name):
            found[str(name)] = file
    return found


def contract_file(root: Path, domain: str, name: str, major: int) -> Path:
    """Where the contract of a port belongs, whether it is there or not."""
    file = PortName(domain, name, major).contract_file
    return root / "domains" / domain / "src" / domain / "contracts" / file
