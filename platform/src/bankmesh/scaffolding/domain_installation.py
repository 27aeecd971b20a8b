"""Installation of a domain's package into the environment of this process, and a first load of its code location."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bankmesh.settings import Settings

_SHOWN_LINES = 15


class DomainNotInstalled(BankmeshError):
    """The package of a domain cannot be installed, or its code location does not load."""

    def __init__(self, name: str, problem: str, output: str) -> None:
        self.name = name
        shown = "\n".join(output.strip().splitlines()[-_SHOWN_LINES:])
        super().__init__(f"The domain {name} {problem}.\n{shown}")


def install_domain(folder: Path) -> None:
    """Install a domain's package in editable form, without its dependencies, which the lock has.

    Raises DomainNotInstalled.
    """
    options = ("--quiet", "--disable-pip-version-check", "--no-build-isolation", "--no-deps")
    result = _run([sys.executable, "-m", "pip", "install", *options, "--editable", str(folder)], folder)
    if result.returncode:
        raise DomainNotInstalled(folder.name, "was written, but pip cannot install it", result.stderr or result.stdout)


def validate_location(settings: Settings, folder: Path) -> None:
    """Load the domain's code location in a process of its own, as Dagster does. Raises DomainNotInstalled."""
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-m", f"{folder.name}.definitions"]
    result = _run(command, folder, settings.variables)
    if result.returncode:
        problem = "is installed, but its code location does not load"
        raise DomainNotInstalled(folder.name, problem, result.stderr or result.stdout)


def _run(
    command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DAGSTER_DISABLE_TELEMETRY": "true", **(variables or {})}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - this Python and fixed words
