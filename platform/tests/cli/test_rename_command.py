"""`mesh rename` and `mesh remove` in a workspace that is loaded and run afterwards, in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from shop_workspace import contract_text, write_workspace

from bankmesh.scaffolding.product_scaffold import scaffold_product
from bankmesh.scaffolding.workspace_changes.product_removal import plan_product_removal
from bankmesh.scaffolding.workspace_changes.rename_decision import RenameRecord, plan_product_rename
from bankmesh.settings import Settings

if TYPE_CHECKING:
    from forked_commands import ForkedCommands
    from shop_mesh import Mesh

SHOP = "domains/shop/src/shop"
RECORD = RenameRecord("me", date(2026, 1, 2), None, "2099-01-01")


@dataclass(frozen=True)
class Processes:
    """`mesh` in processes of its own, which import the package of their workspace."""

    settings: Settings
    programs: Path

    def __call__(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        variables = {
            "BANKMESH_ROOT": str(self.settings.root),
            "MESH_HOME": str(self.settings.home),
            "BANK_DATA": str(self.settings.exports),
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(self.settings.root / "domains/shop/src"), *filter(None, sys.path)]),
        }
        done = subprocess.run(
            ["mesh", *words],
            cwd=self.settings.root,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def rows(self, product: str) -> object:
        return json.loads(self("get", product, "--format", "json", "--limit", "100").stdout)


def make_draft(settings: Settings, name: str) -> None:
    text = contract_text(name).replace("status: active", "status: draft")
    (settings.root / SHOP / f"contracts/{name}.odcs.yaml").write_text(text)


def test_after_renames_and_removals_the_code_location_loads(tmp_path: Path, commands: ForkedCommands) -> None:
    settings = Settings(root=tmp_path / "bank", home=tmp_path / "home", exports=tmp_path / "exports")
    write_workspace(settings.root)
    make_draft(settings, "opening_hour")
    for kind in ("dbt", "polars"):
        scaffold_product(settings, f"shop.list_{kind}", kind, "shop.sale")
        plan_product_rename(settings, f"shop.list_{kind}", f"{kind}_list", RECORD).write()
    for old, new in (("opening_hour", "open_time"), ("sale", "purchase"), ("monthly_sale", "by_month")):
        plan_product_rename(settings, f"shop.{old}", new, RECORD).write()
    plan_product_removal(settings, "shop.dbt_list").write()
    assert "8 contracts, 0 faults" in Processes(settings, commands.programs)("contract", "check").stdout


@pytest.mark.slow
def test_the_old_name_has_the_rows_of_the_new_one(published: Mesh, tmp_path: Path, commands: ForkedCommands) -> None:
    settings = replace(published.settings, root=tmp_path / "workspace")
    shutil.copytree(published.settings.root, settings.root, ignore=shutil.ignore_patterns("__pycache__"))
    mesh = Processes(settings, commands.programs)
    make_draft(settings, "opening_hour")
    before = {name: mesh.rows(f"shop.{name}") for name in ("sale", "customer_spend", "opening_hour")}
    said = mesh("rename", "shop.opening_hour", "open_time", "--yes", "--by", "me").stdout
    assert "shop.opening_hour was published: its contract stays, retired, and so do its versions." in said
    for old, new in (("sale", "purchase"), ("customer_spend", "spending"), ("monthly_sale", "by_month")):
        said = mesh("rename", f"shop.{old}", new, "--end-of-support", "2099-01-01", "--yes", "--by", "me").stdout
        assert f"Done: rename shop.{old} to shop.{new}." in said
    mesh("run")
    after = {
        name: mesh.rows(f"shop.{name}") for name in ("purchase", "spending", "open_time", "sale", "customer_spend")
    }
    assert after["purchase"] == after["sale"] == before["sale"]
    assert after["spending"] == after["customer_spend"] == before["customer_spend"]
    assert after["open_time"] == before["opening_hour"]
    assert mesh.rows("shop.by_month") == mesh.rows("shop.monthly_sale")
    assert "Read shop.open_time instead" in mesh("get", "shop.opening_hour", code=1).stderr
    assert "Read shop.purchase instead" in mesh("get", "shop.sale", "--limit", "1").stderr
