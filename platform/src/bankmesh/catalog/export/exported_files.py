"""The exported documents as files, each written in one step."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.catalog.export.odcs_document import standalone_contract
from bankmesh.catalog.export.odps_descriptor import product_descriptor
from bankmesh.catalog.export.port_description import port_facts
from bankmesh.contracts.exact_numbers import plain_number, spell_exactly
from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from bankmesh.contracts.model import Contract

_HEAD = "# Exported by `mesh export` from {source}; what is written here is lost at the next export.\n"
_WIDTH = 120


@dataclass(frozen=True)
class ExportedFile:
    """One file: of which product, in which standard (`odps` or `odcs`), for an `odcs` of which port."""

    product: str
    standard: str
    port: str | None
    version: str
    file: Path


def write_exports(
    out: Path, home: Path, contracts: Iterable[Contract], products: Collection[str] = ()
) -> tuple[ExportedFile, ...]:
    """Write a descriptor for each product and a document for each of its contracts; `products` by id, all if empty.

    `contracts` are all of the workspace. Files of products that are gone are left alone.
    """
    known = {contract.port: contract for contract in contracts}
    written: list[ExportedFile] = []
    for product in sorted({contract.product for contract in known.values()}):
        if products and product not in products:
            continue
        majors = sorted((c for c in known.values() if c.product == product), key=lambda c: c.major)
        ports = [port_facts(home, contract, known) for contract in majors]
        descriptor = product_descriptor(ports)
        folder = out / majors[0].domain
        file = folder / f"{majors[0].name}.odps.yaml"
        _write(file, descriptor, f"the contracts of {product}")
        written.append(ExportedFile(product, "odps", None, descriptor["version"], file))
        for port in ports:
            contract = port.contract
            file = folder / contract.port_name.contract_file
            _write(file, standalone_contract(port), f"the contract of {contract.port}")
            written.append(ExportedFile(product, "odcs", contract.port, contract.version, file))
    return tuple(written)


class _Dumper(yaml.SafeDumper):
    """Writes documents as plain YAML, and a Decimal with the digits that it has."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - whatever YAML can hold
        """Write a value out each time: a contract has no aliases."""
        return True


def _represent_decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    plain = plain_number(value)
    if isinstance(plain, float):
        return dumper.represent_float(plain)
    return dumper.represent_scalar("tag:yaml.org,2002:float", spell_exactly(value))


_Dumper.add_representer(Decimal, _represent_decimal)


def dump(document: dict[str, Any]) -> str:
    """A document as YAML; numbers with the digits that they have."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def _write(file: Path, document: dict[str, Any], source: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, _HEAD.format(source=source) + dump(document))
    file.chmod(0o644)  # for others to read, which is what it is for
