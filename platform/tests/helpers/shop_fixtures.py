"""Fixtures around the shop, for the folders of tests that import them; each is made once for a whole session."""

from __future__ import annotations

import functools
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from reader_sessions import read_as_owner
from shop_mesh import LANDINGS, MONTHS, UNPARTITIONED, Mesh, settings_in
from shop_nursery import Nursery
from shop_workspace import write_exports, write_workspace

from bankmesh.orchestration.code_locations import load_location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import dagster as dg

# Several conftests import these fixtures, and pytest takes each for another fixture: hence the caches.


@functools.cache
def _root(base: Path) -> Path:
    root = base / "shop_workspace"
    sys.path.insert(0, str(write_workspace(root)))
    return root


@functools.cache
def _definitions(base: Path) -> dg.Definitions:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANKMESH_ROOT", str(_root(base)))
        patch.setenv("MESH_HOME", str(base / "shop_loading"))
        return load_location("shop", "shop.definitions").definitions


@functools.cache
def _landed(base: Path) -> Path:
    folder = base / "shop_landed"
    write_exports(folder / "exports")
    with pytest.MonkeyPatch.context() as patch:
        mesh = _mesh(base, folder, patch)
        read_as_owner(mesh.settings.home, "shop")
        assert mesh.run(*LANDINGS).success
    return folder


@functools.cache
def _published(base: Path) -> Path:
    folder = _copy(_landed(base), base / "shop_published")
    with pytest.MonkeyPatch.context() as patch:
        mesh = _mesh(base, folder, patch)
        assert mesh.run(*UNPARTITIONED, "monthly_sale", months=(MONTHS[0], MONTHS[-1])).success
    return folder


@functools.cache
def _after(base: Path, step: Callable[[Mesh], None]) -> Path:
    folder = _copy(_published(base), base / f"shop_{step.__module__}_{step.__name__}")
    with pytest.MonkeyPatch.context() as patch:
        step(_mesh(base, folder, patch))
    return folder


@pytest.fixture(scope="session")
def shop_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's workspace; its package can be imported."""
    return _root(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def shop_definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The shop's code location, loaded as `workspace.yaml` names it."""
    return _definitions(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def nursery(shop_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """A process from which runs are forked."""
    made = Nursery(shop_root, tmp_path_factory.mktemp("nursery"))
    yield made
    made.close()


@pytest.fixture
def landed(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """A mesh of the test's own, with the four sales landed."""
    base = tmp_path_factory.getbasetemp()
    return _mesh(base, _copy(_landed(base), tmp_path / "landed"), monkeypatch)


@pytest.fixture
def published(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """A mesh of the test's own, with every product published once."""
    base = tmp_path_factory.getbasetemp()
    return _mesh(base, _copy(_published(base), tmp_path / "published"), monkeypatch)


@pytest.fixture
def published_after(
    tmp_path_factory: pytest.TempPathFactory, published: Mesh
) -> Callable[[Callable[[Mesh], None]], None]:
    """Put `published` into the state after a step, such as another run; a step is taken once in a session."""

    def replace(step: Callable[[Mesh], None]) -> None:
        folder = _after(tmp_path_factory.getbasetemp(), step)
        shutil.rmtree(published.settings.home.parent)
        _copy(folder, published.settings.home.parent)

    return replace


def _mesh(base: Path, folder: Path, patch: pytest.MonkeyPatch) -> Mesh:
    settings = settings_in(_root(base), folder)
    patch.setenv("BANKMESH_ROOT", str(settings.root))
    patch.setenv("MESH_HOME", str(settings.home))
    patch.setenv("BANK_DATA", str(settings.exports))
    return Mesh(settings, _definitions(base))


def _copy(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    return target
