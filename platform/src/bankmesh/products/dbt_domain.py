"""A domain's side of the dbt project, loaded whole: its products with their data tests, or every fault at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.catalog.contracts import readable_contracts
from bankmesh.catalog.data_tests import add_clauses, write_data_tests
from bankmesh.errors import Fault
from bankmesh.products.dbt_data_tests import Tested, compiled_tests, find_data_tests
from bankmesh.products.dbt_faults import DbtFaults, find_manifest_faults, find_project_faults
from bankmesh.products.dbt_inputs import write_dbt_inputs
from bankmesh.products.dbt_models import (
    DbtParseError,
    DbtProjectPlace,
    find_models,
    load_manifest,
    model_inputs,
    model_name,
)
from bankmesh.products.domain import read_domain
from bankmesh.workspace import domain_packages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.domain import Domain
    from bankmesh.settings import Settings

PROJECT = "dbt_project"


@dataclass(frozen=True)
class DbtDomain:
    """What dbt knows of a domain. `products` are those that are built, by model, with their data tests as clauses."""

    place: DbtProjectPlace
    manifest: Mapping[str, Any]
    products: Mapping[str, Tested]


def load_dbt_domain(place: DbtProjectPlace, domain: Domain, root: Path) -> DbtDomain:
    """Parse a domain's models, generating the sources that they read first.

    Raises DbtFaults with every fault, DbtParseError if dbt cannot parse the project.
    """
    found, faults = _scan(place, domain, root)
    if faults or found is None:
        raise DbtFaults(faults)
    return found


def find_dbt_faults(settings: Settings) -> tuple[Fault, ...]:
    """The faults of the dbt models of every domain, as their code locations report them when they load.

    Raises ContractFaults or SourceFaults if a domain has faults of its own.
    """
    faults: set[Fault] = set()
    for package in domain_packages(settings.root):
        place = DbtProjectPlace(settings.root / PROJECT, package.name, settings.home / "dbt" / package.name)
        if not has_models(place):
            continue
        try:
            faults.update(_scan(place, read_domain(package), settings.root)[1])
        except DbtParseError as error:
            faults.add(Fault(str(place.project / "models" / place.domain), 0, "dbt-parse", str(error)))
    return tuple(sorted(faults))


def has_models(place: DbtProjectPlace) -> bool:
    """Whether the dbt project holds a model of the domain."""
    folder = place.project / "models" / place.domain
    return any(file.suffix in {".sql", ".py"} for file in folder.rglob("*"))


def _scan(place: DbtProjectPlace, domain: Domain, root: Path) -> tuple[DbtDomain | None, tuple[Fault, ...]]:
    """The domain with every fault of it; None where dbt is not even to parse the project."""
    if faults := find_project_faults(place):
        return None, faults
    write_dbt_inputs(place.project, domain.name, domain.systems, readable_contracts(root))
    manifest = load_manifest(place)
    if faults := find_manifest_faults(place, manifest, domain.contracts):
        return None, faults
    products = _products(manifest, domain)
    clauses, refused = find_data_tests(place, manifest, compiled_tests(place, manifest), products)
    tested = {
        model: Tested(add_clauses(product.contract, clauses.get(model, ())), product.inputs)
        for model, product in products.items()
    }
    if not refused:
        write_data_tests(place.target, [product.contract for product in tested.values()])
    return DbtDomain(place, manifest, tested), refused


def _products(manifest: Mapping[str, Any], domain: Domain) -> dict[str, Tested]:
    models = find_models(manifest)
    built: dict[str, Contract] = {
        model_name(contract): contract
        for contract in domain.contracts
        if contract.status.has_port and model_name(contract) in models
    }
    return {
        model: Tested(contract, model_inputs(manifest, models[model], domain.name, domain.system_names))
        for model, contract in built.items()
    }
