"""dbt data tests for code that does not load dbt, stored beside the manifest when a code location loads.

Contract files do not contain data tests; a code location adds them as clauses to the contract of each dbt product.
Code that reads contracts from their files alone (the catalog, `mesh products`, alerts) adds them from here.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.data_test_rules import DbtTest
from bankmesh.contracts.model import Clause, Contract, Severity
from bankmesh.errors import Place
from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_FILE = "data_tests.json"


def data_tests_of(contract: Contract) -> tuple[Clause, ...]:
    """Return the clauses of a contract that are dbt data tests."""
    return tuple(clause for clause in contract.clauses if isinstance(clause.rule, DbtTest))


def add_clauses(contract: Contract, tests: Iterable[Clause]) -> Contract:
    """Return the contract with data tests after its own clauses; tests with the name of a clause are left out."""
    names = {clause.name for clause in contract.clauses}
    added = tuple(test for test in tests if test.name not in names)
    return replace(contract, clauses=(*contract.clauses, *added)) if added else contract


def write_data_tests(folder: Path, contracts: Iterable[Contract]) -> None:
    """Write the data tests of a domain's dbt products to `MESH_HOME/dbt/<domain>`, if they changed."""
    found = {contract.port: [_to_json(clause) for clause in data_tests_of(contract)] for contract in contracts}
    text = json.dumps({port: tests for port, tests in found.items() if tests}, sort_keys=True)
    file = folder / _FILE
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(file, text)


def with_data_tests(contracts: Iterable[Contract], home: Path) -> list[Contract]:
    """Return the contracts with the data tests that their products had when their location was last loaded."""
    chosen = list(contracts)
    kept = {domain: _read(home / "dbt" / domain / _FILE) for domain in {contract.domain for contract in chosen}}
    return [add_clauses(contract, kept[contract.domain].get(contract.port, ())) for contract in chosen]


def _read(file: Path) -> Mapping[str, Sequence[Clause]]:
    """Return the clauses by port; none if no location was loaded yet, or if another release wrote the file."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        document = json.loads(file.read_text(encoding="utf-8"))
        return {port: [_from_json(entry) for entry in tests] for port, tests in document.items()}
    return {}


def _to_json(clause: Clause) -> dict[str, Any]:
    return asdict(clause)


def _from_json(entry: Mapping[str, Any]) -> Clause:
    rule = entry["rule"]
    return Clause(
        name=entry["name"],
        rule=DbtTest(**{**rule, "sources": tuple(rule["sources"])}),
        comparison=None,
        severity=Severity(entry["severity"]),
        description=entry["description"],
        dimension=entry["dimension"],
        columns=tuple(entry["columns"]),
        whole_table=entry["whole_table"],
        place=Place(**entry["place"]),
    )
