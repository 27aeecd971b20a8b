"""A domain as read from its package folder: contracts and source declarations, with their places.

Every component of a domain loads it here, so that all faults of all contracts are found and reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bankmesh.contracts.parsing.contract_reader import read_contracts
from bankmesh.errors import UnknownName
from bankmesh.sources import read_systems

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.sources import LegacySystem


@dataclass(frozen=True)
class Domain:
    """A domain's name (that of its package), contracts and legacy systems."""

    name: str
    package: Path
    contracts: tuple[Contract, ...]
    systems: tuple[LegacySystem, ...]

    @property
    def system_names(self) -> frozenset[str]:
        """Names of the legacy systems; `system.object` in an input means one of these."""
        return frozenset(system.name for system in self.systems)

    def contract(self, name: str, major: int | None = None) -> Contract:
        """Return the contract `name` (its newest major unless one is named); raises UnknownName."""
        found = [c for c in self.contracts if c.name == name and major in {None, c.major}]
        if not found:
            raise UnknownName("contract", name, {c.name for c in self.contracts})
        return max(found, key=lambda c: c.major)


def read_domain(package: Path) -> Domain:
    """Read a domain's package folder; cached while its files do not change."""
    return _read_domain(package, _stamp(package))


def contract_files(package: Path) -> list[Path]:
    """Return the contract files of a domain's package, sorted."""
    return sorted((package / "contracts").glob("*.odcs.yaml"))


def domain_systems(package: Path) -> tuple[LegacySystem, ...]:
    """Return the legacy systems of a domain's package, cached while their files do not change. Raises SourceFaults."""
    return _read_systems(package, _stamp_of(_source_files(package)))


@lru_cache(maxsize=16)
def _read_systems(package: Path, _stamp: tuple[tuple[str, int, int], ...]) -> tuple[LegacySystem, ...]:
    return read_systems(package / "sources")


@lru_cache(maxsize=16)
def _read_domain(package: Path, _stamp: tuple[tuple[str, int, int], ...]) -> Domain:
    return Domain(
        name=package.name,
        package=package,
        contracts=read_contracts(contract_files(package)),
        systems=domain_systems(package),
    )


def _source_files(package: Path) -> list[Path]:
    return sorted((package / "sources").glob("*.yaml"))


def _stamp(package: Path) -> tuple[tuple[str, int, int], ...]:
    return _stamp_of([*contract_files(package), *_source_files(package)])


def _stamp_of(files: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    stats = [(path, path.stat()) for path in files]
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)
