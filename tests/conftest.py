"""Fixtures of what crosses packages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from whole_bank import ROOT, WholeBank, whole_bank

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from forked_commands import ForkedCommands


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> WholeBank:
    """A mesh that ran once over whole exports, as a user runs it. Nothing may change it: copy what you change."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return whole_bank(Path(shared) / "whole_bank")


@pytest.fixture(scope="session")
def mesh_command(commands: ForkedCommands) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`mesh ...` over a home, in the workspace of this repository: `mesh_command(home, "products")`."""

    def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        variables = os.environ | {"MESH_HOME": str(home), "BANKMESH_ROOT": str(ROOT)}
        variables.pop("BANK_DATA", None)
        return commands.run(["mesh", *arguments], ROOT, variables)

    return run
