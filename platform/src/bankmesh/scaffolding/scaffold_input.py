"""The input that a new product starts from: a published product, or a landing of its own domain."""

from __future__ import annotations

import builtins
import keyword
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError, UnknownName
from bankmesh.names import split_major
from bankmesh.scaffolding.key_proposal import ProposedKey, propose_key
from bankmesh.sources import read_systems
from bankmesh.workspace.landing_names import declared_landings, find_landing, matching_landings, unknown_input
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.model import Classification, ColumnType, Contract
    from bankmesh.settings import Settings
    from bankmesh.sources import LegacyObject


class CannotScaffold(BankmeshError):
    """What was requested cannot be scaffolded; nothing was written."""

    is_wrong_call = True


@dataclass(frozen=True)
class InputColumn:
    """A column of the input, which the new product starts with."""

    name: str
    type: ColumnType
    description: str
    classification: Classification
    required: bool
    allows_nan: bool = False
    subject: str | None = None


@dataclass(frozen=True)
class ScaffoldInput:
    """An input by the names that transforms use: `reference` in `defs.yaml`, `schema` and `table` in dbt's `source()`.

    The product starts with `columns`: all of a landing, whose rows it takes over, or the key of a product. `key` has
    those that name each row, none if nothing shows which. `domain` is the owner of a product, empty for a landing.
    """

    name: str
    reference: str
    schema: str
    table: str
    columns: tuple[InputColumn, ...]
    key: ProposedKey
    description: str
    product_type: str
    domain: str = ""

    @property
    def parameter(self) -> str:
        """The name of the input in a transform: the plural, and no word of Python."""
        ending = "" if self.name.endswith(("s", "y")) else "es" if self.name.endswith(("x", "ch", "sh")) else "s"
        name = f"{self.name}{ending}"
        return f"{name}_rows" if keyword.iskeyword(name) or hasattr(builtins, name) else name


def find_input(settings: Settings, domain: str, package: Path, named: str | None) -> ScaffoldInput:
    """Return the input of that name: a product, or a landing of the domain as `system.object`.

    Without a name, it is the domain's first product. Raises UnknownName, and CannotScaffold for a domain without
    products and for a landing of another domain.
    """
    contracts = workspace_contracts(settings.root)
    if not named:
        own = [contract for contract in contracts if contract.domain == domain]
        if not own:
            raise CannotScaffold(
                f"{domain} has no product to read. Name a product or a landing of {domain} with --from."
            )
        return product_input(own[0])
    ports = {contract.port for contract in contracts} | {contract.product for contract in contracts}
    landings = declared_landings(settings.root)
    own_landings = [landing for landing in landings if landing.domain == domain]
    if named not in ports and (landing := find_landing(own_landings, named)):
        objects = {(o.system, o.name): o for s in read_systems(package / "sources") for o in s.objects}
        return landing_input(settings, domain, objects[landing.system, landing.object])
    try:
        return product_input(find_contract(contracts, named, None))
    except UnknownName:
        if split_major(named)[0] in {contract.product for contract in contracts}:
            raise
        if foreign := matching_landings(landings, named):
            owner = foreign[0].domain
            raise CannotScaffold(
                f"{foreign[0].full} is internal to {owner}. Read a product of {owner}, or scaffold {owner}.NAME."
            ) from None
        read_systems(package / "sources")  # it may be declared in a file with faults, which are reported then
        raise unknown_input(named, {contract.product for contract in contracts}, own_landings) from None


def product_input(contract: Contract) -> ScaffoldInput:
    """Return a product as an input, with the columns of its primary key, or with all columns if it has none."""
    keys = contract.primary_key
    columns = [contract.column(name) for name in keys] if keys else contract.columns
    reason = f"{', '.join(keys)}, as in {contract.port}." if keys else f"{contract.port} has none."
    return ScaffoldInput(
        name=contract.name,
        reference=contract.port,
        schema=contract.domain,
        table=contract.port_name.table,
        columns=tuple(
            InputColumn(
                c.name, c.type, c.description, c.classification, c.required or c.name in keys, c.allows_nan, c.subject
            )
            for c in columns
        ),
        key=ProposedKey(keys, reason),
        description=f"One row per {' and '.join(keys)}." if keys else f"One row for each row of {contract.port}.",
        product_type="aggregate",
        domain=contract.domain,
    )


def landing_input(settings: Settings, domain: str, obj: LegacyObject) -> ScaffoldInput:
    """Return a landing as an input, with all of its columns and the key that its declaration or rows show."""
    return ScaffoldInput(
        name=obj.name,
        reference=f"{obj.system}.{obj.name}",
        schema=obj.system,
        table=obj.name,
        columns=tuple(InputColumn(c.name, c.type, c.description, c.classification, c.required) for c in obj.columns),
        key=propose_key(settings, domain, obj),
        description=obj.description,
        product_type="source-aligned",
    )
