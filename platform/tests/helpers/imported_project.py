"""A foreign dbt project imported with `mesh import dbt` into a workspace that holds nothing else."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
from foreign_projects import write_project
from reader_sessions import read_as_owner

from bankmesh.client import DataMeshClient
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest
    from command import Command, Said


@dataclass(frozen=True)
class ImportedProject:
    """The foreign project, the workspace, and the domain that it is imported into."""

    root: Path
    project: Path
    domain: str
    mesh: Command

    @property
    def folder(self) -> Path:
        return self.root / "domains" / self.domain

    def bring_in(self, *options: object) -> Said:
        said = self.mesh(
            "import", "dbt", self.project, "--domain", self.domain, "--no-install", "--keep-rows", *options
        )
        importlib.invalidate_caches()  # the folder of the package did not exist
        return said

    def contract(self, name: str) -> str:
        return (self.folder / "src" / self.domain / "contracts" / f"{name}.odcs.yaml").read_text(encoding="utf-8")

    def report(self) -> str:
        return (self.folder / "dbt" / "IMPORT.md").read_text(encoding="utf-8")

    def published_rows(self, product: str, major: int | None = None) -> list[tuple[object, ...]]:
        """The rows of a published product, sorted."""
        read_as_owner(current_settings().home, self.domain)
        found = DataMeshClient().get_data_product(self.domain, product, major=major).to_polars()
        return sorted(found.rows(), key=repr)

    def plain_rows(self, relation: str, columns: str = "*") -> list[tuple[object, ...]]:
        """The rows that plain dbt makes of the same data, sorted."""
        database = self.root / ".mesh" / "imports" / self.domain / "plain.duckdb"
        with duckdb.connect(str(database), read_only=True) as connection:
            return sorted(connection.execute(f"select {columns} from {relation}").fetchall(), key=repr)


def place_project(
    files: Mapping[str, str], domain: str, folder: Path, mesh: Command, monkeypatch: pytest.MonkeyPatch
) -> ImportedProject:
    """Write the project and an empty workspace, which become those of this process; nothing is imported yet."""
    root = folder / "workspace"
    root.mkdir()
    (root / "workspace.yaml").write_text("load_from:\n", encoding="utf-8")
    monkeypatch.setenv("BANKMESH_ROOT", str(root))
    monkeypatch.setenv("MESH_HOME", str(root / ".mesh"))
    monkeypatch.setenv("BANK_DATA", str(root / "exports"))
    monkeypatch.syspath_prepend(str(root / "domains" / domain / "src"))
    for name in [name for name in sys.modules if name.partition(".")[0] == domain]:
        monkeypatch.delitem(sys.modules, name)
    return ImportedProject(root, write_project(folder / "project", files), domain, mesh)
