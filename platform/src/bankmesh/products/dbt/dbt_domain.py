"""One domain's part of the dbt project, loaded whole: its products with their data tests, or every fault at once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.errors import BankmeshError
from bankmesh.products.dbt.code_files import DbtFiles
from bankmesh.products.dbt.data_test_clauses import TestedProduct, compiled_tests, find_data_tests
from bankmesh.products.dbt.dbt_models import (
    DbtParseError,
    find_models,
    load_manifest,
    model_inputs,
)
from bankmesh.products.dbt.faults.ambiguous_names import find_repeated_name_faults, input_schemas
from bankmesh.products.dbt.faults.configuration_faults import DbtFaults, find_manifest_faults
from bankmesh.products.dbt.faults.file_faults import find_resource_faults, find_settings_faults, names_in_files
from bankmesh.products.dbt.faults.parse_faults import find_parse_faults
from bankmesh.products.dbt.faults.project_faults import find_project_faults
from bankmesh.products.dbt.faults.reference_faults import find_graph_faults
from bankmesh.products.dbt.faults.unknown_names import find_name_faults
from bankmesh.products.dbt.generated_sources import write_dbt_inputs
from bankmesh.products.dbt.unused_configuration import find_dbt_coverage
from bankmesh.products.domain_package import read_domain
from bankmesh.storage.atomic_files import walk_files
from bankmesh.workspace.dbt_project_files import DbtProjectPlace, find_dbt_project
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.workspace.recorded_data_tests import add_clauses, data_tests_of, write_data_tests
from bankmesh.workspace.recorded_dbt_coverage import write_dbt_coverage
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.errors import Fault
    from bankmesh.products.domain_package import Domain
    from bankmesh.settings import Settings


@dataclass(frozen=True)
class DbtDomain:
    """A domain's manifest and products. `products` are those that are built, by model, with data tests as clauses."""

    place: DbtProjectPlace
    manifest: Mapping[str, Any]
    products: Mapping[str, TestedProduct]


def load_dbt_domain(place: DbtProjectPlace, domain: Domain, root: Path) -> DbtDomain:
    """Generate the sources that a domain's models read, then parse the models.

    Raises DbtFaults with every fault; if dbt cannot parse the project, with its reason and the faults of the files.
    """
    found, faults = _scan(place, domain, root)
    if faults or found is None:
        raise DbtFaults(faults)
    return found


def load_domain_of(package: Path, settings: Settings) -> tuple[Domain, DbtDomain | None]:
    """Return a domain by its package folder, with its dbt part; None if the dbt project holds no model of it.

    Raises the faults of the domain and of its models, as its code location does.
    """
    domain = read_domain(package)
    project = find_dbt_project(settings.root, package)
    place = DbtProjectPlace(project, domain.name, settings.home / "dbt" / domain.name)
    models = (file for folder in place.folders("model-paths") for file in walk_files(folder))
    if not any(file.suffix in {".sql", ".py"} for file in models):
        return domain, None
    return domain, load_dbt_domain(place, domain, settings.root)


def with_current_tests(contracts: Iterable[Contract], settings: Settings) -> list[Contract]:
    """Return contracts with their models' current data tests; those of a domain that fails to load are unchanged."""
    tested: dict[str, Contract] = {}
    for package in domain_packages(settings.root):
        with suppress(BankmeshError):
            _, loaded = load_domain_of(package, settings)
            tested |= {found.contract.port: found.contract for found in loaded.products.values()} if loaded else {}
    return [add_clauses(contract, data_tests_of(tested.get(contract.port, contract))) for contract in contracts]


def _scan(place: DbtProjectPlace, domain: Domain, root: Path) -> tuple[DbtDomain | None, tuple[Fault, ...]]:
    """Return the domain with all its faults; None where dbt cannot parse the project, or must not try."""
    if faults := find_settings_faults(place.project):
        return None, faults
    contracts = list(readable_contracts(root))
    files = DbtFiles(place)
    names = names_in_files(files, contracts, domain.systems)
    shown = find_resource_faults(files, names.products | names.objects)
    if faults := find_project_faults(place, root):
        return None, _each_once(faults, shown)
    write_dbt_inputs(place, domain.systems, contracts)
    try:
        manifest = load_manifest(place)
    except DbtParseError as error:
        return None, find_parse_faults(files, error.__cause__ or error, names, shown)
    meaningless = (*find_name_faults(place, manifest), *find_graph_faults(files, manifest, names))
    if faults := _each_once(shown, meaningless, find_manifest_faults(place, manifest, domain.contracts)):
        return None, faults
    products = _products(manifest, domain)
    clauses, refused = find_data_tests(place, manifest, compiled_tests(place, manifest), products)
    tested = {
        model: TestedProduct(add_clauses(product.contract, clauses.get(model, ())), product.inputs)
        for model, product in products.items()
    }
    inputs = {name: source for product in products.values() for name, source in product.inputs.items()}
    schemas = input_schemas(inputs, contracts, domain.name, domain.systems)
    refused = (*refused, *find_repeated_name_faults(place, manifest, products, schemas))
    if not refused:
        write_data_tests(place.target, [product.contract for product in tested.values()])
        built = {find_models(manifest)[model]["unique_id"]: product.contract for model, product in tested.items()}
        write_dbt_coverage(place.target, find_dbt_coverage(place.project, domain.name, manifest, built))
    return DbtDomain(place, manifest, tested), refused


def _each_once(*found: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted({fault for faults in found for fault in faults}))


def _products(manifest: Mapping[str, Any], domain: Domain) -> dict[str, TestedProduct]:
    models = find_models(manifest)
    built: dict[str, Contract] = {
        contract.port_name.table: contract
        for contract in domain.contracts
        if contract.status.has_port and contract.port_name.table in models
    }
    return {
        model: TestedProduct(contract, model_inputs(manifest, models[model], domain.name, domain.system_names))
        for model, contract in built.items()
    }
