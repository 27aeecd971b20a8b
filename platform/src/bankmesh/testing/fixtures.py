"""Fixtures for a domain's tests; register them with `pytest_plugins = ["bankmesh.testing.fixtures"]`.

pytest accepts that line in a test module or in the conftest of the folder that it is started from.

| fixture | what it gives |
| --- | --- |
| `mesh_home` | a temporary `MESH_HOME` for the test, also set in the environment |
| `trial` | `try_product` with that home; dbt's parse results are kept for the session |
| `rows`, `contract`, `build` | frames, contracts and trials of a domain whose conftest defines `samples` |
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

    from bankmesh.contracts.model import Contract
    from bankmesh.testing.samples import Samples
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


@pytest.fixture(scope="session")
def samples() -> Samples:
    """Return the samples of a domain. Its conftest defines this fixture with `bankmesh.testing.samples_of`."""
    raise pytest.UsageError("Define a fixture `samples` in the conftest: return samples_of(PACKAGE, DEFAULTS).")


@pytest.fixture(scope="session")
def rows(samples: Samples) -> Callable[..., pl.DataFrame]:
    """Return `rows("retail.party", {...}, {...})`: a frame in declared types, with defaults for what is left out."""
    return samples.rows


@pytest.fixture(scope="session")
def contract(samples: Samples) -> Callable[..., Contract]:
    """Return `contract("account")`: the domain's contract of that name, by default its newest major."""
    return samples.domain.contract


@pytest.fixture
def build(trial: Callable[..., Trial], samples: Samples) -> Callable[..., Trial]:
    """Return `build("account", {"core_banking.account": [...]})`: the trial of a dbt model, from rows or frames."""
    return partial(samples.build, trial)
