"""Fixtures of the product tests: the shop's workspace, loaded once, and a mesh home for each test."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import real_platform  # noqa: F401 - before everything that imports Dagster
from bankmesh.products.locations import load_location
from shop_mesh import Mesh, settings_in
from shop_workspace import write_exports, write_workspace


@pytest.fixture(scope="session")
def shop_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's workspace; its package can be imported."""
    root = tmp_path_factory.mktemp("shop_workspace")
    sys.path.insert(0, str(write_workspace(root)))
    return root


@pytest.fixture(scope="session")
def shop_definitions(shop_root: Path, tmp_path_factory: pytest.TempPathFactory):
    """The shop's code location, loaded as `workspace.yaml` names it."""
    settings = settings_in(shop_root, tmp_path_factory.mktemp("shop_loading"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANKMESH_ROOT", str(settings.root))
        patch.setenv("MESH_HOME", str(settings.home))
        definitions = load_location("shop", "shop.definitions").definitions
        definitions.resolve_implicit_global_asset_job_def()
        return definitions


@pytest.fixture
def mesh(shop_root: Path, shop_definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """A mesh home in which nothing has run yet, with four sales to land."""
    settings = settings_in(shop_root, tmp_path)
    write_exports(settings.exports)
    monkeypatch.setenv("BANKMESH_ROOT", str(settings.root))
    monkeypatch.setenv("MESH_HOME", str(settings.home))
    monkeypatch.setenv("BANK_DATA", str(settings.exports))
    return Mesh(settings, shop_definitions)
