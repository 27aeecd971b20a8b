"""The column lineage graph of a workspace, as its published versions record it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.lineage.lineage_graph import recorded_graph
from bankmesh.sources import read_systems
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.lineage.lineage_graph import Graph
    from bankmesh.sources import LegacySystem


def workspace_systems(root: Path) -> dict[str, tuple[LegacySystem, ...]]:
    """Return the legacy systems of every domain. Raises SourceFaults."""
    return {package.name: read_systems(package / "sources") for package in domain_packages(root)}


def workspace_graph(root: Path, home: Path) -> Graph:
    """Return the graph of the versions published in a mesh home and of all declared columns. Raises SourceFaults."""
    return recorded_graph(readable_contracts(root), workspace_systems(root), home)
