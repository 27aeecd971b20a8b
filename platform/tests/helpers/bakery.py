"""A shop whose files, code and contracts a test changes between whole runs, in one process."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from shop_workspace import SALES, Sale, write_exports, write_workspace

from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.local_runner import run_everything
from bankmesh.ports import open_version, port_at, read_history
from bankmesh.products.inputs.source_changes import changed_landings
from bankmesh.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from bankmesh.orchestration.runner.run_outcome import RunOutcome, UnchangedAssets
    from bankmesh.ports import Port

DOMAIN = "bakery"


@dataclass
class Heard:
    """What a run said."""

    failures: dict[str, str] = field(default_factory=dict)
    unchanged: UnchangedAssets | None = None

    def started(self, step: str) -> None: ...

    def finished(self, step: str, notes: dict[str, object]) -> None: ...

    def failed(self, step: str, message: str) -> None:
        self.failures[step] = message

    def decided(self, unchanged: UnchangedAssets) -> None:
        self.unchanged = unchanged


@dataclass(frozen=True)
class Bakery:
    """The workspace and its home. Whatever is changed, `run` loads the code location anew, as a process would."""

    settings: Settings

    @classmethod
    def write(cls, folder: Path) -> Bakery:
        """A new one; nothing has run."""
        write_workspace(folder, DOMAIN)
        made = cls(Settings(root=folder, home=folder / "mesh", exports=folder / "exports"))
        (folder / "workspace.yaml").write_text(
            f"load_from:\n  - python_module: {{module_name: {DOMAIN}.definitions, location_name: {DOMAIN}}}\n"
        )
        made.export()
        return made

    @property
    def package(self) -> Path:
        return self.settings.root / "domains" / DOMAIN / "src" / DOMAIN

    def export(self, *sales: Sale) -> None:
        write_exports(self.settings.exports, sales or SALES)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in a file below the package, or below `dbt_project` if that is where the name leads."""
        file = (self.settings.root if name.startswith("dbt_project") else self.package) / name
        text = file.read_text()
        assert old in text, (file, old)
        file.write_text(text.replace(old, new))

    def run(self, *only: str, **options: Any) -> tuple[RunOutcome, Heard]:
        """`mesh run`, without its output."""
        self.activate()
        heard = Heard()
        keys = [f"{DOMAIN}/{name}" for name in only]
        with open_instance(self.settings) as instance:
            outcome = run_everything(
                self.settings.root,
                instance,
                heard,
                keys,
                changed=lambda landings: changed_landings(self.settings, landings),
                **options,
            )
        return outcome, heard

    def activate(self) -> None:
        """Point this process at the home, and have it forget what it has imported of the domain."""
        source = str(self.package.parent)
        if source not in sys.path:
            sys.path.insert(0, source)
        for name in [name for name in sys.modules if name.partition(".")[0] == DOMAIN]:
            del sys.modules[name]
        os.environ |= {
            "BANKMESH_ROOT": str(self.settings.root),
            "MESH_HOME": str(self.settings.home),
            "BANK_DATA": str(self.settings.exports),
        }

    def port(self, product: str, major: int = 1) -> Port:
        return port_at(self.settings.home, f"{DOMAIN}.{product}", major)

    def versions(self, product: str) -> list[int]:
        return [made.version for made in reversed(read_history(self.port(product)))]

    def rows(self, product: str) -> list[dict[str, Any]]:
        frame = open_version(self.port(product)).scan_polars().collect()
        return frame.sort(frame.columns).to_dicts()


@contextmanager
def as_it_was() -> Iterator[None]:
    """Put environment, import path and bytecode back: code changes twice within the second that its bytecode notes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("BANKMESH_ROOT", "MESH_HOME", "BANK_DATA"):
            patch.setenv(name, "")
        patch.setattr(sys, "path", [*sys.path])
        patch.setattr(sys, "dont_write_bytecode", True)
        yield


@contextmanager
def put_back(bakery: Bakery) -> Iterator[Bakery]:
    """Put the workspace back as it was: at its place, because paths are in Dagster's records."""
    root = bakery.settings.root
    kept = root.with_name("kept")
    shutil.copytree(root, kept, symlinks=True)
    with as_it_was():
        yield bakery
    shutil.rmtree(root)
    kept.rename(root)


def named(keys: Collection[str]) -> set[str]:
    """Products among asset keys, by name."""
    return {key.removeprefix(f"{DOMAIN}/") for key in keys if "/landing/" not in key}
