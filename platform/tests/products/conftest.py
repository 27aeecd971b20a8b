"""Fixtures of the product tests: the shop's workspace, loaded once, and a mesh home for each test."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import real_platform  # noqa: F401, I001 - before everything that imports Dagster
import dagster as dg
from bankmesh.products.locations import load_location
from shop_mesh import LANDINGS, MONTHS, UNPARTITIONED, Mesh, settings_in
from shop_nursery import Nursery
from shop_workspace import write_exports, write_workspace


@pytest.fixture(scope="session")
def shop_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's workspace; its package can be imported."""
    root = tmp_path_factory.mktemp("shop_workspace")
    sys.path.insert(0, str(write_workspace(root)))
    return root


@pytest.fixture(scope="session")
def nursery(shop_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """A process from which runs are forked."""
    made = Nursery(shop_root, tmp_path_factory.mktemp("nursery"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def shop_definitions(shop_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The shop's code location, loaded as `workspace.yaml` names it."""
    settings = settings_in(shop_root, tmp_path_factory.mktemp("shop_loading"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANKMESH_ROOT", str(settings.root))
        patch.setenv("MESH_HOME", str(settings.home))
        return load_location("shop", "shop.definitions").definitions


@pytest.fixture(scope="session")
def landed_folder(shop_root: Path, shop_definitions: dg.Definitions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mesh home in which the four sales are landed and nothing is published."""
    folder = tmp_path_factory.mktemp("landed")
    write_exports(folder / "exports")
    with pytest.MonkeyPatch.context() as patch:
        assert _mesh(shop_root, shop_definitions, folder, patch).run(*LANDINGS).success
    return folder


@pytest.fixture(scope="session")
def published_folder(
    shop_root: Path, shop_definitions: dg.Definitions, landed_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A mesh home in which every product is published once, as version 0."""
    folder = _copy(landed_folder, tmp_path_factory.mktemp("published") / "first")
    with pytest.MonkeyPatch.context() as patch:
        mesh = _mesh(shop_root, shop_definitions, folder, patch)
        assert mesh.run(*UNPARTITIONED, "monthly_sale", months=(MONTHS[0], MONTHS[-1])).success
    return folder


@pytest.fixture
def landed(
    shop_root: Path, shop_definitions: dg.Definitions, landed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Mesh:
    """A mesh of the test's own, with the four sales landed."""
    return _mesh(shop_root, shop_definitions, _copy(landed_folder, tmp_path / "landed"), monkeypatch)


@pytest.fixture
def published(
    shop_root: Path, shop_definitions: dg.Definitions, published_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Mesh:
    """A mesh of the test's own, with every product published once."""
    return _mesh(shop_root, shop_definitions, _copy(published_folder, tmp_path / "published"), monkeypatch)


def _mesh(root: Path, definitions: dg.Definitions, folder: Path, patch: pytest.MonkeyPatch) -> Mesh:
    settings = settings_in(root, folder)
    patch.setenv("BANKMESH_ROOT", str(settings.root))
    patch.setenv("MESH_HOME", str(settings.home))
    patch.setenv("BANK_DATA", str(settings.exports))
    return Mesh(settings, definitions)


def _copy(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    return target
