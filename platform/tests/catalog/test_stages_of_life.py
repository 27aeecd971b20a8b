"""Who is refused at which stage of a product's life, what they are told, and what auditors can still read."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from shop_workspace import at_stage, contract_text

from bankmesh.client import DataMeshClient, NotRetired, ProposedProduct, RetiredProduct
from bankmesh.errors import NotPublished
from bankmesh.ports.port_archive import archive_port
from bankmesh.workspace.product_consumers import Consumer, life_faults, workspace_readers
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from pathlib import Path

    from shop_mesh import Mesh

CONTRACTS = "domains/shop/src/shop/contracts"
RETIRED = {"replacedBy": "shop.sale@2"}


@pytest.fixture
def root(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of the test's own, which commands find."""
    monkeypatch.setenv("BANKMESH_ROOT", str(root))
    return root


def put(root: Path, name: str, status: str, version: str = "1.0.0", **properties: str) -> None:
    """Write a contract of the shop at a stage of its life."""
    major = version[0]
    file = root / CONTRACTS / (f"{name}.odcs.yaml" if major == "1" else f"{name}.v{major}.odcs.yaml")
    file.write_text(at_stage(contract_text(name, version), status, **properties))


def test_a_proposed_product_has_no_port_yet(root: Path, published: Mesh) -> None:
    put(root, "sale", "proposed", "2.0.0")
    client = DataMeshClient(root, published.settings.home)
    assert client.get_data_product("shop", "sale").contract.major == 1
    with pytest.raises(
        ProposedProduct, match=r"shop\.sale@2 is proposed and has no port yet: .* draft --why"
    ) as caught:
        client.get_data_product("shop", "sale", major=2)
    assert isinstance(caught.value, NotPublished)
    put(root, "opening_hour", "proposed")
    with pytest.raises(ProposedProduct, match=r"shop\.opening_hour is proposed"):
        DataMeshClient(root, published.settings.home).get_data_product("shop", "opening_hour")
    listed = {state.contract.port: state.contract.status for state in client.products()}
    assert listed["shop.sale@2"] == "proposed"  # nothing that is planned is hidden


def test_a_draft_is_read_by_its_major_and_by_name_alone_where_nothing_is_active(root: Path, published: Mesh) -> None:
    ports = published.settings.home / "ports/shop/sale"
    shutil.copytree(ports / "v1", ports / "v2")
    put(root, "sale", "draft", "2.0.0")
    put(root, "opening_hour", "draft")
    client = DataMeshClient(root, published.settings.home)
    assert client.get_data_product("shop", "sale").contract.major == 1
    assert client.get_data_product("shop", "sale", major=2).rows == 4
    assert client.get_data_product("shop", "opening_hour").rows == 2


def test_a_retired_product_refuses_its_readers_and_names_its_successor(root: Path, published: Mesh) -> None:
    put(root, "sale", "retired", **RETIRED)
    client = DataMeshClient(root, published.settings.home)
    for major in (1, None):
        with pytest.raises(RetiredProduct, match=r"retired on 2026-01-01 .* Read shop\.sale@2 instead\.") as caught:
            client.get_data_product("shop", "sale", major)
    assert (caught.value.port, caught.value.retired_on, caught.value.replaced_by) == (
        "shop.sale",
        "2026-01-01",
        "shop.sale@2",
    )
    put(root, "opening_hour", "retired")
    with pytest.raises(RetiredProduct, match=r"retired on 2026-01-01 and can no longer be read\. Its published"):
        DataMeshClient(root, published.settings.home).get_data_product("shop", "opening_hour")


def test_an_auditor_reads_the_archive_before_the_move_and_after_it(root: Path, published: Mesh) -> None:
    before = published.rows("sale")
    put(root, "sale", "retired")
    client = DataMeshClient(root, published.settings.home)

    def read() -> list[dict[str, object]]:
        return client.get_data_product("shop", "sale", archived=True).to_polars().sort("sale_id").to_dicts()

    assert read() == before
    known = client.history("shop.sale")
    assert archive_port(published.settings.home, "shop.sale", 1, "its contract", "an auditor").moved
    assert not (published.settings.home / "ports/shop/sale/v1").exists()
    assert read() == before
    assert client.history("shop.sale") == known
    assert (
        client.get_data_product("shop", "sale", archived=True, version=0).sql("select count(*) as n from product")["n"][
            0
        ]
        == 4
    )
    with pytest.raises(RetiredProduct):
        client.get_data_product("shop", "sale")


def test_the_archive_is_not_asked_for_the_living(root: Path, published: Mesh) -> None:
    with pytest.raises(NotRetired, match=r"shop\.sale is active; the archive has only retired products"):
        DataMeshClient(root, published.settings.home).get_data_product("shop", "sale", archived=True)


# --- Who reads what, by the files alone ----------------------------------------------------------------------

MODELS = "dbt_project/models/shop"


def readers(root: Path) -> set[tuple[str, str, str, int]]:
    found = workspace_readers(root, readable_contracts(root))
    return {(r.port, r.source, str(r.file).removeprefix(f"{root}/"), r.line) for r in found}


def test_readers_are_found_in_models_and_in_components(root: Path) -> None:
    defs = root / "domains/shop/src/shop/defs/opening_hour/defs.yaml"
    defs.write_text(defs.read_text() + "    spend: shop.customer_spend@1\n")
    assert readers(root) == {
        ("shop.customer_spend", "shop.sale", f"{MODELS}/products/customer_spend.sql", 4),
        ("shop.top_customer", "shop.customer_spend", f"{MODELS}/products/top_customer.sql", 2),
        ("shop.top_customer", "shop.sale", f"{CONTRACTS}/top_customer.odcs.yaml", 31),  # a relationship
        ("shop.opening_hour", "shop.customer_spend", "domains/shop/src/shop/defs/opening_hour/defs.yaml", 7),
    }


def test_a_source_in_a_model_below_counts_for_the_product_above(root: Path) -> None:
    below = root / MODELS / "staging/int_sales.sql"
    below.write_text("-- all\nselect * from {{ source( \"shop\" , 'sale') }}\n")
    above = root / MODELS / "products/top_customer.sql"
    above.write_text("select customer_id, sale_id as largest_sale_id from {{ ref('int_sales') }}\n")
    assert ("shop.top_customer", "shop.sale", f"{MODELS}/staging/int_sales.sql", 2) in readers(root)


def test_who_reads_a_product_that_is_retired_or_only_proposed_is_told_with_file_and_line(root: Path) -> None:
    assert life_faults(root, readable_contracts(root)) == ()
    for status in ("retired", "proposed"):
        put(root, "sale", status, **(RETIRED if status == "retired" else {}))
        model, reference = life_faults(root, readable_contracts(root))
        assert {reference.rule, model.rule} == {"input-without-port"}
        assert (reference.file, reference.line) == (str(root / CONTRACTS / "top_customer.odcs.yaml"), 31)
        assert (model.file, model.line) == (str(root / MODELS / "products/customer_spend.sql"), 4)
        assert f"shop.customer_spend reads shop.sale, which is {status} and has no port." in model.message
    put(root, "customer_spend", "retired")
    told = [(fault.file, fault.line) for fault in life_faults(root, readable_contracts(root))]
    # What is retired itself may have read what is retired.
    assert told == [(str(root / MODELS / "products/top_customer.sql"), 2), (reference.file, 31)]


def test_a_successor_is_there_and_can_be_read(root: Path) -> None:
    put(root, "opening_hour", "deprecated", replacedBy="shop.opening_hour@2")
    (fault,) = life_faults(root, readable_contracts(root))
    text = (root / CONTRACTS / "opening_hour.odcs.yaml").read_text().splitlines()
    assert (fault.rule, text[fault.line - 1].strip()) == ("unknown-successor", "- property: replacedBy")
    assert "there is no port shop.opening_hour@2" in fault.message
    put(root, "opening_hour", "proposed", "2.0.0")
    (fault,) = life_faults(root, readable_contracts(root))
    assert "is proposed and has no port" in fault.message
    put(root, "opening_hour", "draft", "2.0.0")
    assert life_faults(root, readable_contracts(root)) == ()
    put(root, "opening_hour", "retired", replacedBy="shop.opening_hour@3")
    assert life_faults(root, readable_contracts(root)) == ()


def test_a_reader_is_named_with_its_place() -> None:
    assert Consumer("a.b", "c.d", "f", 1) < Consumer("a.b", "c.d", "f", 2)
