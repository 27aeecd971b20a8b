"""`bankmesh.PolarsDataProduct`: a contract, a plain function, and the products and landings that it reads."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from bankmesh.contracts.column_types import polars_type
from bankmesh.errors import UnknownName
from bankmesh.orchestration.assets.product_assets import domain_definitions, orphaned_asset, product_asset
from bankmesh.orchestration.components.product_component import ProductComponent, domain_of, find_products, settings_of
from bankmesh.orchestration.components.product_scaffolder import PolarsProductScaffolder
from bankmesh.products.candidates.clause_scope import widen_clauses
from bankmesh.products.code.code_versions import fingerprint_texts, imported_files
from bankmesh.products.code.repeatability import find_unrepeatable_transform
from bankmesh.products.inputs.duty_guard import guard_duties
from bankmesh.products.inputs.input_stages import refuse_closed_inputs
from bankmesh.products.inputs.partition_inputs import check_partition_inputs, parse_partition_inputs
from bankmesh.products.orphaned_products import OrphanedProduct
from bankmesh.products.polars.polars_build import build_with_polars, derive_transform
from bankmesh.products.polars.transform_parameters import TransformNotUsable, check_parameters
from bankmesh.products.product_definition import Derivation, ProductDefinition, ProductInput, parse_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from bankmesh.contracts.model import Contract
    from bankmesh.products.build_types import BuildRequest, BuildResult
    from bankmesh.products.domain_package import Domain
    from bankmesh.products.product_definition import Derive, Input, InputColumns


@dg.scaffold_with(PolarsProductScaffolder)
class PolarsDataProduct(ProductComponent):
    """A data product built by a plain Polars function.

    Attributes:
        contract: name of the contract (`contracts/<name>.odcs.yaml`).
        major: major version of the contract; each major is a product port with a `defs.yaml` of its own.
        transform: `.module:function` beside this file, from lazy frames to a lazy frame.
        inputs: parameter of the function → `domain.product`, `domain.product@MAJOR` or, for a legacy
            system of the same domain, `system.object`. Products are always read as published.
        files: data files that the code reads, by patterns from the folder of the domain's package; their content
            is part of the code version.
        repeatable: whether the same inputs always give the same rows; derived from the code where it is left out.
            A product that is not repeatable is never taken as unchanged.
        partition_inputs: by input, as under `inputs`, those of which a partition reads only the rows of the same
            partition. When such an input changes in some partitions, only these are built.
    """

    contract: str
    transform: str
    inputs: dict[str, str]
    major: int = 1
    files: list[str] = Field(default_factory=list)
    repeatable: bool | None = None
    partition_inputs: dict[str, dict[str, str]] = Field(default_factory=dict)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the product's asset with its checks; nothing for a product that is proposed or retired.

        A product without contract becomes an asset whose runs fail.

        Raises FaultsFound if the product reads one that is proposed or retired.
        """
        domain = domain_of(context)
        try:
            contract = domain.contract(self.contract, self.major)
        except UnknownName:
            missing = ProductInput(domain.name, self.contract, self.major)
            orphan = OrphanedProduct(missing, context.path / "defs.yaml", settings_of(context).root)
            return domain_definitions([orphaned_asset(orphan)])
        if not contract.status.has_port:
            return domain_definitions([])
        partition_inputs = parse_partition_inputs(self.partition_inputs, context.path / "defs.yaml")
        if partition_inputs:
            contract = widen_clauses(contract)
        file, function = self._load(context)
        inputs = self._parse_inputs(context.path / "defs.yaml", domain)
        check_parameters(function, set(inputs), file, partitioned=contract.partitioning is not None)
        files = imported_files(file, domain.package)
        declared = self._declared_files(context.path / "defs.yaml", domain)
        product = ProductDefinition(
            contract=contract,
            inputs=inputs,
            engine="polars",
            code_version=_code_version(contract, files, {**self.inputs, "transform": self.transform}, declared),
            code_files=(file, Path(contract.file)),
            derive=_derive(function, contract),
            unrepeatable=find_unrepeatable_transform(contract, files, declared, repeatable=self.repeatable),
            partition_inputs=partition_inputs,
        )
        defs = context.path / "defs.yaml"
        refuse_closed_inputs(product, [defs], settings_of(context).root)
        check_partition_inputs(product, domain, settings_of(context).root, defs)
        product = guard_duties(product, [defs], settings_of(context))

        def build(request: BuildRequest) -> BuildResult:
            return build_with_polars(function, contract, request)

        self.define([product])
        others = find_products(context.component_tree, generated=True)
        return domain_definitions([product_asset(product, build, context.project_root, others)])

    def _load(self, context: dg.ComponentLoadContext) -> tuple[Path, Callable[..., pl.LazyFrame]]:
        module_name, _, function_name = self.transform.lstrip(".").partition(":")
        file = context.path / f"{module_name}.py"
        defs = context.path / "defs.yaml"
        if not (function_name and file.is_file()):
            raise TransformNotUsable(
                defs, f"transform {self.transform!r}: write .module:function; {file.name} must be beside it"
            )
        module = context.load_defs_relative_python_module(file)
        function: Callable[..., pl.LazyFrame] | None = getattr(module, function_name, None)
        if not callable(function):
            raise TransformNotUsable(defs, f"{file.name} has no function {function_name}")
        return file, function

    def _declared_files(self, defs: Path, domain: Domain) -> list[Path]:
        """Return the data files, sorted. Raises TransformNotUsable for a pattern that names none of its files."""
        found: set[Path] = set()
        for pattern in self.files:
            matched = [path for path in domain.package.glob(pattern) if path.is_file()] if _is_inside(pattern) else []
            if not matched:
                problem = f"files: {pattern!r} names no file below {domain.package}; write a path or pattern from there"
                raise TransformNotUsable(defs, problem)
            found.update(matched)
        return sorted(found)

    def _parse_inputs(self, file: Path, domain: Domain) -> dict[str, Input]:
        try:
            return {name: parse_input(text, domain.name, domain.system_names) for name, text in self.inputs.items()}
        except ValueError as error:
            raise TransformNotUsable(file, str(error)) from error


def _derive(function: Callable[..., pl.LazyFrame], contract: Contract) -> Derive:
    def derive(columns: InputColumns) -> Derivation:
        import polars as pl

        schemas = {name: pl.Schema({c: polars_type(k) for c, k in found.items()}) for name, found in columns.items()}
        rest = {"partitions": (contract.partitioning.start,)} if contract.partitioning else {}
        found = derive_transform(function, contract, schemas, rest)
        return Derivation(found.lineage, lambda source, column: (str(source), column))

    return derive


def _code_version(
    contract: Contract, files: tuple[Path, ...], inputs: dict[str, str], data: Sequence[Path] = ()
) -> str:
    declared = [f"{name}={source}" for name, source in sorted(inputs.items())]
    contents = [f"{file.name}={hashlib.sha256(file.read_bytes()).hexdigest()}" for file in data]
    code = (file.read_text(encoding="utf-8") for file in files)
    return fingerprint_texts([contract.text, *declared, *code, *contents])


def _is_inside(pattern: str) -> bool:
    path = PurePosixPath(pattern)
    return bool(pattern) and not path.is_absolute() and ".." not in path.parts
