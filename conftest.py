"""Imported before any test is collected.

Our folder `platform/` would take the name of the standard library's module in pytest's importlib mode, if that
were not loaded by then.
"""

from __future__ import annotations

import platform  # noqa: F401
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forked_commands import ForkedCommands


@pytest.fixture(scope="session")
def commands() -> Iterator[ForkedCommands]:
    """`mesh` and `python` without the time that their imports take."""
    from forked_commands import ForkedCommands

    made = ForkedCommands()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def no_instance_left_behind() -> None:
    """Forget the Dagster instance that another test had open.

    Dagster remembers the state storage of the instance that was entered last, and asks it whenever definitions are
    loaded. A sensor context that is collected late puts back the storage of an instance that is gone by then.
    """
    remembered = sys.modules.get("dagster._core.storage.defs_state.base")
    if remembered is not None:
        remembered._current_storage.set(None)  # noqa: SLF001 - there is no public way to forget it
