"""Index rows of some or all products, read from contract files, source declarations and Delta logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.contract_rows import contract_rows, relative
from bankmesh.catalog.index.contract_versions import contract_version_rows, contract_versions
from bankmesh.catalog.index.index_rows import Rows, add
from bankmesh.catalog.index.lineage_rows import product_lineage
from bankmesh.catalog.index.posting_rows import posting_rows
from bankmesh.catalog.index.publication_rows import publication_rows, table_of
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.errors import ContractFaults, SourceFaults
from bankmesh.ports import confirmations, fresh_since, readable_publications, withdrawals
from bankmesh.ports.delta.commit_log import DamagedCommit
from bankmesh.sources import read_systems
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.workspace.recorded_data_tests import with_data_tests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from bankmesh.catalog.index.index_rows import Row
    from bankmesh.contracts.model import Contract
    from bankmesh.errors import FaultsFound
    from bankmesh.ports import Port, Publication
    from bankmesh.settings import Settings
    from bankmesh.sources import LegacySystem

TWICE, DAMAGED = "duplicate-contract", "damaged-log"


@dataclass
class ContractFiles:
    """Contract files, each read once, on first use."""

    root: Path
    _read: dict[str, Contract | list[Row]] = field(default_factory=dict)

    def read(self, names: Iterable[str]) -> tuple[dict[str, Contract], list[Row]]:
        """Return the contracts in files of the workspace, by port, and the faults of files that cannot be read.

        Of two contracts for one port the first is used, and the other is a fault.
        """
        contracts: dict[str, Contract] = {}
        faults: list[Row] = []
        for name in sorted(names):
            found = self._one(name)
            if isinstance(found, list):
                faults += found
                continue
            first = contracts.setdefault(found.port, found)
            if first is not found:
                message = f"{found.port} already has a contract: {relative(first.file, self.root)}"
                faults.append({"file": name, "line": 0, "rule": TWICE, "message": message})
        return contracts, faults

    def _one(self, name: str) -> Contract | list[Row]:
        if name not in self._read:
            try:
                self._read[name] = read_contract(self.root / name)
            except ContractFaults as error:
                self._read[name] = _fault_rows(error, self.root)
            except FileNotFoundError:  # deleted since it was listed; the next refresh notices that
                self._read[name] = []
        return self._read[name]


def read_sources(root: Path, domains: Collection[str] | None = None) -> tuple[dict[str, list[LegacySystem]], list[Row]]:
    """Read the legacy systems of these domains (of all if None), and the faults of unreadable declarations."""
    systems: dict[str, list[LegacySystem]] = {}
    faults: list[Row] = []
    for package in domain_packages(root):
        if domains is not None and package.name not in domains:
            continue
        try:
            systems[package.name] = list(read_systems(package / "sources"))
        except SourceFaults as error:
            faults += _fault_rows(error, root)
    return systems, faults


def product_rows(
    contracts: Mapping[str, Contract], systems: Mapping[str, Iterable[LegacySystem]], settings: Settings
) -> Rows:
    """Return all rows of these products; `contracts` has every major of each product, by port.

    Of a damaged Delta log they have the versions after the damage, and a fault at the file of the contract.
    """
    rows: Rows = {}
    newest: dict[str, Publication] = {}
    before: Contract | None = None
    for contract in sorted(contracts.values(), key=lambda c: (c.product, c.major)):
        port = table_of(settings.home, contract.port)
        published, damage = _readable(port)
        gone, confirmed = withdrawals(port, damage.version if damage else -1), confirmations(port)
        if damage:
            add(rows, {tables.faults: [_damaged_log(contract, damage, settings.root)]})
        if published:
            newest[contract.port] = published[0]
        (tested,) = with_data_tests([contract], settings.home)
        of_contract = contract_rows(
            tested, settings.root, newest.get(contract.port), fresh_since(port, published[0]) if published else None
        )
        add(rows, of_contract)
        same = before if before is not None and before.product == contract.product else None
        add(rows, contract_version_rows(contract, contract_versions(contract, port, published), same))
        add(rows, publication_rows(contract.port, published, gone, confirmed))
        add(rows, {tables.postings: posting_rows(contract, [row["name"] for row in of_contract[tables.owners]])})
        before = contract
    add(rows, product_lineage(contracts.values(), systems, newest))
    return rows


def damaged_ports(rows: Rows, contracts: Mapping[str, Contract], root: Path) -> frozenset[str]:
    """Return the ports among the products of `rows` whose Delta log is damaged."""
    files = {row["file"] for row in rows.get(tables.faults, ()) if row["rule"] == DAMAGED}
    return frozenset(port for port, contract in contracts.items() if relative(contract.file, root) in files)


def _readable(port: Port) -> tuple[tuple[Publication, ...], DamagedCommit | None]:
    """Return the publications after the newest damaged commit, newest first, and the error of that commit, if any."""
    found: list[Publication] = []
    try:
        for made in readable_publications(port):
            found.append(made)  # noqa: PERF402 - those before an error are kept
    except DamagedCommit as error:
        return tuple(found), error
    return tuple(found), None


def _damaged_log(contract: Contract, damage: DamagedCommit, root: Path) -> Row:
    return {"file": relative(contract.file, root), "line": 0, "rule": DAMAGED, "message": str(damage)}


def _fault_rows(error: FaultsFound, root: Path) -> list[Row]:
    """Return one row per place and rule, with the first of its messages."""
    found = {
        (row["file"], row["line"], row["rule"]): row
        for fault in reversed(error.faults)
        for row in [
            {"file": relative(fault.file, root), "line": fault.line, "rule": fault.rule, "message": fault.message}
        ]
    }
    return list(found.values())
