"""Reads contracts: parses YAML, checks the standard's schema, then Bankmesh's rules; reports all faults at once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.contracts.lifecycle import read_lifecycle
from bankmesh.contracts.model import Contract
from bankmesh.contracts.parsing import odcs_schema
from bankmesh.contracts.parsing.access_clauses import read_grants, read_purposes, read_roles, read_team
from bankmesh.contracts.parsing.chart_properties import read_charts
from bankmesh.contracts.parsing.clause_compiler import compile_clauses
from bankmesh.contracts.parsing.column_properties import check_keys, read_columns, read_partitioning
from bankmesh.contracts.parsing.declassification import check_declassifications
from bankmesh.contracts.parsing.identity_section import (
    read_identity,
    read_owner,
    read_purpose,
    read_support,
    read_table,
)
from bankmesh.contracts.parsing.section_cursor import FaultNotes, Section
from bankmesh.contracts.parsing.service_levels import check_other_custom, read_custom, read_service_levels
from bankmesh.contracts.parsing.version_clauses.profile_clause import profile_clause
from bankmesh.contracts.parsing.version_clauses.volume_clause import volume_clause
from bankmesh.errors import ContractFaults, Fault
from bankmesh.yaml import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def read_contract(path: Path | str) -> Contract:
    """Read one contract. Raises ContractFaults with all of its faults, and OSError if it cannot be opened."""
    return read_contracts([path])[0]


def read_contracts(paths: Iterable[Path | str]) -> tuple[Contract, ...]:
    """Read a set of contracts, in the order given.

    Raises ContractFaults with every fault of every contract, and OSError if a file cannot be opened.
    """
    contracts, faults = _read_all(paths)
    if faults:
        raise ContractFaults(faults)
    return contracts


def find_faults(paths: Iterable[Path | str]) -> tuple[Fault, ...]:
    """Return every fault of every contract, sorted by file and line; empty if there is none."""
    return tuple(sorted(_read_all(paths)[1]))


@lru_cache(maxsize=4096)
def read_text(file: str, text: str) -> tuple[Contract | None, tuple[Fault, ...]]:
    """Read a contract from its text; `file` is its name in faults and places. Returns no contract if there is a fault.

    Results are cached in the process, because a command reads all contracts several times.
    """
    document, faults = documents.parse(file, text)
    if faults:
        return None, faults
    notes = FaultNotes(document)
    for finding in odcs_schema.check(document.data):
        notes.add(finding.path, finding.rule, finding.message)
    if not isinstance(document.data, dict):
        return None, tuple(notes.faults)
    _note_blanks(notes)
    contract = _contract(Section(notes, (), document.data))
    return (None if notes.faults else contract), tuple(dict.fromkeys(notes.faults))


_DATA_KEYS = frozenset({"arguments", "examples", "implementation", "value"})  # below these, a blank is a value


def _note_blanks(notes: FaultNotes) -> None:
    """Note blank texts, which look like a promise and are none. Fault: `blank-text`."""
    for path, value in documents.leaves(notes.document.data):
        blank = isinstance(value, str) and not value.strip()
        if blank and path not in notes.wrong and not _DATA_KEYS.intersection(path):
            notes.add(path, "blank-text", f"{documents.spell(path)} is blank; write it, or leave the key out")


def _read_all(paths: Iterable[Path | str]) -> tuple[tuple[Contract, ...], list[Fault]]:
    contracts: list[Contract] = []
    faults: list[Fault] = []
    for path in paths:
        text, undecodable = documents.decode(str(path), Path(path).read_bytes())
        contract, found = (None, undecodable) if undecodable else read_text(str(path), text)
        faults.extend(found)
        if contract is not None:
            contracts.append(contract)
    faults.extend(faults_between(contracts))
    return tuple(contracts), faults


def _contract(root: Section) -> Contract:
    """Return the contract of a document; it is valid only if no fault was noted."""
    who = read_identity(root)
    table = read_table(root, who.name)
    columns = read_columns(table) if table is not None else ()
    check_keys(columns)
    product_type, custom = read_custom(root)
    partitioning = read_partitioning(root, table, columns, custom.get("partitioning"))
    complete = table is not None and not table.wrong("properties")
    names = [column.name for column, _ in columns] if complete else None
    volume = volume_clause(root, table, names) if table is not None else None
    compared = [clause for clause in (volume, profile_clause(root, columns)) if clause is not None]
    clauses = compile_clauses(table, columns, who.domain, who.name, compared) if table is not None else ()
    if complete:
        check_declassifications(columns, clauses)
    purpose, usage, limitations = read_purpose(root)
    purposes = read_purposes(root)
    check_other_custom(root)
    return Contract(
        domain=who.domain,
        name=who.name,
        version=who.version,
        status=who.status,
        product_type=product_type,
        owner=read_owner(root),
        purpose=purpose,
        usage=usage,
        limitations=limitations,
        granularity=table.text("dataGranularityDescription") if table is not None else None,
        table_description=(table.text("description") or "" if table is not None else "") or purpose,
        tags=root.texts("tags"),
        columns=tuple(column for column, _ in columns),
        clauses=clauses,
        service_levels=read_service_levels(root, who.name, names),
        support=read_support(root),
        roles=read_roles(root, purposes),
        partitioning=partitioning,
        custom=custom,
        file=root.notes.document.file,
        text=root.notes.document.text,
        charts=read_charts(root, {c.name: c for c, _ in columns}, custom.get("charts")) if complete else (),
        lifecycle=read_lifecycle(root, who.status, custom),
        purposes=purposes,
        derivation_grants=read_grants(root),
        team=read_team(root),
    )


def faults_between(contracts: Sequence[Contract]) -> Iterator[Fault]:
    """Yield the faults that only a set of contracts can have: `duplicate-contract`, `unknown-reference`."""
    by_port: dict[str, Contract] = {}
    for contract in contracts:
        first = by_port.setdefault(contract.port, contract)
        if first is not contract:
            line = documents.parse(contract.file, contract.text)[0].line(("id",))
            message = f"{contract.product}, major {contract.major}, has a contract already: {first.file}"
            yield Fault(contract.file, line, "duplicate-contract", message)
    for contract in contracts:
        for clause in contract.clauses:
            if isinstance(clause.rule, MissingReferences) and clause.rule.product in by_port:
                problem = _mismatch(contract, clause.rule, by_port[clause.rule.product])
                if problem:
                    yield Fault(contract.file, clause.place.line, "unknown-reference", problem)


def _mismatch(contract: Contract, rule: MissingReferences, target: Contract) -> str | None:
    """Return why columns cannot refer to those of the contract `target`, or None."""
    types = {column.name: column.type for column in target.columns}
    for own, aim in zip(rule.columns, rule.target_columns, strict=True):
        if aim not in types:
            return f"{rule.product} has no column {aim}.{odcs_schema.nearest(aim, types)}"
        if types[aim] != contract.column(own).type:
            return f"{own} is {contract.column(own).type}, but {rule.product}.{aim} is {types[aim]}"
    return None
