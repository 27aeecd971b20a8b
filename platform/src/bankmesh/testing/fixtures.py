"""Fixtures for a domain's tests; register them with `pytest_plugins = ["bankmesh.testing.fixtures"]`.

pytest accepts that line in a test module or in the conftest of the folder that it is started from.

| fixture | what it gives |
| --- | --- |
| `mesh_home` | a temporary `MESH_HOME` for the test, also set in the environment |
| `trial` | `try_product` with that home; dbt's parse results are kept for the whole session |
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bankmesh.testing.trials import Trial


@pytest.fixture
def mesh_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a temporary `MESH_HOME` for the test, and set it in the environment."""
    home = tmp_path / "mesh"
    home.mkdir()
    monkeypatch.setenv("MESH_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create the folder for dbt's parse results, shared by all tests of the session."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture
def trial(mesh_home: Path, dbt_target: Path) -> Callable[..., Trial]:
    """Return `try_product` for this test's `mesh_home`: `trial(contract, inputs, transform=...)`."""
    from bankmesh.testing.trials import try_product

    return partial(try_product, home=mesh_home, dbt_target=dbt_target)
