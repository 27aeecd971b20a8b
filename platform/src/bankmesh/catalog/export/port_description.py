"""Facts about a port's newest version: its location, and the inputs that it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Status
from bankmesh.errors import NotPublished
from bankmesh.names import parse_port_name
from bankmesh.ports import at_version, latest, port_at
from bankmesh.ports.port_archive import archived_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Port, Publication


@dataclass(frozen=True, order=True)
class PortInput:
    """A published product that a version was made from.

    Attributes:
        port: its name: `retail.party`, `retail.party@2`.
        contract_version: the contract version under which the version that was read had been published.
    """

    port: str
    contract_version: str

    @property
    def product(self) -> str:
        """`domain.product`, which is the id of its contract."""
        return parse_port_name(self.port).product_id


@dataclass(frozen=True)
class PortFacts:
    """A contract with the newest publication of its port.

    Attributes:
        contract: the current contract.
        publication: the newest version; None if nothing is published yet.
        location: folder of the Delta table; None if nothing is published yet.
        inputs: products that this version was made from, sorted.
        legacy: legacy objects that it was made from, as `core_banking.account`, sorted.
    """

    contract: Contract
    publication: Publication | None
    location: str | None
    inputs: tuple[PortInput, ...]
    legacy: tuple[str, ...]


def port_facts(home: Path, contract: Contract, contracts: Mapping[str, Contract]) -> PortFacts:
    """Return the facts about a port; `contracts` has all contracts by port, for inputs whose version has expired."""
    where = (home, contract.product, contract.major)
    port = (archived_port(*where) if contract.status is Status.RETIRED else None) or port_at(*where)
    publication = latest(port)
    if publication is None:
        return PortFacts(contract, None, None, (), ())
    read = publication.provenance.inputs
    found = [_input(home, name, version, contracts) for name, version in read.items() if isinstance(version, int)]
    return PortFacts(
        contract=contract,
        publication=publication,
        location=str(port.path),
        inputs=tuple(sorted(facts for facts in found if facts is not None)),
        # The version of a landing is the fingerprint of its files, which is text.
        legacy=tuple(sorted(name for name, version in read.items() if isinstance(version, str))),
    )


def _input(home: Path, name: str, version: int, contracts: Mapping[str, Contract]) -> PortInput | None:
    try:
        return PortInput(name, at_version(_port(home, name), version).provenance.contract_version)
    except NotPublished:
        return PortInput(name, contracts[name].version) if name in contracts else None


def _port(home: Path, name: str) -> Port:
    port = parse_port_name(name)
    return archived_port(home, port.product_id, port.major) or port_at(home, port.product_id, port.major)
