"""A workspace with two domains: `vault.ledger` is read by two products of `booth`, `week` (Polars), `first_hour` (dbt)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from booth_workspace import Booth
from shop_mesh import Mesh, settings_in
from shop_workspace import DEFINITIONS, PYPROJECT, consumed_by, contract_text, write_exports, write_workspace

from bankmesh.orchestration.code_locations import load_location

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READERS = ("week", "first_hour")
"""The consumers of `vault.ledger`, one of each engine."""
OTHERS = ("opening_hour", "best_hour")
"""Two more, which do not read it."""
LEDGER = "domains/vault/src/vault/contracts/ledger.odcs.yaml"
COMPONENT = "type: bankmesh.PolarsDataProduct\nattributes:\n  contract: {}\n  transform: .transform:{}\n  inputs: {{hours: {}}}\n"


@dataclass(frozen=True)
class Two(Booth):
    """The booth with a second domain beside it."""

    def forget(self) -> None:
        for name in [name for name in sys.modules if name.split(".")[0] in {"booth", "vault"}]:
            del sys.modules[name]

    def mesh(self, domain: str = "booth") -> Mesh:
        """The domain, loaded as its files are now."""
        self.forget()
        definitions = load_location(domain, f"{domain}.definitions").definitions
        return Mesh(settings_in(self.root, self.root.parent), definitions, domain)

    def rules(self) -> set[tuple[str, str]]:
        return {(file, rule) for file, _, rule, _ in self.found_with_locations()}


def write_texts(root: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def hours_contract(domain: str, name: str, *consumers: str) -> str:
    text = contract_text("opening_hour").replace("opening_hour", name).replace("shop", domain)
    return consumed_by(text, *consumers) if consumers else text


def make_two_domains(folder: Path) -> Two:
    made = Two(folder / "workspace", folder / "mesh")
    write_workspace(made.root, "booth")
    write_exports(folder / "exports")
    vault, booth = "domains/vault/src/vault", "domains/booth/src/booth"
    select = 'def {}(hours):\n    return hours.select("weekday", "opens")\n'
    texts = {
        "domains/vault/pyproject.toml": PYPROJECT.replace("shop", "vault"),
        f"{vault}/__init__.py": "",
        f"{vault}/definitions.py": DEFINITIONS,
        f"{vault}/defs/__init__.py": "",
        f"{vault}/defs/ledger/defs.yaml": COMPONENT.format("ledger", "ledger", "booth.opening_hour"),
        f"{vault}/defs/ledger/transform.py": select.format("ledger"),
        LEDGER: hours_contract("vault", "ledger", "booth.opening_hour", *(f"booth.{name}" for name in READERS)),
        f"{booth}/contracts/opening_hour.odcs.yaml": hours_contract("booth", "opening_hour", "vault.ledger"),
        f"{booth}/contracts/week.odcs.yaml": hours_contract("booth", "week"),
        f"{booth}/contracts/first_hour.odcs.yaml": hours_contract("booth", "first_hour"),
        f"{booth}/contracts/best_hour.odcs.yaml": hours_contract("booth", "best_hour"),
        "dbt_project/models/booth/products/best_hour.sql": (
            "select weekday, opens from {{ source('booth', 'opening_hour') }}\n"
        ),
        f"{booth}/defs/week/defs.yaml": COMPONENT.format("week", "week", "vault.ledger"),
        f"{booth}/defs/week/transform.py": select.format("week"),
        "dbt_project/models/booth/products/first_hour.sql": (
            "select weekday, opens from {{ source('vault', 'ledger') }}\n"
        ),
    }
    write_texts(made.root, texts)
    locations = "".join(
        f"  - python_module: {{module_name: {name}.definitions, location_name: {name}}}\n"
        for name in ("booth", "vault")
    )
    (made.root / "workspace.yaml").write_text(f"load_from:\n{locations}")
    return made


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """The two domains, of which nothing is published."""
    made = make_two_domains(tmp_path)
    monkeypatch.setenv("BANKMESH_ROOT", str(made.root))
    monkeypatch.setenv("MESH_HOME", str(made.home))
    monkeypatch.setenv("BANK_DATA", str(tmp_path / "exports"))
    paths = [str(made.root / "domains" / domain / "src") for domain in ("booth", "vault")]
    monkeypatch.setattr(sys, "path", [*paths, *sys.path])
    made.forget()
    yield made
    made.forget()
