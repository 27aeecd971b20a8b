"""Files of the exported documents, each written atomically."""

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

_HEAD = "# Exported by `mesh export` from {source}; the next export overwrites this file.\n"
_WIDTH = 120


@dataclass(frozen=True)
class ExportedFile:
    """One exported file: its product, its standard (`odps` or `odcs`), and for `odcs` its port."""

    product: str
    standard: str
    port: str | None
    version: str
    file: Path


def write_exports(
    out: Path, home: Path, contracts: Iterable[Contract], products: Collection[str] = ()
) -> tuple[ExportedFile, ...]:
    """Write a descriptor for each product and a document for each of its contracts.

    `contracts` are all contracts of the workspace. `products` selects products by id, all if empty. Files of products
    that no longer exist are not removed.
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
    """A YAML dumper without aliases that writes a Decimal with all its digits."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - whatever YAML can hold
        """Return True: repeated values are written out, because contracts have no aliases."""
        return True


def _represent_decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    plain = plain_number(value)
    if isinstance(plain, float):
        return dumper.represent_float(plain)
    return dumper.represent_scalar("tag:yaml.org,2002:float", spell_exactly(value))


_Dumper.add_representer(Decimal, _represent_decimal)


def dump(document: dict[str, Any]) -> str:
    """Return a document as YAML; numbers keep their digits."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def _write(file: Path, document: dict[str, Any], source: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, _HEAD.format(source=source) + dump(document))
    file.chmod(0o644)  # exports are meant to be read by others
