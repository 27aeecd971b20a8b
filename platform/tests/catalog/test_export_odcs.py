"""Contracts as documents of their own: the same promises, with a server from which the data can be read."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from shop_workspace import CONTRACTS as NAMES
from shop_workspace import at_stage, contract_text

from bankmesh.catalog.export import port_facts, standalone_contract, write_exports
from bankmesh.contracts.comparison.contract_comparison import compare
from bankmesh.contracts.parsing.contract_reader import read_contract, read_text
from bankmesh.ports import connect
from bankmesh.ports.port_archive import archive_port
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from pathlib import Path

    from shop_mesh import Mesh

CONTRACTS = "domains/shop/src/shop/contracts"


@pytest.fixture
def document(root: Path, published: Mesh):
    """The document of a port of the shop."""

    def make(port: str) -> dict[str, Any]:
        contracts = {contract.port: contract for contract in workspace_contracts(root)}
        return standalone_contract(port_facts(published.settings.home, contracts[port], contracts))

    return make


def test_the_server_holds_the_rows_that_readers_get(document, published: Mesh) -> None:
    found = document("shop.sale")
    assert found["servers"] == [
        {
            "server": "bankmesh",
            "type": "local",
            "description": "The Delta table of shop.sale; readers get its newest version.",
            "path": str(published.settings.home / "ports/shop/sale/v1"),
            "format": "delta",
        }
    ]
    with connect() as connection:
        (counted,) = connection.execute(f"select count(*) from delta_scan('{found['servers'][0]['path']}')").fetchone()
    assert counted == len(published.rows("sale")) == 4
    assert list(found)[-2:] == ["servers", "schema"]


def test_what_is_promised_stays_what_it_was(root: Path, published: Mesh, tmp_path: Path) -> None:
    written = write_exports(tmp_path / "out", published.settings.home, workspace_contracts(root))
    files = {item.port: item.file for item in written if item.standard == "odcs"}
    assert set(files) == {f"shop.{name}" for name in NAMES}
    for port, file in files.items():
        name = port.removeprefix("shop.")
        assert file == tmp_path / "out" / "shop" / f"{name}.odcs.yaml"
        # A pattern of an option is anchored for those who search; the gate matches the whole value anyway.
        text = file.read_text(encoding="utf-8").replace("pattern: ^(?:[a-z ]*)$", "pattern: '[a-z ]*'")
        exported, faults = read_text(str(file), text)
        assert faults == ()
        assert exported is not None
        assert compare(read_contract(root / CONTRACTS / f"{name}.odcs.yaml"), exported) == ()


def test_a_second_major_has_a_file_and_a_place_of_its_own(root: Path, published: Mesh, tmp_path: Path) -> None:
    (root / CONTRACTS / "sale.v2.odcs.yaml").write_text(contract_text("sale", "2.0.0"))
    ports = published.settings.home / "ports/shop/sale"
    shutil.copytree(ports / "v1", ports / "v2")
    write_exports(tmp_path / "out", published.settings.home, workspace_contracts(root), ["shop.sale"])
    assert sorted(path.name for path in (tmp_path / "out/shop").iterdir()) == [
        "sale.odcs.yaml",
        "sale.odps.yaml",
        "sale.v2.odcs.yaml",
    ]
    second = yaml.safe_load((tmp_path / "out/shop/sale.v2.odcs.yaml").read_text())
    assert (second["version"], second["servers"][0]["path"]) == ("2.0.0", str(ports / "v2"))


def test_there_is_no_server_where_there_is_nothing_to_read(document, root: Path, published: Mesh) -> None:
    (root / CONTRACTS / "opening_hour.odcs.yaml").write_text(at_stage(contract_text("opening_hour"), "retired"))
    assert "servers" not in document("shop.opening_hour")
    assert archive_port(published.settings.home, "shop.opening_hour", 1, "", "me").moved
    assert "servers" not in document("shop.opening_hour")
    (root / CONTRACTS / "sale.v2.odcs.yaml").write_text(contract_text("sale", "2.0.0"))
    assert "servers" not in document("shop.sale@2")


def test_servers_of_the_contract_s_own_stand_behind_ours(document, root: Path) -> None:
    file = root / CONTRACTS / "sale.odcs.yaml"
    own = "servers:\n  - {server: warehouse, type: custom, description: Elsewhere.}\n  - {server: bankmesh, type: custom}\n"
    file.write_text(file.read_text().replace("team:\n", f"{own}team:\n", 1))
    assert [server["server"] for server in document("shop.sale")["servers"]] == ["bankmesh", "warehouse"]


def test_uniqueness_of_a_column_that_may_be_null_is_spelled_out(document, root: Path) -> None:
    file = root / CONTRACTS / "sale.odcs.yaml"
    text = file.read_text()
    text = text.replace("{name: voucher, logicalType: string,", "{name: voucher, logicalType: string, unique: true,")
    text = text.replace(
        "{name: customer_id, logicalType: integer,", "{name: customer_id, logicalType: integer, unique: true,"
    )
    file.write_text(text)
    columns = {column["name"]: column for column in document("shop.sale")["schema"][0]["properties"]}
    assert columns["customer_id"]["unique"] is True  # never null, so all readers mean the same
    assert "unique" not in columns["voucher"]
    (rule,) = columns["voucher"]["quality"]
    assert (rule["id"], rule["mustBe"]) == ("voucher__unique", 0)
    query = rule["query"].replace("${table}", "t")
    with connect() as connection:
        for values, expected in (("('a'), ('b'), (null), (null)", 0), ("('a'), ('a'), (null)", 1), ("(null::text)", 0)):
            assert connection.execute(f"with t(voucher) as (values {values}) {query}").fetchone() == (expected,)
    exported = yaml.safe_dump(document("shop.sale"), sort_keys=False)
    contract, faults = read_text("sale.odcs.yaml", exported)
    assert faults == ()
    assert {clause.name for clause in contract.clauses} == {clause.name for clause in read_contract(file).clauses}
