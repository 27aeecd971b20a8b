"""The workspace as files: which domains there are and where their contracts stand. Imports no domain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def domain_packages(root: Path) -> list[Path]:
    """The package folder of every domain: `domains/<domain>/src/<domain>`, sorted."""
    return sorted(path.parent for path in root.glob("domains/*/src/*/definitions.py"))


def all_contract_files(root: Path) -> list[Path]:
    """Every contract of every domain, sorted."""
    return sorted(root.glob("domains/*/src/*/contracts/*.odcs.yaml"))


_CONTRACT_FILE = re.compile(r"(?P<name>[^.]+)(?:\.v(?P<major>[1-9]\d*))?\.odcs\.yaml")


def declared_ports(root: Path) -> dict[str, Path]:
    """Port → contract file, by the names of the files alone: a contract that has faults is there all the same."""
    found: dict[str, Path] = {}
    for file in all_contract_files(root):
        match = _CONTRACT_FILE.fullmatch(file.name)
        if match:
            major = match["major"] or "1"
            port = f"{file.parent.parent.name}.{match['name']}"
            found[port if major == "1" else f"{port}@{major}"] = file
    return found


def contract_file(root: Path, domain: str, name: str, major: int) -> Path:
    """Where the contract of a port belongs, whether it is there or not."""
    suffix = f".v{major}" if major > 1 else ""
    return root / "domains" / domain / "src" / domain / "contracts" / f"{name}{suffix}.odcs.yaml"
