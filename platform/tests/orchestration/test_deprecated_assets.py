"""The asset page of a deprecated major says when it ends, who has to move, and to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop_workspace import at_stage, contract_text, deprecated_text

from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.orchestration.assets.asset_specs import asset_spec
from bankmesh.products.product_definition import ProductDefinition

if TYPE_CHECKING:
    from pathlib import Path

    import dagster as dg


def spec_of(folder: Path, text: str) -> dg.AssetSpec:
    file = folder / "sale.odcs.yaml"
    file.write_text(text, encoding="utf-8")
    return asset_spec(ProductDefinition(read_contract(file), {}, "polars", "c0de", (file,)), file)


def test_a_deprecated_major_says_so_before_all_else(tmp_path) -> None:
    spec = spec_of(tmp_path, deprecated_text("sale"))
    assert spec.description.startswith(
        "**Deprecated**: shop.sale is deprecated and supported until 2027-06-30. Read shop.sale@2 instead. "
        "Still read by shop-window, tax-office.\n\nWhat was sold at the till."
    )
    assert {"contract_status": "deprecated", "end_of_support": "2027-06-30"}.items() <= spec.tags.items()
    assert spec.metadata["read it"] == 'mesh.get_data_product("shop", "sale", major=1)'


def test_it_keeps_key_group_and_owner(tmp_path) -> None:
    text = contract_text("sale", "1.1.0")
    active = spec_of(tmp_path, text)
    deprecated = spec_of(tmp_path, at_stage(text, "deprecated"))
    assert (deprecated.key, deprecated.group_name, deprecated.owners) == (active.key, active.group_name, active.owners)


def test_an_active_major_says_nothing_of_an_end(tmp_path) -> None:
    spec = spec_of(tmp_path, contract_text("sale", "1.0.0"))
    assert "Deprecated" not in spec.description
    assert "end_of_support" not in spec.tags
    assert spec.metadata["read it"] == 'mesh.get_data_product("shop", "sale")'


def test_a_second_major_begins_with_what_the_graph_does_not_show(tmp_path) -> None:
    file = tmp_path / "sale.v2.odcs.yaml"
    file.write_text(contract_text("sale", "2.0.0"), encoding="utf-8")
    spec = asset_spec(ProductDefinition(read_contract(file), {}, "polars", "c0de", (file,)), file)
    assert spec.key.path == ["shop", "sale", "v2"]
    assert spec.description.startswith("sale, version 2\n\nWhat was sold at the till.")
