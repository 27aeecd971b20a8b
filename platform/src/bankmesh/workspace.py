"""The workspace as files: which domains there are and where their contracts stand. Imports no domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def domain_packages(root: Path) -> list[Path]:
    """The package folder of every domain: `domains/<domain>/src/<domain>`, sorted."""
    return sorted(path.parent for path in root.glob("domains/*/src/*/definitions.py"))


def all_contract_files(root: Path) -> list[Path]:
    """Every contract of every domain, sorted."""
    return sorted(root.glob("domains/*/src/*/contracts/*.odcs.yaml"))
