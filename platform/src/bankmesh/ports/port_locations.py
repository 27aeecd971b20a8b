"""Where output ports are: `<home>/ports/<domain>/<product>/v<major>`, each a Delta table of its own."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PRODUCT = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", re.ASCII)
_MAJOR = re.compile(r"v([1-9][0-9]*)")
LOG_FOLDER = "_delta_log"


@dataclass(frozen=True)
class Port:
    """One major of one product: its id `domain.product` and the folder of its Delta table."""

    product: str
    major: int
    path: Path

    @property
    def app_id(self) -> str:
        """What the port's commits call themselves in the Delta log, as `retail.party@1`."""
        return f"{self.product}@{self.major}"

    @property
    def name(self) -> str:
        """What readers and logs call it: `retail.party`, `retail.party@2` from the second major on."""
        return self.product if self.major == 1 else self.app_id

    @property
    def is_published(self) -> bool:
        """Whether the table has a first commit."""
        try:
            with os.scandir(self.path / LOG_FOLDER) as entries:
                return any(entry.name.endswith(".json") for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return False


def port_at(home: Path, product: str, major: int) -> Port:
    """The port of a product's major under `home`, whether anything is published there or not.

    Raises ValueError if `product` is not of the form `domain.product` or `major` is below 1.
    """
    if not _PRODUCT.fullmatch(product):
        raise ValueError(f"{product!r} is not the id of a product; write it as domain.product")
    if major < 1:
        raise ValueError(f"{product}: a major is 1 or more, not {major}")
    domain, name = product.split(".")
    return Port(product, major, home.resolve() / "ports" / domain / name / f"v{major}")


def newest_major(home: Path, product: str) -> int | None:
    """The highest major of `product` that has a table under `home`; None if there is none."""
    folder = port_at(home, product, 1).path.parent
    return max((port.major for port in _ports_in(product, folder) if port.is_published), default=None)


def published_ports(home: Path) -> tuple[Port, ...]:
    """All ports under `home` that have a table, sorted by product and major."""
    found = [
        port
        for folder in (home.resolve() / "ports").glob("*/*")
        for port in _ports_in(f"{folder.parent.name}.{folder.name}", folder)
        if port.is_published
    ]
    return tuple(sorted(found, key=lambda port: (port.product, port.major)))


def _ports_in(product: str, folder: Path) -> list[Port]:
    matches = [(path, _MAJOR.fullmatch(path.name)) for path in folder.glob("v*")]
    return [Port(product, int(match[1]), path) for path, match in matches if match]
