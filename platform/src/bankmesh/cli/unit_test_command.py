"""`mesh test`: run the unit tests of dbt models."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.cli.name_completion import complete_product
from bankmesh.cli.output import JsonOption, console, print_json, print_table
from bankmesh.settings import current_settings
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.workspace.workspace_contracts import find_contract, readable_contracts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.dbt.dbt_domain import DbtDomain
    from bankmesh.products.dbt.unit_tests import UnitTestResult
    from bankmesh.products.domain_package import Domain
    from bankmesh.settings import Settings


@dataclass
class _UnitTestRequest:
    """The tests to run for one domain: of the products with these contracts, or of all models if there are none."""

    package: Path
    products: tuple[Contract, ...] = ()


def run_tests(
    products: Annotated[
        list[str] | None,
        typer.Argument(
            help="domain.product or domain.product@2; by default the whole workspace.",
            metavar="PRODUCT",
            autocompletion=complete_product,
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Run the unit tests of dbt models, including upstream models of a product. Exit 1 if one does not pass.

    dbt runs them on mocked rows, without data and without network. A build does not run them.
    """
    from bankmesh.products.dbt.dbt_domain import load_domain_of
    from bankmesh.products.dbt.unit_tests import run_unit_tests

    settings = current_settings()
    results: list[UnitTestResult] = []
    remarks: list[str] = []
    for request in _requests(settings, products or []):
        domain, loaded = load_domain_of(request.package, settings)
        models, without = _models(request, loaded)
        remarks += without
        if loaded is not None:
            results += run_unit_tests(loaded, models, domain.systems, _contracts(settings, domain))
    passed = all(result.outcome == "passed" for result in results)
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        _print(results, remarks)
    raise typer.Exit(0 if passed else 1)


def _requests(settings: Settings, names: list[str]) -> list[_UnitTestRequest]:
    packages = {package.name: package for package in domain_packages(settings.root)}
    if not names:
        return [_UnitTestRequest(package) for package in packages.values()]
    found: Mapping[str, _UnitTestRequest] = {name: _UnitTestRequest(package) for name, package in packages.items()}
    for name in names:
        contract = find_contract(readable_contracts(settings.root), name, None)
        found[contract.domain].products = (*found[contract.domain].products, contract)
    return [request for request in found.values() if request.products]


def _models(request: _UnitTestRequest, loaded: DbtDomain | None) -> tuple[list[str], list[str]]:
    """Return the models to test, and remarks on products that have no unit test."""
    from bankmesh.products.dbt.dbt_models import find_models
    from bankmesh.products.dbt.unit_tests import models_with_unit_tests

    if not request.products:
        return (models_with_unit_tests(loaded.manifest) if loaded else []), []
    models: set[str] = set()
    remarks = []
    for contract in request.products:
        model = contract.port_name.table
        if loaded is None or model not in find_models(loaded.manifest):
            tests = f"domains/{contract.domain}/tests"
            remarks.append(f"{contract.port} is not a dbt product; pytest runs the tests of its transform, in {tests}")
        elif found := models_with_unit_tests(loaded.manifest, model):
            models.update(found)
        else:
            remarks.append(f"{contract.port} has no unit tests; write them in its model's YAML file, under unit_tests")
    return sorted(models), remarks


def _contracts(settings: Settings, domain: Domain) -> list[Contract]:
    """Return the contracts of all domains, because a model may mock a product of any domain."""
    others = [contract for contract in readable_contracts(settings.root) if contract.domain != domain.name]
    return [*others, *domain.contracts]


def _print(results: list[UnitTestResult], remarks: list[str]) -> None:
    if results:
        print_table(
            ("model", "unit test", "result"),
            [(result.model, result.name, result.outcome) for result in results],
        )
    for result in results:
        if result.outcome != "passed":
            console().print(f"\n{result.model}::{result.name} {result.outcome}", markup=False)
            console().print(result.message, markup=False, soft_wrap=True)
    for remark in remarks:
        console().print(remark, markup=False, soft_wrap=True)
    failed = sum(result.outcome != "passed" for result in results)
    console().print(f"{len(results)} unit tests, {failed} not passed")
