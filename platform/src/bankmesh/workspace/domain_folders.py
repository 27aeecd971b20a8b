"""The workspace as files: its domains and the paths of their contracts. Imports no domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.names import PortName, port_of_contract_file

if TYPE_CHECKING:
    from pathlib import Path


def domain_packages(root: Path) -> list[Path]:
    """Return the package folder of every domain, `domains/<domain>/src/<domain>`, sorted."""
    return sorted(path.parent for path in root.glob("domains/*/src/*/definitions.py"))


def all_contract_files(root: Path) -> list[Path]:
    """Return every contract file of every domain, sorted."""
    return sorted(root.glob("domains/*/src/*/contracts/*.odcs.yaml"))


def declared_ports(root: Path) -> dict[str, Path]:
    """Return port → contract file, by file names alone, so that a contract with faults is included."""
    found: dict[str, Path] = {}
    for file in all_contract_files(root):
        if name := port_of_contract_file(file.parent.parent.name, file.name):
            found[str(name)] = file
    return found


def contract_file(root: Path, domain: str, name: str, major: int) -> Path:
    """Return the path of a port's contract file, whether or not the file exists."""
    file = PortName(domain, name, major).contract_file
    return root / "domains" / domain / "src" / domain / "contracts" / file
