"""`bankmesh.DbtDataProducts`: every dbt model of the domain whose name has a contract is a product."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_dbt import DbtProject

from bankmesh.catalog.contracts import readable_contracts
from bankmesh.contracts.types import duckdb_type
from bankmesh.products.closed_inputs import refuse_closed_inputs
from bankmesh.products.components.assets import domain_definitions, product_asset
from bankmesh.products.components.polars_product import contract_path
from bankmesh.products.dbt_inputs import write_dbt_inputs
from bankmesh.products.dbt_models import (
    DbtProjectPlace,
    find_models,
    load_manifest,
    model_code_version,
    model_inputs,
    model_name,
    with_ancestors,
)
from bankmesh.products.definition import Derivation, ProductDefinition
from bankmesh.products.domain import domain_of, settings_of
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.products.built import Built
    from bankmesh.products.definition import Derive, InputColumns
    from bankmesh.products.domain import Domain
    from bankmesh.products.operation import Build, BuildRequest


class DbtDataProducts(dg.Component, dg.Model, dg.Resolvable):
    """All dbt products of a domain; `models/<domain>/` of the workspace's dbt project holds their models.

    Attributes:
        project: folder of the dbt project, from the workspace's root.
    """

    project: str = "dbt_project"

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """One asset with its checks for each model that has a contract, unless that is proposed or retired.

        Raises FaultsFound if a model reads one of those.
        """
        domain, settings = domain_of(context), settings_of(context)
        # dagster-dbt finds the project and says what is missing from it; each domain has a target of its own.
        project = DbtProject(settings.root / self.project, target_path=settings.home / "dbt" / domain.name)
        place = DbtProjectPlace(project.project_dir, domain.name, project.manifest_path.parent)
        write_dbt_inputs(place.project, domain.name, domain.systems, readable_contracts(settings.root))
        manifest = load_manifest(place)
        models = find_models(manifest)
        assets = [
            _asset(place, manifest, models[model_name(contract)], contract, domain, context.project_root)
            for contract in domain.contracts
            if contract.status.has_port and model_name(contract) in models
        ]
        return domain_definitions(assets)


def _asset(
    place: DbtProjectPlace,
    manifest: Mapping[str, Any],
    node: Mapping[str, Any],
    contract: Contract,
    domain: Domain,
    near: Path,
) -> dg.AssetsDefinition:
    files = [place.project / model["original_file_path"] for model in with_ancestors(manifest, node)]
    product = ProductDefinition(
        contract=contract,
        inputs=model_inputs(manifest, node, domain.name, domain.system_names),
        engine="dbt",
        code_version=model_code_version(manifest, node, contract),
        code_files=(*files, contract_path(contract)),
        derive=_derive(place, node["name"], contract),
    )
    refuse_closed_inputs(product, files, current_settings(near).root)
    return product_asset(product, _build(place, node["name"], contract), near)


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
