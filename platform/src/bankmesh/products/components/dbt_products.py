"""`bankmesh.DbtDataProducts`: every dbt model of the domain whose name has a contract is a product."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster_dbt import DbtProject

from bankmesh.contracts.types import duckdb_type
from bankmesh.dbt_projects import SHARED, DbtProjectPlace, file_of
from bankmesh.products.closed_inputs import refuse_closed_inputs
from bankmesh.products.components.assets import domain_definitions, orphaned_asset, product_asset
from bankmesh.products.components.polars_product import contract_path
from bankmesh.products.dbt_code_versions import model_code_version
from bankmesh.products.dbt_domain import DbtDomain, load_dbt_domain
from bankmesh.products.dbt_faults import PRODUCT
from bankmesh.products.dbt_models import (
    find_models,
    model_name,
    product_source,
    with_ancestors,
)
from bankmesh.products.definition import Derivation, ProductDefinition
from bankmesh.products.domain import domain_of, settings_of
from bankmesh.products.orphaned_products import OrphanedProduct
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract
    from bankmesh.products.built import Built
    from bankmesh.products.definition import Derive, InputColumns
    from bankmesh.products.domain import Domain
    from bankmesh.products.operation import Build, BuildRequest


class DbtDataProducts(dg.Component, dg.Model, dg.Resolvable):
    """All dbt products of a domain.

    Attributes:
        project: folder of the dbt project, from the workspace's root. In the one that domains share the models are in
            `models/<domain>/`; a project of the domain's own has its folders as its `dbt_project.yml` says.
    """

    project: str = SHARED

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """One asset with its checks for each model that has a contract, unless that is proposed or retired.

        A product's model without contract is an asset that refuses to run.
        Raises FaultsFound if a model reads one of those, or if something is configured that is not honoured.
        """
        domain, settings = domain_of(context), settings_of(context)
        # dagster-dbt finds the project and says what is missing from it; each domain has a target of its own.
        project = DbtProject(settings.root / self.project, target_path=settings.home / "dbt" / domain.name)
        place = DbtProjectPlace(project.project_dir, domain.name, project.manifest_path.parent)
        loaded = load_dbt_domain(place, domain, settings.root)
        assets = [_asset(loaded, model, context.project_root) for model in loaded.products]
        return domain_definitions([*assets, *map(orphaned_asset, _orphans(loaded, domain, settings.root))])


def _orphans(loaded: DbtDomain, domain: Domain, root: Path) -> list[OrphanedProduct]:
    """The models that are materialized as products and have no contract, of whatever status."""
    kept = {model_name(contract) for contract in domain.contracts}
    return [
        OrphanedProduct(product_source(domain.name, name), file_of(loaded.place.project, node), root)
        for name, node in find_models(loaded.manifest).items()
        if name not in kept and node["config"]["materialized"] == PRODUCT
    ]


def _asset(loaded: DbtDomain, model: str, near: Path) -> dg.AssetsDefinition:
    place, node = loaded.place, find_models(loaded.manifest)[model]
    contract = loaded.products[model].contract
    files = [file_of(place.project, model) for model in with_ancestors(loaded.manifest, node)]
    product = ProductDefinition(
        contract=contract,
        inputs=dict(loaded.products[model].inputs),
        engine="dbt",
        code_version=model_code_version(loaded.manifest, node, contract),
        code_files=(*files, contract_path(contract)),
        derive=_derive(place, model, contract),
    )
    refuse_closed_inputs(product, files, current_settings(near).root)
    return product_asset(product, _build(place, model, contract), near)


def _build(place: DbtProjectPlace, model: str, contract: Contract) -> Build:
    def build(request: BuildRequest) -> Built:
        from bankmesh.products.dbt_build import build_with_dbt

        return build_with_dbt(place, model, contract, request)

    return build


def _derive(place: DbtProjectPlace, model: str, contract: Contract) -> Derive:
    def derive(columns: InputColumns) -> Derivation:
        from bankmesh.lineage.sql import path
        from bankmesh.products.dbt_lineage import derive_dbt

        schemas = {name: {c: duckdb_type(kind) for c, kind in found.items()} for name, found in columns.items()}
        found = derive_dbt(place, model, contract, schemas)
        return Derivation(found.lineage, lambda source, column: path(found, source, column))

    return derive
