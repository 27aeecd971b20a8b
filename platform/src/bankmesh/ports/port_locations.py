"""Paths of output ports: `<home>/ports/<domain>/<product>/v<major>`, each a Delta table."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bankmesh.names import PortName, major_of_folder, parse_port_name

if TYPE_CHECKING:
    from pathlib import Path

_PRODUCT = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", re.ASCII)
LOG_FOLDER = "_delta_log"
PROFILE_FOLDER = "_profiles"
"""The profiles of versions, beside the table. Readers of Delta Lake ignore folders that start with an underscore."""
SAMPLE_SUFFIX = ".arrow"


@dataclass(frozen=True)
class Port:
    """One major of one product: its id `domain.product` and the folder of its Delta table."""

    product: str
    major: int
    path: Path

    @property
    def port_name(self) -> PortName:
        """The name of the port."""
        domain, _, product = self.product.partition(".")
        return PortName(domain, product, self.major)

    @property
    def home(self) -> Path:
        """The mesh home that the table is in, among the ports or in the archive."""
        return self.path.parents[3]

    @property
    def app_id(self) -> str:
        """The application id of the port's commits in the Delta log: `retail.party@1`."""
        return self.port_name.numbered

    @property
    def name(self) -> str:
        """The port's name for readers and logs: `retail.party`, `retail.party@2` from the second major on."""
        return str(self.port_name)

    @property
    def is_published(self) -> bool:
        """Whether the table has a first commit."""
        try:
            with os.scandir(self.path / LOG_FOLDER) as entries:
                return any(entry.name.endswith(".json") for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return False


def profile_file(port: Port, candidate: str) -> Path:
    """Return the file of the profile of the version that a candidate became."""
    return port.path / PROFILE_FOLDER / f"{candidate}.json"


def sample_file(port: Port, candidate: str) -> Path:
    """Return the file of the sampled rows behind the profile of the version that a candidate became."""
    return port.path / PROFILE_FOLDER / f"{candidate}{SAMPLE_SUFFIX}"


def port_at(home: Path, product: str, major: int) -> Port:
    """Return the port of a product's major under `home`, whether or not anything is published there.

    Raises ValueError if `product` is not of the form `domain.product` or `major` is below 1.
    """
    if not _PRODUCT.fullmatch(product):
        raise ValueError(f"{product!r} is not the id of a product; write it as domain.product")
    if major < 1:
        raise ValueError(f"{product}: a major is 1 or more, not {major}")
    name = replace(parse_port_name(product), major=major)
    return Port(product, major, home.resolve() / "ports" / name.folder)


def published_ports(home: Path) -> tuple[Port, ...]:
    """Return all ports under `home` that have a table, sorted by product and major."""
    found = [
        port
        for folder in (home.resolve() / "ports").glob("*/*")
        for port in _ports_in(f"{folder.parent.name}.{folder.name}", folder)
        if port.is_published
    ]
    return tuple(sorted(found, key=lambda port: (port.product, port.major)))


def _ports_in(product: str, folder: Path) -> list[Port]:
    majors = {path: major_of_folder(path.name) for path in folder.glob("v*")}
    return [Port(product, major, path) for path, major in majors.items() if major]
