"""`mesh remove`: the plan is shown, confirmed and written as a whole; published data stays."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import Command
from reader_sessions import read_as
from shop_workspace import at_stage, contract_text

from bankmesh.catalog.recorded_reads import record_use

if TYPE_CHECKING:
    from pathlib import Path

    from shop_mesh import Mesh

SHOP = "domains/shop/src/shop"


@pytest.fixture
def mesh(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capsys, monkeypatch)


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.suffix != ".pyc" and path.is_file()
    }


def stage(root: Path, name: str, status: str) -> None:
    text = contract_text(name)
    text = at_stage(text, status) if status == "retired" else text.replace("status: active", f"status: {status}")
    (root / SHOP / f"contracts/{name}.odcs.yaml").write_text(text)


def test_a_scaffolded_product_goes_and_the_workspace_is_sound(mesh: Command, root: Path) -> None:
    before = contents(root)
    for kind in ("dbt", "polars"):
        assert mesh("new", "product", f"shop.list_{kind}", "--kind", kind, "--from", "shop.sale").code == 0
    for kind in ("dbt", "polars"):
        said = mesh("remove", f"shop.list_{kind}", "--yes")
        assert (said.code, said.err) == (0, "")
        assert f"Done: remove shop.list_{kind}." in said.out
    assert contents(root) == before
    assert mesh("contract", "check").code == 0


def test_a_draft_with_published_versions_is_retired_first_and_its_data_stays(mesh, root: Path, published) -> None:
    stage(root, "opening_hour", "draft")
    said = mesh("remove", "shop.opening_hour", "--yes")
    assert said.code == 1
    assert "it is a draft with published versions in " in said.err
    assert mesh("contract", "move", "shop.opening_hour", "retired", "--why", "Nobody asked for it.").code == 0
    said = mesh("remove", "shop.opening_hour", "--yes")
    assert said.code == 0
    assert "Next: mesh contract archive shop.opening_hour@1" in said.out
    assert mesh("contract", "check").code == 0
    assert list((published.settings.home / "ports/shop/opening_hour/v1").glob("*/*.parquet"))
    assert mesh("contract", "archive", "shop.opening_hour").code == 0
    assert mesh("get", "shop.opening_hour", "--archived", "--limit", "1").code == 0


def test_recorded_consumers_are_named_in_the_refusal_for_owners(mesh: Command, published: Mesh) -> None:
    record_use(published.settings.home, "shop.customer_spend", 0, None, "tax-office")
    read_as(published.settings.home, "data_owner", domain="shop")
    said = mesh("remove", "shop.customer_spend", "--yes")
    assert said.code == 1
    assert "Products that read it: shop.top_customer. Consumers: tax-office. First run `mesh contract move" in said.err
    read_as(published.settings.home, "data_owner", domain="market")
    other = mesh("remove", "shop.customer_spend", "--yes").err
    assert "Consumers: 1 of recorded reads. First run" in other
    assert "tax-office" not in other


def test_nothing_is_written_without_a_confirmation(mesh: Command, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mesh("new", "product", "shop.list", "--kind", "dbt", "--from", "shop.sale")
    before = contents(root)
    said = mesh("remove", "shop.list", "--dry-run")
    assert (said.code, "remove  dbt_project/models/shop/products/list.sql" in said.out) == (0, True)
    assert said.out.endswith("Nothing was written (--dry-run).\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    said = mesh("remove", "shop.list")
    assert said.code == 2
    assert "Nothing written: there is no terminal to confirm it. Add --yes to write the changes" in said.err
    assert mesh("remove", "shop.list", "--json").code == 2
    assert mesh("remove", "shop.lst", "--yes").code == 2
    assert contents(root) == before


def test_json_has_the_files_and_whether_they_were_written(mesh: Command, root: Path) -> None:
    mesh("new", "product", "shop.list", "--kind", "polars", "--from", "shop.sale")
    planned = json.loads(mesh("remove", "shop.list", "--dry-run", "--json").out)
    assert (planned["change"], planned["written"], planned["review"]) == ("remove shop.list", False, [])
    assert {"action": "remove", "path": f"{SHOP}/defs/list/transform.py"} in planned["files"]
    done = json.loads(mesh("remove", "shop.list", "--yes", "--json").out)
    assert done == planned | {"written": True}
    assert not (root / SHOP / "defs/list").exists()


def test_an_interrupted_change_is_undone_first(mesh: Command, root: Path) -> None:
    mesh("new", "product", "shop.list", "--kind", "polars", "--from", "shop.sale")
    before = contents(root)
    transform = root / SHOP / "defs/list/transform.py"
    kill_while_removing(root, transform)
    assert not transform.exists()
    assert "a change of its files was interrupted" in mesh("doctor").out
    said = mesh("remove", "shop.list", "--dry-run")
    assert (said.code, "An earlier change of the workspace was interrupted." in said.err) == (1, True)
    said = mesh("remove", "shop.sale", "--yes")
    assert said.code == 1
    assert f"mesh: an earlier change was interrupted; restored {SHOP}/defs/list/transform.py" in said.err
    assert contents(root) == before


def test_a_landing_and_a_domain_have_rules_of_their_own(mesh: Command, root: Path) -> None:
    before = contents(root)
    said = mesh("remove", "till.sale", "--yes")
    assert (said.code, "till.sale: it is read by " in said.err) == (1, True)
    said = mesh("remove", "--domain", "shop", "--yes")
    assert (said.code, "shop: it has products: " in said.err) == (1, True)
    said = mesh("remove", "till.sal", "--yes")
    assert (said.code, "There is no product or landing till.sal. Did you mean till.sale" in said.err) == (2, True)
    for words in ([], ["shop.sale", "--domain", "shop"]):
        said = mesh("remove", *words)
        assert (said.code, "name a product or landing, or a domain with --domain" in said.err) == (2, True)
    assert contents(root) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from bankmesh import fault_points
from bankmesh.workspace.file_transaction import FileChange, commit_changes
root, file = map(Path, sys.argv[1:])
fault_points.watch(lambda name: name == "workspace-files-written" and os.kill(os.getpid(), signal.SIGKILL))
commit_changes(root, [FileChange(file, file.read_bytes(), None)])
"""


def kill_while_removing(root: Path, file: Path) -> None:
    """Remove a file in a process that is killed before the change is complete."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(root), str(file)], check=False)
    assert done.returncode == -signal.SIGKILL
