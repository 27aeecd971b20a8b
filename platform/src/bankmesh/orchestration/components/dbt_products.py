"""`bankmesh.DbtDataProducts`: every dbt model of the domain whose name has a contract is a product."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from bankmesh.contracts.column_types import duckdb_type
from bankmesh.errors import UnknownName
from bankmesh.orchestration.assets.product_assets import domain_definitions, orphaned_asset, product_asset
from bankmesh.orchestration.components.product_component import ProductComponent, domain_of, settings_of
from bankmesh.products.candidates.clause_scope import widen_clauses
from bankmesh.products.code.repeatability import find_unrepeatable_model
from bankmesh.products.dbt.dbt_code_versions import model_code_version
from bankmesh.products.dbt.dbt_domain import DbtDomain, load_dbt_domain
from bankmesh.products.dbt.dbt_models import (
    find_models,
    product_source,
    with_ancestors,
)
from bankmesh.products.dbt.faults.configuration_faults import PRODUCT
from bankmesh.products.inputs.duty_guard import guard_duties
from bankmesh.products.inputs.input_stages import refuse_closed_inputs
from bankmesh.products.inputs.partition_inputs import check_partition_inputs, parse_partition_inputs
from bankmesh.products.orphaned_products import OrphanedProduct
from bankmesh.products.product_definition import Derivation, ProductDefinition
from bankmesh.workspace.dbt_project_files import SHARED, DbtProjectPlace, file_of

if TYPE_CHECKING:
    import dagster as dg

    from bankmesh.contracts.model import Contract
    from bankmesh.products.build_types import Build, BuildRequest, BuildResult
    from bankmesh.products.domain_package import Domain
    from bankmesh.products.product_definition import Derive, InputColumns


class DbtDataProducts(ProductComponent):
    """All dbt products of a domain.

    Attributes:
        project: folder of the dbt project, from the workspace's root. The shared project has a domain's models in
            `models/<domain>/`; a project of the domain's own has the folders of its `dbt_project.yml`.
        repeatable: by model, whether the same inputs always give the same rows; derived from the code where a model is
            left out. A product that is not repeatable is never taken as unchanged.
        partition_inputs: by model and input (`domain.product` or `system.object`), the inputs of which a partition
            reads only the rows of the same partition. When such an input changes in some partitions, only these are
            built.
    """

    inputs_are_in_files: ClassVar[bool] = False
    project: str = SHARED
    repeatable: dict[str, bool] = Field(default_factory=dict)
    partition_inputs: dict[str, dict[str, dict[str, str]]] = Field(default_factory=dict)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return one asset with its checks for each model that has a contract, unless that is proposed or retired.

        A product's model without contract becomes an asset whose runs fail.
        Raises FaultsFound if a model reads a proposed or retired product, or sets something that is not supported.
        """
        domain, settings = domain_of(context), settings_of(context)
        target = settings.home / "dbt" / domain.name
        place = _checked(DbtProjectPlace(settings.root / self.project, domain.name, target))
        loaded = load_dbt_domain(place, domain, settings.root)
        if unknown := sorted((self.repeatable.keys() | self.partition_inputs.keys()) - loaded.products.keys()):
            raise UnknownName("model of a product", unknown[0], loaded.products)
        found = {model: self._product(loaded, model, context) for model in loaded.products}
        self.define(list(found.values()))
        assets = [
            product_asset(product, _build(place, model, product.contract), context.project_root, found.values())
            for model, product in found.items()
        ]
        return domain_definitions([*assets, *map(orphaned_asset, _orphans(loaded, domain, settings.root))])

    def _product(self, loaded: DbtDomain, model: str, context: dg.ComponentLoadContext) -> ProductDefinition:
        place, node = loaded.place, find_models(loaded.manifest)[model]
        contract, defs = loaded.products[model].contract, context.path / "defs.yaml"
        partition_inputs = parse_partition_inputs(self.partition_inputs.get(model, {}), defs, model)
        if partition_inputs:
            contract = widen_clauses(contract)
        files = [file_of(place.project, model) for model in with_ancestors(loaded.manifest, node)]
        product = ProductDefinition(
            contract=contract,
            inputs=dict(loaded.products[model].inputs),
            engine="dbt",
            code_version=model_code_version(loaded.manifest, node, contract),
            code_files=(*files, Path(contract.file)),
            derive=_derive(place, model, contract),
            unrepeatable=find_unrepeatable_model(
                loaded.manifest, node, contract, repeatable=self.repeatable.get(model)
            ),
            partition_inputs=partition_inputs,
        )
        settings = settings_of(context)
        refuse_closed_inputs(product, files, settings.root)
        check_partition_inputs(product, domain_of(context), settings.root, defs, model)
        return guard_duties(product, files, settings)


def _checked(place: DbtProjectPlace) -> DbtProjectPlace:
    """Return the place of a project; dagster-dbt reports what is missing where dbt has not parsed it yet."""
    if not place.manifest.is_file() or not (place.project / "dbt_project.yml").is_file():
        # Imported here, because importing dbt takes longer than the rest of a load that finds nothing changed.
        from dagster_dbt import DbtProject

        DbtProject(place.project, target_path=place.target)
    return place


def _orphans(loaded: DbtDomain, domain: Domain, root: Path) -> list[OrphanedProduct]:
    """Return the models that are materialized as products and have no contract, of whatever status."""
    kept = {contract.port_name.table for contract in domain.contracts}
    return [
        OrphanedProduct(product_source(domain.name, name), file_of(loaded.place.project, node), root)
        for name, node in find_models(loaded.manifest).items()
        if name not in kept and node["config"]["materialized"] == PRODUCT
    ]


def _build(place: DbtProjectPlace, model: str, contract: Contract) -> Build:
    def build(request: BuildRequest) -> BuildResult:
        from bankmesh.products.dbt.dbt_build import build_with_dbt

        return build_with_dbt(place, model, contract, request)

    return build


def _derive(place: DbtProjectPlace, model: str, contract: Contract) -> Derive:
    def derive(columns: InputColumns) -> Derivation:
        from bankmesh.lineage.sql import path
        from bankmesh.products.dbt.dbt_lineage import derive_dbt

        schemas = {name: {c: duckdb_type(kind) for c, kind in found.items()} for name, found in columns.items()}
        found = derive_dbt(place, model, contract, schemas)
        return Derivation(found.lineage, lambda source, column: path(found, source, column))

    return derive
