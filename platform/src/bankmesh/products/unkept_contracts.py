"""Contracts in force that nothing keeps: no component and no dbt model of a loaded location makes their product.

Such a location loads: the other products of the domain are built, and readers keep what is published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.catalog.readers import table_name
from bankmesh.contracts.model import Status
from bankmesh.errors import BankmeshError
from bankmesh.products.definition import product_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bankmesh.contracts.model import Contract


class ContractWithoutTransform(BankmeshError):
    """A contract is in force, and its product is made by nothing."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        domain, name = contract.domain, contract.name
        following = "retired" if contract.status is Status.DEPRECATED else "deprecated"
        model = f"dbt_project/models/{domain}/products/{table_name(contract)}.sql"
        super().__init__(
            f"{contract.port} is {contract.status}, and no component or dbt model makes it, so nothing of it is "
            f"published. Write the model {model}, or a component in domains/{domain}/src/{domain}/defs/{name}/. If "
            "nobody relies on it yet, set its status to draft or proposed; if its life is over, "
            f"`mesh contract move {contract.port} {following} --why ...`."
        )


def made_key(contract: Contract) -> str:
    """The asset that keeps a contract, as Dagster writes it: `retail/party`."""
    return product_key(contract.domain, contract.name, contract.major).to_user_string()


def unkept_contracts(
    contracts: Iterable[Contract], loaded: Collection[str], made: Collection[str]
) -> dict[str, ContractWithoutTransform]:
    """The contracts in force of loaded domains that no asset in `made` keeps, by the asset that is missing."""
    return {
        key: ContractWithoutTransform(contract)
        for contract in contracts
        if contract.status.in_force and contract.domain in loaded and (key := made_key(contract)) not in made
    }
