"""`mesh products`, `mesh show` and what is said about names that do not exist."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from shop_workspace import changed, write_exports

KEYS = [
    "id", "domain", "name", "major", "contract_version", "status", "published_version", "rows", "published_at",
    "checks", "owner", "freshness", "fresh_since", "built_from_withdrawn", "fault", "end_of_support", "replaced_by",
]  # fmt: skip
PRODUCTS = ["customer_spend", "monthly_sale", "opening_hour", "sale", "top_customer"]


def test_products_as_a_table(mesh) -> None:
    said = mesh("products")
    heading, *rows = (line.split("\t") for line in said.out.splitlines())
    assert said.code == 0
    assert said.err == ""
    assert [row[0] for row in rows] == [f"shop.{name}" for name in PRODUCTS]
    sale = dict(zip(heading, rows[3], strict=True))
    assert sale | {"version": "0", "rows": "4", "checks": "12 passed", "freshness": "fresh"} == sale


def test_products_as_json(mesh) -> None:
    listed = json.loads(mesh("products", "--json").out)
    assert [list(entry) for entry in listed] == [KEYS] * 5
    sale = listed[3]
    assert (sale["id"], sale["domain"], sale["name"], sale["major"]) == ("shop.sale", "shop", "sale", 1)
    assert (sale["contract_version"], sale["status"], sale["owner"]) == ("1.0.0", "active", "Shop Data")
    assert (sale["published_version"], sale["rows"]) == (0, 4)
    assert sale["checks"] == {"passed": 12, "warned": 0, "failed": 0, "errored": 0, "not evaluated": 0}
    assert datetime.fromisoformat(sale["published_at"]).tzinfo is not None


def test_products_before_anything_has_run(mesh, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "empty"))
    listed = json.loads(mesh("products", "--json").out)
    assert {(entry["published_version"], entry["rows"], entry["published_at"]) for entry in listed} == {(None,) * 3}
    assert mesh("products").out.count("never") == 2 * len(PRODUCTS)


def test_a_refused_product_shows_its_failing_clause(mesh, published) -> None:
    write_exports(published.settings.exports, changed(3, amount="-1.00"))
    assert not published.run("till.sale", "sale").success
    sale = json.loads(mesh("products", "--json").out)[3]
    assert sale["published_version"] == 0
    assert sale["checks"] == {"passed": 11, "warned": 0, "failed": 1, "errored": 0, "not evaluated": 0}
    said = mesh("products")
    row = next(line.split("\t") for line in said.out.splitlines() if line.startswith("shop.sale\t"))
    assert row[1:4] == ["0", "4", "last attempt: 11 passed, 1 failed"]
    assert said.err == (
        "shop.sale: the checks are of the last attempt, which was not published; readers keep version 0.\n"
    )


def test_products_of_one_domain(mesh) -> None:
    assert len(json.loads(mesh("products", "--domain", "shop", "--json").out)) == 5
    said = mesh("products", "--domain", "shpo")
    assert said.code == 2
    assert said.err.strip() == "mesh: There is no domain shpo. Did you mean shop? Known: shop."


def test_a_wrong_option_is_a_wrong_call(mesh) -> None:
    assert mesh("products", "--nonsense").code == 2
    assert mesh("nonsense").code == 2


def test_outside_a_workspace(mesh, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("BANKMESH_ROOT")
    monkeypatch.chdir(tmp_path)
    said = mesh("products")
    assert said.code == 2
    assert "No workspace.yaml" in said.err
    assert "BANKMESH_ROOT" in said.err


def test_the_installed_command(mesh, published) -> None:
    program = Path(sys.executable).with_name("mesh")
    done = subprocess.run([program, "show", "shop.nothing"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "There is no product or landing shop.nothing" in done.stderr
    assert "Traceback" not in done.stderr
