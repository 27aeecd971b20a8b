"""The shop of the product tests as a domain `booth`, whose files a test edits before it looks for faults."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from shop_workspace import at_stage, write_workspace

from bankmesh.orchestration.workspace_faults.fault_collection import find_file_faults, find_workspace_faults
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from bankmesh.errors import Fault


@dataclass(frozen=True)
class Booth:
    """The workspace, with its home."""

    root: Path
    home: Path

    @property
    def package(self) -> Path:
        return self.root / "domains/booth/src/booth"

    def path(self, name: str) -> Path:
        """A file of the domain by its place in the package, or one of its models."""
        models = self.root / "dbt_project/models/booth"
        return models / name if name.endswith(".sql") else self.package / name

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.path(name)
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def put(self, contract: str, status: str, **properties: str) -> None:
        file = self.path(f"contracts/{contract}.odcs.yaml")
        file.write_text(at_stage(file.read_text(), status, **properties))

    def found(self) -> list[tuple[str, int, str, str]]:
        """Faults that the files show: place, line, rule, message."""
        return self._short(find_file_faults(self.root))

    def found_with_locations(self) -> list[tuple[str, int, str, str]]:
        """Every fault, with those that only loading the code locations shows."""
        self.forget()
        try:
            return self._short(find_workspace_faults(current_settings(self.root)))
        finally:
            self.forget()

    def forget(self) -> None:
        """Let the next load import the domain's modules as they are now."""
        for name in [name for name in sys.modules if name.split(".")[0] == "booth"]:
            del sys.modules[name]

    def _short(self, faults: Iterable[Fault]) -> list[tuple[str, int, str, str]]:
        places = {f"{self.package}/": "", f"{self.root}/dbt_project/models/booth/": "", f"{self.root}/": ""}
        return [(_without(fault.file, places), fault.line, fault.rule, fault.message) for fault in faults]


def _without(file: str, prefixes: dict[str, str]) -> str:
    return next((file.removeprefix(prefix) for prefix in prefixes if file.startswith(prefix)), file)


@pytest.fixture
def booth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Booth]:
    made = Booth(tmp_path / "workspace", tmp_path / "mesh")
    source = write_workspace(made.root, "booth")
    monkeypatch.setenv("BANKMESH_ROOT", str(made.root))
    monkeypatch.setenv("MESH_HOME", str(made.home))
    monkeypatch.setattr(sys, "path", [str(source), *sys.path])
    made.forget()
    yield made
    made.forget()
