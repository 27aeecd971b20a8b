"""Contracts in force without a transform: no component or dbt model of a loaded location builds their product.

Such a location loads: the other products of the domain are built, and readers keep what is published.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Status
from bankmesh.errors import BankmeshError
from bankmesh.workspace.dbt_project_files import find_dbt_project, product_folder
from bankmesh.workspace.product_consumers import model_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bankmesh.contracts.model import Contract


class UnimplementedContract(BankmeshError):
    """A contract is in force, and nothing builds its product."""

    def __init__(self, contract: Contract, root: Path) -> None:
        self.contract = contract
        following = "retired" if contract.status is Status.DEPRECATED else "deprecated"
        super().__init__(
            f"{contract.port} is {contract.status}, and no component or dbt model builds it, so nothing of it is "
            f"published. {_todo(contract, root)} If it has no consumers yet, set its status to draft or proposed; if "
            f"it is to end, `mesh contract move {contract.port} {following} --why ...`."
        )


def _todo(contract: Contract, root: Path) -> str:
    """Return how to build the product. An existing model lacks the component that reads the domain's models."""
    package, table = Path(contract.file).parents[1], contract.port_name.table
    defs = (package / "defs").relative_to(root) if package.is_relative_to(root) else package / "defs"
    if model := model_files(root, package).get(table):
        return f"Its model is {model.name}: add {defs}/dbt_products/defs.yaml with type: bankmesh.DbtDataProducts."
    folder = product_folder(find_dbt_project(root, package), package.name)
    return f"Write the model {folder.relative_to(root) / table}.sql, or a component in {defs}/{contract.name}/."


def find_unimplemented(
    root: Path, contracts: Iterable[Contract], loaded: Collection[str], made: Collection[str]
) -> dict[str, UnimplementedContract]:
    """Return the contracts in force of loaded domains that no asset in `made` implements, by the missing key."""
    return {
        key: UnimplementedContract(contract, root)
        for contract in contracts
        if contract.status.in_force and contract.domain in loaded and (key := contract.port_name.asset) not in made
    }
