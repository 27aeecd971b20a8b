"""The contracts of a workspace, by product and major."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from typing import TYPE_CHECKING

from bankmesh.contracts.lifecycle import newest_major_of
from bankmesh.contracts.parsing.contract_reader import read_contract, read_contracts
from bankmesh.errors import ContractFaults, UnknownName
from bankmesh.names import split_major
from bankmesh.workspace.domain_folders import all_contract_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract


def workspace_contracts(root: Path) -> tuple[Contract, ...]:
    """Return every contract of every domain, sorted by domain, name and major. Raises ContractFaults."""
    found = read_contracts(all_contract_files(root))
    return tuple(sorted(found, key=lambda c: (c.domain, c.name, c.major)))


def readable_contracts(root: Path) -> list[Contract]:
    """Return the contracts of all domains that have no faults; each domain reports the faults of its own contracts.

    The result is cached while the files do not change, because every component of every domain calls this.
    """
    stats = [(path, path.stat()) for path in all_contract_files(root)]
    return list(_read_sound(tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats)))


@lru_cache(maxsize=4)
def _read_sound(stamp: tuple[tuple[str, int, int], ...]) -> tuple[Contract, ...]:
    found = []
    for file, _, _ in stamp:
        with contextlib.suppress(ContractFaults):
            found.append(read_contract(file))
    return tuple(found)


def find_contract(contracts: Sequence[Contract], product: str, major: int | None) -> Contract:
    """Return the contract of a product: the given major, by number or as `domain.product@2`, else the newest active.

    If no major is active, return the newest one that is neither proposed nor retired. Raises UnknownName.
    """
    if major is None:
        product, major = split_major(product)
    of_product = [c for c in contracts if c.product == product]
    if not of_product:
        raise UnknownName("product", product, {c.product for c in contracts})
    if major is not None:
        named = [c for c in of_product if c.major == major]
        if not named:
            raise UnknownName(f"major of {product}", str(major), {str(c.major) for c in of_product})
        return named[0]
    majors = {contract.major: contract for contract in of_product}
    return majors[newest_major_of({number: contract.status for number, contract in majors.items()})]
