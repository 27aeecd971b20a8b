"""Sources of a trial's inputs, with the classes of their columns, from the workspace of the contract, if it has one.

A dbt model names its inputs; the inputs of a Polars function are in the `defs.yaml` that names its contract.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.errors import SourceFaults
from bankmesh.products.dbt.dbt_models import product_source
from bankmesh.products.product_definition import LegacyInput, ProductInput, parse_input
from bankmesh.settings import NoWorkspace, find_root
from bankmesh.sources import read_systems
from bankmesh.workspace.product_consumers import declared_inputs
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.contracts.model import Classification, Contract
    from bankmesh.products.product_definition import Input
    from bankmesh.sources import LegacySystem


@dataclass(frozen=True)
class KnownSource:
    """The source that a frame replaces; columns without a known class count as public."""

    source: Input
    classes: Mapping[str, Classification] = field(default_factory=dict)


def known_sources(contract: Contract, inputs: Iterable[str]) -> dict[str, KnownSource]:
    """Return the source of each of a build's inputs, by the name that the build gives it."""
    names = list(inputs)
    package = Path(contract.file).resolve().parent.parent
    root = _root_of(package, contract)
    if root is None:
        return {name: KnownSource(_named_source(name, contract)) for name in names}
    systems = _systems(package)
    declared, classes = declared_inputs(package, contract.port_name), _classes(root, systems)
    own = frozenset(system.name for system in systems)
    found = {}
    for name in names:
        if name in declared:
            source: Input = parse_input(declared[name], contract.domain, own)
        else:
            source = _named_source(name, contract, own)
        found[name] = KnownSource(source, classes.get(source.ref, {}))
    return found


def _root_of(package: Path, contract: Contract) -> Path | None:
    try:
        root = find_root(package)
    except NoWorkspace:
        return None
    return root if package.name == contract.domain and package.is_relative_to(root / "domains") else None


def _named_source(name: str, contract: Contract, systems: frozenset[str] = frozenset()) -> Input:
    """Return the source that a dbt model reads by this name; a plain name is taken as a product of the domain."""
    left, _, right = name.rpartition(".")
    if left in systems:
        return LegacyInput(contract.domain, left, right)
    return product_source(left, right) if left else ProductInput(contract.domain, right)


def _systems(package: Path) -> tuple[LegacySystem, ...]:
    try:
        return read_systems(package / "sources")
    except SourceFaults:
        return ()


def _classes(root: Path, systems: Iterable[LegacySystem]) -> dict[str, dict[str, Classification]]:
    """Return classes by column, for every product of the workspace and every legacy object of the domain."""
    known = {c.port: {column.name: column.classification for column in c.columns} for c in readable_contracts(root)}
    for item in (item for system in systems for item in system.objects):
        known[f"{item.system}.{item.name}"] = {column.name: column.classification for column in item.columns}
    return known
