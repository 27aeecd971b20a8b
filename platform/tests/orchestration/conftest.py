"""Fixtures of the operations tests: two domains, loaded once, and a mesh home for each test."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest
from shop_workspace import write_exports
from two_domains import LANDINGS, SUPPLIER, Trading, load_domains

from bankmesh.orchestration.held_storage import HeldEventLogStorage
from bankmesh.settings import Settings


@functools.cache
def _definitions(base: Path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANKMESH_ROOT", str(base / "trading"))
        patch.setenv("MESH_HOME", str(base / "trading_loading"))
        patch.setenv("BANKMESH_QUIET_SECONDS", "0")
        return load_domains(base / "trading", base / "trading_loading")


def _trading(base: Path, folder: Path, patch: pytest.MonkeyPatch) -> Trading:
    settings = Settings(root=base / "trading", home=folder / "mesh", exports=folder / "exports")
    patch.setenv("BANKMESH_ROOT", str(settings.root))
    patch.setenv("MESH_HOME", str(settings.home))
    patch.setenv("BANK_DATA", str(settings.exports))
    patch.delenv("BANKMESH_AUTOMATION", raising=False)
    return Trading(settings, _definitions(base))


@functools.cache
def _settled(base: Path) -> tuple[Path, list[str]]:
    folder = base / "trading_settled"
    write_exports(folder / "exports")
    with pytest.MonkeyPatch.context() as patch:
        trading = _trading(base, folder, patch)
        assert trading.run(SUPPLIER, LANDINGS).success
        made = trading.settle()
    return folder, made


@pytest.fixture
def untouched(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trading:
    """Exports that nobody has looked at yet."""
    write_exports(tmp_path / "trading" / "exports")
    return _trading(tmp_path_factory.getbasetemp(), tmp_path / "trading", monkeypatch)


@pytest.fixture
def trading(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trading:
    """A mesh of the test's own in which everything is published and settled."""
    base = tmp_path_factory.getbasetemp()
    folder = tmp_path / "trading"
    shutil.copytree(_settled(base)[0], folder)
    return _trading(base, folder, monkeypatch)


@pytest.fixture
def first_wave(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every asset that was asked for after the very first landing, as often as it was."""
    return sorted(_settled(tmp_path_factory.getbasetemp())[1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an event log of the test's own lies."""
    return tmp_path / "history" / "runs"


@pytest.fixture
def log(folder: Path):
    """An event log whose files stay open."""
    storage = HeldEventLogStorage(str(folder))
    yield storage
    storage.dispose()
