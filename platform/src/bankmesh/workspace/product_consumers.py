"""Readers of each port, by file and line: `inputs` of Polars products, `source()` of dbt models, relationships.

They are read from the files, without loading a code location, so that a contract can be checked against its readers
before its product is removed. Inputs of a custom component are not found here, only when its location loads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.contracts.lifecycle import INPUT_WITHOUT_PORT, UNKNOWN_SUCCESSOR
from bankmesh.contracts.model import Status
from bankmesh.errors import Fault
from bankmesh.names import PortName, parse_port_name, port_of_table
from bankmesh.storage.atomic_files import walk_files
from bankmesh.workspace.dbt_project_files import find_dbt_project, project_folders
from bankmesh.workspace.domain_folders import all_contract_files, domain_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract

_POLARS = "bankmesh.PolarsDataProduct"
_SOURCE = re.compile(r"\bsource\(\s*(['\"])(?P<schema>\w+)\1\s*,\s*(['\"])(?P<table>\w+)\3\s*\)")
_REF = re.compile(
    r"\bref\(\s*(?:(['\"])\w+\1\s*,\s*)?(['\"])(?P<model>\w+)\2\s*(?:,\s*v(?:ersion)?\s*=\s*['\"]?(?P<version>\w+)['\"]?\s*)?\)"
)
_FIRST = re.compile(r"_v1$")


@dataclass(frozen=True, order=True)
class Consumer:
    """One place where a port is read: `port` reads `source`, as `file` says on `line`."""

    port: str
    source: str
    file: str
    line: int


def workspace_readers(root: Path, contracts: Iterable[Contract]) -> tuple[Consumer, ...]:
    """Return every place where a product that is built reads another one, sorted. Invalid YAML files are skipped."""
    contracts = tuple(contracts)
    known = {contract.port for contract in contracts}
    return tuple(reader for reader in workspace_reads(root, contracts) if reader.source in known)


def workspace_reads(root: Path, contracts: Iterable[Contract]) -> tuple[Consumer, ...]:
    """Return the same with other inputs too: landings as `system.object`, and products that have no contract."""
    by_port = {contract.port: contract for contract in contracts}
    found = {
        reader
        for package in domain_packages(root)
        for reader in (*_polars_readers(package, by_port), *_dbt_readers(root, package, by_port))
    } | {reader for contract in by_port.values() for reader in references_of(contract)}
    return tuple(sorted(reader for reader in found if by_port[reader.port].status.has_port))


def references_of(contract: Contract) -> Iterator[Consumer]:
    """Yield the ports that a contract's relationships look values up in."""
    for clause in contract.clauses:
        if isinstance(clause.rule, MissingReferences):
            yield Consumer(contract.port, clause.rule.product, clause.place.file, clause.place.line)


def life_faults(root: Path, contracts: Sequence[Contract]) -> tuple[Fault, ...]:
    """Return lifecycle faults that only the whole workspace shows: `input-without-port`, `unknown-successor`."""
    by_port = {contract.port: contract for contract in contracts}
    faults = [
        fault
        for reader in workspace_readers(root, contracts)
        if (fault := closed_input(by_port.get(reader.source), reader)) is not None
    ]
    return tuple(sorted([*faults, *_bad_successors(root, by_port)]))


def closed_input(source: Contract | None, reader: Consumer) -> Fault | None:
    """Return the fault of reading a product that has no port; None if it has one, or is not known."""
    if source is None or source.status.has_port:
        return None
    successor = source.custom.get("replacedBy")
    hint = f" Read {successor} instead." if successor and source.status is Status.RETIRED else ""
    message = f"{reader.port} reads {reader.source}, which is {source.status} and has no port.{hint}"
    return Fault(reader.file, reader.line, INPUT_WITHOUT_PORT, message)


def _bad_successors(root: Path, by_port: Mapping[str, Contract]) -> Iterator[Fault]:
    # A contract with faults of its own still counts as existing.
    files = {f"{file.parent.parent.name}.{file.name}" for file in all_contract_files(root)}
    for contract in by_port.values():
        named = contract.custom.get("replacedBy")
        successor = by_port.get(str(named))
        # A retired product may name a successor that was retired later: it documents where readers moved.
        if named is None or contract.status is Status.RETIRED or (successor and successor.status.has_port):
            continue
        if successor is None and _file_name(str(named)) in files:
            continue
        what = f"{named} is {successor.status} and has no port" if successor else f"there is no port {named}"
        line = next(n for n, text in enumerate(contract.text.splitlines(), 1) if "replacedBy" in text)
        yield Fault(contract.file, line, UNKNOWN_SUCCESSOR, f"replacedBy: {what}")


def _file_name(port: str) -> str:
    try:
        name = parse_port_name(port)
    except ValueError:
        return port
    return f"{name.domain}.{name.contract_file}"


# --- Polars products ---------------------------------------------------------------------------------------


def _polars_readers(package: Path, by_port: Mapping[str, Contract]) -> Iterator[Consumer]:
    for file in sorted(package.glob("defs/**/defs.yaml")):
        for node in _compose(file.read_text(encoding="utf-8")):
            yield from _inputs_of(node, package.name, file, by_port)


@lru_cache(maxsize=4096)  # a mesh is read for each of its products when a location loads
def _compose(text: str) -> tuple[Any, ...]:
    """Return the nodes of a YAML file; none if it is not valid YAML."""
    try:
        return tuple(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return ()


def _inputs_of(node: Any, domain: str, file: Path, by_port: Mapping[str, Contract]) -> Iterator[Consumer]:  # noqa: ANN401 - a YAML node
    component = _entries(node)
    if getattr(component.get("type"), "value", None) != _POLARS:
        return
    attributes = _entries(component.get("attributes"))
    name, major = (getattr(attributes.get(key), "value", None) for key in ("contract", "major"))
    number = str(major or 1)
    port = str(PortName(domain, str(name), int(number))) if number.isdigit() else ""
    if port not in by_port:
        return
    for value in _entries(attributes.get("inputs")).values():
        yield Consumer(port, str(value.value).removesuffix("@1"), str(file), value.start_mark.line + 1)


def declared_inputs(package: Path, port: PortName) -> dict[str, str]:
    """Return the inputs that the `defs.yaml` of a Polars product declares, by parameter; none without one."""
    for file in sorted(package.glob("defs/**/defs.yaml")):
        for node in _compose(file.read_text(encoding="utf-8")):
            component = _entries(node)
            attributes = _entries(component.get("attributes"))
            name, major = (getattr(attributes.get(key), "value", None) for key in ("contract", "major"))
            if getattr(component.get("type"), "value", None) == _POLARS and (name, major or "1") == (
                port.product,
                str(port.major),
            ):
                return {parameter: str(node.value) for parameter, node in _entries(attributes.get("inputs")).items()}
    return {}


def _entries(node: Any) -> dict[str, Any]:  # noqa: ANN401 - a YAML node
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


# --- dbt models --------------------------------------------------------------------------------------------


def source_calls(text: str) -> set[tuple[str, str]]:
    """Return the pairs of literal names in `source()` calls of a dbt model, macro, test or YAML file."""
    return {(found["schema"], found["table"]) for found in _SOURCE.finditer(text)}


def model_files(root: Path, package: Path) -> dict[str, Path]:
    """Return the files of a domain's dbt models by model; version 1 of `spend` is `spend`, version 2 `spend_v2`."""
    folders = project_folders(find_dbt_project(root, package), package.name, "model-paths")
    found = (file for folder in folders for file in walk_files(folder) if file.suffix in {".sql", ".py"})
    return {_FIRST.sub("", file.stem): file for file in found}


def _dbt_readers(root: Path, package: Path, by_port: Mapping[str, Contract]) -> Iterator[Consumer]:
    domain, files = package.name, model_files(root, package)
    texts = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    tables = {(contract.domain, contract.port_name.table): port for port, contract in by_port.items()}
    for port, contract in by_port.items():
        if contract.domain != domain or contract.port_name.table not in texts:
            continue
        for model in _with_ancestors(contract.port_name.table, texts):
            for schema, table, line in _sources_in(texts[model]):
                source = tables.get((schema, table)) or str(port_of_table(schema, table))
                yield Consumer(port, source, str(files[model]), line)


@lru_cache(maxsize=4096)
def _sources_in(text: str) -> tuple[tuple[str, str, int], ...]:
    """Return schema, table and line of each `source()` with literal names."""
    return tuple((found["schema"], found["table"], line_at(text, found.start())) for found in _SOURCE.finditer(text))


@lru_cache(maxsize=4096)
def _references_in(text: str) -> tuple[tuple[str, str | None], ...]:
    """Return model and version of each `ref()` with literal names."""
    return tuple((found["model"], found["version"]) for found in _REF.finditer(text))


def _with_ancestors(model: str, texts: Mapping[str, str]) -> list[str]:
    found: set[str] = set()
    waiting = [model]
    while waiting:
        name = waiting.pop()
        if name in texts and name not in found:
            found.add(name)
            for read, version in _references_in(texts[name]):
                numbered = f"{read}_v{version}" if version else ""
                # A reference without a version means the latest one, which only dbt knows: take all versions.
                versions = [other for other in texts if other.startswith(f"{read}_v")]
                waiting += [numbered] if numbered in texts else [read, *([] if numbered else versions)]
    return sorted(found)


def line_at(text: str, position: int) -> int:
    """Return the line, from 1, of a position in a text."""
    return text.count("\n", 0, position) + 1


def line_of_input(text: str, domain: str, table: str, ref: str) -> int | None:
    """Return the line on which a file reads a port, by `source('domain', 'table')` or by its name, else None."""
    for found in _SOURCE.finditer(text):
        if (found["schema"], found["table"]) == (domain, table):
            return line_at(text, found.start())
    named = re.search(rf"(?<![\w.@]){re.escape(ref)}(?:@1)?(?![\w@.])", text)
    return line_at(text, named.start()) if named else None
