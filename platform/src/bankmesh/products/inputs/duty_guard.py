"""Checks of a product's duties: when its code location loads, and before each of its versions is published.

A check that passes is remembered in the mesh home by the digest of everything that it depends on, so that a load or a
build that finds nothing changed derives no lineage and compiles no policies.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bankmesh.access.decisions.access_policy import load_access_policy
from bankmesh.access.decisions.decision_engine import decide
from bankmesh.access.duties.model import Duty, Lift
from bankmesh.access.errors import PolicyFaults
from bankmesh.access.policies.policy_sources import policy_folders, read_policy_files
from bankmesh.access.registry import load_registry, platform_policy_folder
from bankmesh.errors import FaultsFound
from bankmesh.products.code.platform_version import platform_version
from bankmesh.products.inputs.duty_report import (
    WorkspaceAccess,
    derive_product,
    has_duties,
    named_lineage,
    related_contracts,
    report_duties,
)
from bankmesh.products.product_definition import ProductInput
from bankmesh.storage.atomic_files import write_atomically
from bankmesh.workspace.workspace_contracts import readable_contracts
from bankmesh.workspace.workspace_graph import workspace_systems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.model import StepLineage
    from bankmesh.products.inputs.duty_report import DutyReport
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.settings import Settings

FOLDER = "access/duties"
"""Where checks that passed are remembered, below the mesh home."""


def guard_duties(product: ProductDefinition, declared_in: Sequence[Path], settings: Settings) -> ProductDefinition:
    """Return the product with the check of its builds' lineage.

    Raises FaultsFound if its code gives readers more than its inputs do, or reads what it may not; PolicyFaults, which
    are FaultsFound too, if the policies have faults.
    """
    if not has_duties(product):
        return product
    contracts = {contract.port: contract for contract in readable_contracts(settings.root)}
    state = _state_of(product, contracts, settings.root)
    if _passed(product, settings.home).get("state") != state:
        lineage, report = report_code(product, contracts, settings.root, declared_in)
        if report.faults:
            raise FaultsFound(report.faults)
        _remember(product, settings.home, state, lineage, report)
    return replace(product, check_duties=lambda lineage: find_build_problems(product, lineage, settings))


def report_code(
    product: ProductDefinition, contracts: Mapping[str, Contract], root: Path, declared_in: Sequence[Path] = ()
) -> tuple[StepLineage | None, DutyReport]:
    """Return the lineage of a product's code, and its duties by it. Raises PolicyFaults."""
    derivation = derive_product(product, contracts, workspace_systems(root))
    lineage = named_lineage(product, derivation)
    return lineage, report_duties(product, lineage, derivation, workspace_access(root, contracts), declared_in)


def find_used_lifts(
    product: ProductDefinition, contracts: Mapping[str, Contract], settings: Settings
) -> frozenset[Lift]:
    """Return the lifts of grants that a product needs. Raises PolicyFaults."""
    if not has_duties(product):
        return frozenset()
    known = _passed(product, settings.home)
    if known.get("state") == _state_of(product, contracts, settings.root):
        return frozenset(Lift(source, to, column, Duty(duty)) for source, to, column, duty in known["lifts"])
    return report_code(product, contracts, settings.root)[1].widenings.used


def find_build_problems(product: ProductDefinition, lineage: StepLineage, settings: Settings) -> tuple[str, ...]:
    """Return what a build widens by its own lineage, which may show more than the code alone; empty if nothing.

    Raises PolicyFaults if the policies have faults.
    """
    contracts = {contract.port: contract for contract in readable_contracts(settings.root)}
    missing = [
        source for source in product.inputs.values() if isinstance(source, ProductInput) and source.ref not in contracts
    ]
    if missing:
        return tuple(f"the contract of {source.ref} cannot be read, so its duties are not known" for source in missing)
    state = _state_of(product, contracts, settings.root)
    known = _passed(product, settings.home)
    if (known.get("state"), known.get("lineage")) == (state, _lineage_digest(lineage)):
        return ()
    report = report_duties(product, lineage, None, workspace_access(settings.root, contracts))
    return tuple(str(fault) for fault in report.faults)


def workspace_access(root: Path, contracts: Mapping[str, Contract]) -> WorkspaceAccess:
    """Return what duties are compared by in a workspace. Raises PolicyFaults."""
    policy = load_access_policy(root, tuple(contracts.values()))
    return WorkspaceAccess(
        contracts, policy.registry, lambda principal, port, purpose: decide(policy, principal, port, purpose)
    )


def _state_of(product: ProductDefinition, contracts: Mapping[str, Contract], root: Path) -> str:
    """Return a digest of all that the check of a product depends on. Raises PolicyFaults."""
    files, faults = read_policy_files(policy_folders(root, platform_policy_folder()))
    if faults:
        raise PolicyFaults(faults)
    texts = {port: contract.text for port, contract in related_contracts(product, contracts).items()}
    policies = [load_registry(root).digest, *([file.name, file.text] for file in files)]
    return _digest([platform_version(), product.code_version, texts, policies])


def _lineage_digest(lineage: StepLineage | None) -> str:
    return _digest(lineage.to_json() if lineage is not None else None)


def _digest(plain: object) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _file(product: ProductDefinition, home: Path) -> Path:
    name = product.contract.port_name
    return home / FOLDER / name.domain / f"{name.table}.json"


def _passed(product: ProductDefinition, home: Path) -> dict[str, Any]:
    try:
        found = json.loads(_file(product, home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(
    product: ProductDefinition, home: Path, state: str, lineage: StepLineage | None, report: DutyReport
) -> None:
    """Remember a check that passed, where there is a mesh home that can be written to."""
    if not home.is_dir():
        return
    file = _file(product, home)
    lifts = sorted([lift.source, lift.product, lift.column, lift.duty] for lift in report.widenings.used)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps({"state": state, "lineage": _lineage_digest(lineage), "lifts": lifts}))
    except OSError:
        return  # the next load checks again
