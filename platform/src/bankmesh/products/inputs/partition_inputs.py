"""Inputs of which each partition of a product reads only the rows of that partition, as `defs.yaml` declares them.

When such an input changes in some partitions, only these are built. Only a declaration can state that a partition
depends on no other rows: it does depend on others where a late change moves a trade to another day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.errors import Fault, FaultsFound
from bankmesh.products.dbt.configuration_lines import read_yaml
from bankmesh.products.product_definition import InputCompleteness, LegacyInput, PartitionInput
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.domain_package import Domain
    from bankmesh.products.product_definition import Input, ProductDefinition
    from bankmesh.sources import LegacyObject

ATTRIBUTE, RULE = "partition_inputs", "partition-input"
_COLUMN, _COMPLETE = "column", "complete_through"


def check_partition_inputs(product: ProductDefinition, domain: Domain, root: Path, defs: Path, *path: str) -> None:
    """Raise FaultsFound (`partition-input`) for declarations of a product that cannot hold.

    Args:
        product: with its declarations.
        domain: of the product, with the legacy systems that it may read.
        root: the workspace, with the contracts of products.
        defs: the `defs.yaml` in which they are declared.
        path: keys of the declarations below `partition_inputs`.
    """
    if not product.partition_inputs:
        return
    contract, reads = product.contract, {source.ref: source for source in product.inputs.values()}
    days = {f"{system.name}.{item.name}": _dates(item) for system in domain.systems for item in system.objects}
    days |= {published.port: _partition_column(published, contract) for published in readable_contracts(root)}
    found = {
        name: _find_fault(name, item.column, contract, reads, days.get(name, ()))
        for name, item in product.partition_inputs.items()
    }
    _refuse({(name,): message for name, message in found.items() if message}, defs, path)


def parse_partition_inputs(
    declared: Mapping[str, Mapping[str, str]], defs: Path, *path: str
) -> dict[str, PartitionInput]:
    """Read declarations as `defs.yaml` has them, by input. Raises FaultsFound (`partition-input`)."""
    allowed = ", ".join(InputCompleteness)
    faults: dict[tuple[str, ...], str] = {}
    found: dict[str, PartitionInput] = {}
    for name, keys in declared.items():
        through = keys.get(_COMPLETE, InputCompleteness.VALUE)
        faults |= {
            (name, key): f"{key} is not a key of a partition input; its keys are {_COLUMN} and {_COMPLETE}."
            f"{nearest(key, (_COLUMN, _COMPLETE))}"
            for key in keys
            if key not in {_COLUMN, _COMPLETE}
        }
        if _COLUMN not in keys:
            faults[name,] = f"{name} needs a {_COLUMN}: the date by which its rows belong to a partition"
        if through not in set(InputCompleteness):
            faults[name, _COMPLETE] = (
                f"{_COMPLETE} is one of: {allowed}; not {through}.{nearest(through, InputCompleteness)}"
            )
        else:
            found[name] = PartitionInput(keys.get(_COLUMN, ""), InputCompleteness(through))
    _refuse(faults, defs, path)
    return found


def _refuse(faults: Mapping[tuple[str, ...], str], defs: Path, path: Sequence[str]) -> None:
    """Raise FaultsFound for faults by their keys below `partition_inputs` and `path`, if there are any."""
    document = read_yaml(defs)
    places = {keys: document.line(("attributes", ATTRIBUTE, *path, *keys)) for keys in faults}
    if faults:
        raise FaultsFound(Fault(str(defs), places[keys], RULE, message) for keys, message in faults.items())


def _find_fault(
    name: str, column: str, contract: Contract, reads: Mapping[str, Input], days: Sequence[str]
) -> str | None:
    port = contract.port
    if contract.partitioning is None:
        return f"{port} has no partitions, so that no input is read by partition; delete {ATTRIBUTE}"
    if name not in reads:
        return f"{port} does not read {name}; it reads {', '.join(sorted(reads))}.{nearest(name, reads)}"
    if column in days:
        return None
    if isinstance(reads[name], LegacyInput):
        return f"{column} is not a date of {name}; its dates: {', '.join(days) or 'none'}.{nearest(column, days)}"
    what = f"is not what {name} is partitioned by, by {contract.partitioning.granularity} as {port} is"
    return f"{column} {what}; write {days[0]}" if days else f"{column} {what}; delete the declaration"


def _dates(item: LegacyObject) -> tuple[str, ...]:
    return tuple(column.name for column in item.columns if column.type.name == "date")


def _partition_column(published: Contract, contract: Contract) -> tuple[str, ...]:
    """Return the column that a product read is partitioned by, if its granularity is the same."""
    theirs, ours = published.partitioning, contract.partitioning
    return (theirs.column,) if theirs and ours and theirs.granularity == ours.granularity else ()
