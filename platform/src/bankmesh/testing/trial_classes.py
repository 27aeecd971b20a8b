"""Classifications of a trial's inputs, from the contracts and source declarations of the workspace, if there is one.

The frames of a trial have no classifications. A dbt model names its inputs; the inputs of a Polars function are in the
`defs.yaml` that names its contract.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.errors import SourceFaults
from bankmesh.lineage.model import ColumnRef
from bankmesh.products.dbt.dbt_models import product_source
from bankmesh.products.inputs.classification_flow import classification_flow
from bankmesh.settings import NoWorkspace, find_root
from bankmesh.sources import read_systems
from bankmesh.workspace.workspace_contracts import readable_contracts
from bankmesh.workspace_faults.component_file_faults import POLARS, read_components

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.contracts.model import Classification, Contract
    from bankmesh.lineage.model import StepLineage
    from bankmesh.quality.gate import ClassificationFlow


def classification_of_trial(contract: Contract, lineage: StepLineage, inputs: Iterable[str]) -> ClassificationFlow:
    """Return the flow into the contract's columns from inputs with a known classification; others count as public.

    `inputs` and `lineage` use the build's names of inputs.
    """
    file = Path(contract.file).resolve()
    package = file.parent.parent
    try:
        root = find_root(file.parent)
    except NoWorkspace:
        return classification_flow(contract, lineage, {})
    if package.name != contract.domain or not package.is_relative_to(root / "domains"):
        return classification_flow(contract, lineage, {})
    names = _names(package, contract, inputs)
    known = _declared(root, package)
    classes = {
        ColumnRef(source, column): level for source in names.values() for column, level in known.get(source, {}).items()
    }
    return classification_flow(contract, lineage.renamed(names), classes)


def _names(package: Path, contract: Contract, inputs: Iterable[str]) -> dict[str, str]:
    """Map the build's names of its inputs to those of the snapshot vector."""
    inputs = list(inputs)
    parameters: dict[str, str] = {}
    if any("." not in name for name in inputs):
        for entry in read_components(package)[0]:
            given = entry.attributes
            named = given.get("contract"), given.get("major", 1)
            if entry.type == POLARS and named == (contract.name, contract.major):
                parameters = {name: str(source).removesuffix("@1") for name, source in given["inputs"].items()}
    tables = {name: product_source(*name.split(".", 1)).ref for name in inputs if "." in name}
    return tables | {name: source for name, source in parameters.items() if name in inputs}


def _declared(root: Path, package: Path) -> dict[str, dict[str, Classification]]:
    """Return classifications by column, for every product of the workspace and every legacy object of the domain."""
    known = {c.port: {column.name: column.classification for column in c.columns} for c in readable_contracts(root)}
    try:
        systems = read_systems(package / "sources")
    except SourceFaults:
        systems = ()
    for item in (item for system in systems for item in system.objects):
        known[f"{item.system}.{item.name}"] = {column.name: column.classification for column in item.columns}
    return known
