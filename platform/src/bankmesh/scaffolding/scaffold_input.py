"""The input that a new product starts from: a published product, or a landing of its own domain."""

from __future__ import annotations

import builtins
import keyword
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError, UnknownName
from bankmesh.names import split_major
from bankmesh.sources import current_landing, latest_attempt, read_systems
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.model import Classification, ColumnType, Contract
    from bankmesh.settings import Settings
    from bankmesh.sources import LegacyObject, SourceColumn


class CannotScaffold(BankmeshError):
    """What was requested cannot be scaffolded; nothing was written."""

    is_wrong_call = True


@dataclass(frozen=True)
class KeyColumn:
    """A key column of the input, which the new product starts with."""

    name: str
    type: ColumnType
    description: str
    classification: Classification


@dataclass(frozen=True)
class ScaffoldInput:
    """An input by the names that transforms use: `reference` in `defs.yaml`, `schema` and `table` in dbt's `source()`.

    `rows` are the keys of its rows. If `is_unique` is False nothing shows that they are unique, and the product starts
    with the distinct ones.
    """

    name: str
    reference: str
    schema: str
    table: str
    keys: tuple[KeyColumn, ...]
    is_unique: bool = True

    @property
    def parameter(self) -> str:
        """The name of the input in a transform: the plural, and no word of Python."""
        name = self.name if self.name.endswith(("s", "y")) else f"{self.name}s"
        return f"{name}_rows" if keyword.iskeyword(name) or hasattr(builtins, name) else name


def find_input(settings: Settings, domain: str, package: Path, named: str | None) -> ScaffoldInput:
    """Return the input of that name: a product, or a landing of the domain as `system.object`.

    Without a name, it is the domain's first product. Raises UnknownName, and CannotScaffold for a domain without
    products and for a landing without a required column.
    """
    contracts = workspace_contracts(settings.root)
    if not named:
        own = [contract for contract in contracts if contract.domain == domain]
        if not own:
            raise CannotScaffold(
                f"{domain} has no product to read. Name a product or a landing of {domain} with --from."
            )
        return product_input(own[0])
    objects = {f"{o.system}.{o.name}": o for s in read_systems(package / "sources") for o in s.objects}
    landings = {f"{domain}.landing.{name.replace('.', '_')}": name for name in objects}
    name = landings.get(named.replace("/", "."), named)
    if name in objects and name not in {contract.product for contract in contracts}:
        return landing_input(settings, domain, objects[name])
    try:
        return product_input(find_contract(contracts, named, None))
    except UnknownName:
        if split_major(named)[0] in {contract.product for contract in contracts}:
            raise
        raise UnknownName("product or landing", named, {*(c.product for c in contracts), *objects}) from None


def product_input(contract: Contract) -> ScaffoldInput:
    """Return a product as an input; its keys are its primary key, or its first column."""
    names = contract.primary_key or (contract.columns[0].name,)
    columns = [contract.column(name) for name in names]
    keys = tuple(KeyColumn(c.name, c.type, c.description, c.classification) for c in columns)
    return ScaffoldInput(contract.name, contract.port, contract.domain, contract.port_name.table, keys)


def landing_input(settings: Settings, domain: str, obj: LegacyObject) -> ScaffoldInput:
    """Return a landing as an input; its key is the first required column that is unique in the rows landed last.

    If none is, or nothing was landed yet, it is the first required column. Raises CannotScaffold if there is none.
    """
    required = [column for column in obj.columns if column.required and not column.file_name]
    if not required:
        raise CannotScaffold(
            f"{obj.system}.{obj.name} declares no required column, which a key must be. Add `required: true` to one."
        )
    unique = _unique_column(settings, domain, obj, required)
    key = unique or required[0]
    keys = (KeyColumn(key.name, key.type, key.description, key.classification),)
    return ScaffoldInput(obj.name, f"{obj.system}.{obj.name}", obj.system, obj.name, keys, is_unique=unique is not None)


def _unique_column(
    settings: Settings, domain: str, obj: LegacyObject, required: list[SourceColumn]
) -> SourceColumn | None:
    import polars as pl

    places = (settings.home, domain, obj.system, obj.name)
    landing = current_landing(*places) or latest_attempt(*places)
    if landing is None or not landing.rows:
        return None
    landed = {column.name for column in landing.columns}
    rows = pl.scan_parquet([path for path in landing.rows_paths if path.is_file()])
    for column in required:  # one at a time: the distinct values of a column are in memory
        if column.name in landed:
            distinct = rows.select(pl.col(column.name).n_unique()).collect(engine="streaming").item()
            if distinct == landing.rows:
                return column
    return None
