"""Settings and fixtures of all tests; imported before any test is collected.

In pytest's importlib mode, our folder `platform/` would replace the standard library's module of that name, if that
were not loaded already.
"""

from __future__ import annotations

import gc
import importlib
import os
import platform  # noqa: F401
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from alembic.config import Config
    from forked_commands import ForkedCommands


# An example is slow if another process uses the processor, or if it is the first to import a library.
settings.register_profile("no_deadlines", settings(), deadline=None)
settings.load_profile("no_deadlines")

LONGEST = (
    "tests/test_a_day_in_dagster.py",
    "tests/test_real_exports.py",  # these two need no bank, and so do not wait for another worker to run it
    "platform/tests/cli/test_stopping_a_run.py",
    "tests/test_docs_commands.py",
    "tests/test_demo_bank_run.py",
    "platform/tests/products/test_kills.py",
    "platform/tests/cli/test_run_command.py",
    "platform/tests/alerts/test_alert_daemon.py",
    "platform/tests/alerts/test_alert_ticks.py",
    "platform/tests/cli/test_interrupted_commands.py",
    "platform/tests/products/test_unchanged_products.py",
    "platform/tests/orchestration/test_code_locations.py",
    "domains/investment/tests/test_investment_holdings_units.py",
    "domains/customer_service/tests/test_service_interactions.py",
)
"""The longest modules, which run first, so that no worker starts one of them at the end."""

LIBRARIES = (
    "bankmesh.quality.suite_validation",
    "dagster_dbt",
    "dbt.cli.main",
    "dbt.adapters.duckdb.connections",
    "pandas",
)


gc.set_threshold(50_000, 20, 20)  # see `rare_collections`; collecting tests becomes a third faster


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep the bytecode of rewritten test modules: pytest rewrites four hundred, 5 CPU s in each worker.

    Only while tests are collected. Tests themselves write modules twice within a second, and Python would use the
    bytecode of the first version for the second.
    """
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = before and "PYTEST_XDIST_WORKER" not in os.environ
    try:
        return (yield)
    finally:
        sys.dont_write_bytecode = before


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the longest modules first."""
    ranks = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.fixture(scope="session")
def commands() -> Iterator[ForkedCommands]:
    """Return `mesh` and `python` as forked processes, without the time of their imports."""
    from forked_commands import ForkedCommands

    made = ForkedCommands()
    yield made
    made.close()


@pytest.fixture(scope="session", autouse=True)
def migrations_read_once() -> Iterator[None]:
    """Read the files of each folder of migrations once. Dagster reads all of its own whenever an instance is opened."""
    from alembic.script import ScriptDirectory

    read, kept = ScriptDirectory.from_config, {}

    def from_config(config: Config) -> ScriptDirectory:
        folders = config.get_main_option("script_location"), config.get_main_option("version_locations")
        if folders not in kept:
            kept[folders] = read(config)
        return kept[folders]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", from_config)
        yield


@pytest.fixture(scope="session", autouse=True)
def library_caches() -> None:
    """Let dbt read its constant files once per process."""
    from library_caches import keep_library_caches

    keep_library_caches()


@pytest.fixture(scope="session", autouse=True)
def rare_collections() -> None:
    """Collect garbage less often, and not among imported objects: it takes a tenth of the time of tests."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # a run of many tests, which imports these in any case
        for module in LIBRARIES:
            importlib.import_module(module)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(autouse=True)
def no_instance_left_behind() -> None:
    """Reset the Dagster instance that another test had open.

    Dagster keeps the state storage of the instance that was entered last, and queries it whenever definitions are
    loaded. A sensor context that is collected late restores the storage of an instance that is closed by then.
    """
    remembered = sys.modules.get("dagster._core.storage.defs_state.base")
    if remembered is not None:
        remembered._current_storage.set(None)  # noqa: SLF001 - there is no public way to forget it


@pytest.fixture(autouse=True)
def environment_as_before() -> Iterator[None]:
    """Restore the environment: `mesh run`, called in the process of a test, sets PYTHONWARNINGS for its children."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module", autouse=True)
def domains_forgotten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Unload the packages that a module wrote and imported: another one may write a domain of the same name."""
    before = set(sys.modules)
    yield
    written = str(tmp_path_factory.getbasetemp())
    imported = [name for name in set(sys.modules) - before if _is_below(written, sys.modules[name])]
    for name in imported:
        del sys.modules[name]


def _is_below(folder: str, module: ModuleType) -> bool:
    return (getattr(module, "__file__", None) or "").startswith(folder)
