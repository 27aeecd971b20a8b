"""The catalog's view of each product: rebuilt from contracts, Delta logs and the event log, whenever it is asked."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from shop_workspace import CONTRACTS, at_stage, contract_text

from bankmesh.catalog.product_status import ProductStatus
from bankmesh.client import DataMeshClient
from bankmesh.contracts.model import Status
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.errors import UnknownName
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts

if TYPE_CHECKING:
    from pathlib import Path

    from shop_mesh import Mesh

NO_CHECKS = dict.fromkeys(("passed", "warned", "failed", "errored", "not evaluated"), 0)


def test_every_contract_has_a_state(published: Mesh) -> None:
    states = DataMeshClient(published.settings.root, published.settings.home).products()
    assert [state.contract.name for state in states] == sorted(CONTRACTS)
    assert {state.published_version for state in states} == {0}
    assert {state.freshness for state in states} == {"fresh"}
    sale = next(state for state in states if state.contract.name == "sale")
    assert (sale.rows, sale.checks) == (4, NO_CHECKS | {"passed": 12})


def test_before_anything_has_run(shop_root: Path, tmp_path: Path) -> None:
    states = DataMeshClient(shop_root, tmp_path / "home").products()
    assert {state.published_version for state in states} == {None}
    assert {state.freshness for state in states} == {"never"}
    assert all(state.checks == NO_CHECKS for state in states)
    assert not (tmp_path / "home").exists()


def test_freshness_is_held_against_the_contract(published: Mesh) -> None:
    state = DataMeshClient(published.settings.root, published.settings.home).products("shop")[0]
    long_ago = datetime.now(UTC) - timedelta(days=2)
    assert dataclasses.replace(state, published_at=long_ago, fresh_since=long_ago).freshness == "late"
    # Published long ago, and confirmed since.
    assert dataclasses.replace(state, published_at=long_ago).freshness == "fresh"


def _contract(folder: Path, version: str, status: str):
    major = version[0]
    file = folder / ("sale.odcs.yaml" if major == "1" else f"sale.v{major}.odcs.yaml")
    file.write_text(at_stage(contract_text("sale", version), status))
    return read_contract(file)


def test_readers_get_the_newest_active_major(tmp_path: Path) -> None:
    majors = [_contract(tmp_path, "1.2.0", "deprecated"), _contract(tmp_path, "2.0.0", "active")]
    majors.append(_contract(tmp_path, "3.0.0", "draft"))
    assert find_contract(majors, "shop.sale", None).major == 2
    assert find_contract(majors, "shop.sale", 1).major == 1
    assert find_contract([majors[0], majors[2]], "shop.sale", None).major == 3
    with pytest.raises(UnknownName, match="Known: 1, 2, 3"):
        find_contract(majors, "shop.sale", 4)


def test_retired_products_are_no_longer_listed(tmp_path: Path, shop_root: Path) -> None:
    from bankmesh.catalog.product_status import product_states

    retired = _contract(tmp_path, "1.0.0", "retired")
    assert retired.status is Status.RETIRED
    others = workspace_contracts(shop_root)
    states = product_states([retired, *others], tmp_path, None)
    assert [state.contract for state in states] == list(others)


def test_a_state_as_json_has_just_these_keys(published: Mesh) -> None:
    state = DataMeshClient(published.settings.root, published.settings.home).products()[0]
    assert isinstance(state, ProductStatus)
    assert list(state.to_json()) == [
        "id", "domain", "name", "major", "contract_version", "status", "published_version", "rows",
        "published_at", "checks", "owner", "freshness", "fresh_since", "built_from_withdrawn", "fault",
        "end_of_support", "replaced_by",
    ]  # fmt: skip
