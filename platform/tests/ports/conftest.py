"""Fixtures of the port tests; helpers beside this file are importable here and in child processes."""

from pathlib import Path

import pytest

from bankmesh.ports import Port, port_at


@pytest.fixture
def port(tmp_path: Path) -> Port:
    """An output port that nothing is published to."""
    return port_at(tmp_path, "retail.party", 1)
