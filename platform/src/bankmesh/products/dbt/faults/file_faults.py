"""Faults in the files of a dbt project, found without dbt: all at once, where dbt stops at the first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bankmesh.errors import Fault
from bankmesh.products.dbt.configuration_lines import read_yaml
from bankmesh.products.dbt.faults.project_faults import RESOURCE
from bankmesh.products.dbt.faults.reference_hints import (
    SEEDS,
    SNAPSHOTS,
    ReadableNames,
    Reference,
    explain_reference,
    reference_of,
)
from bankmesh.products.dbt.jinja_calls import CodeUnreadable
from bankmesh.storage.atomic_files import walk_files
from bankmesh.workspace.dbt_project_files import installed_packages, project_settings
from bankmesh.workspace.product_consumers import line_at
from bankmesh.yaml import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.dbt.code_files import DbtFiles
    from bankmesh.sources import LegacySystem
    from bankmesh.yaml.documents import Document

SYNTAX = "dbt-syntax"
REFERENCE = "dbt-reference"

FUNCTIONS = "functions are not created; write a macro"
_YAML_RESOURCES = {"seeds": SEEDS, "snapshots": SNAPSHOTS, "functions": FUNCTIONS}
_SNAPSHOT = re.compile(r"\{%-?\s*snapshot\s+(\w+)")


def find_resource_faults(files: DbtFiles, generated: Iterable[tuple[str, str]]) -> tuple[Fault, ...]:
    """Return faults of hand-written sources, seeds, snapshots and functions: none of them is loaded.

    `generated` are the sources that the platform declares, by schema and table.
    """
    known = frozenset(generated)
    found = [fault for file in files.yaml for fault in _yaml_resources(file, known)]
    functions = (file for file in files.of_kind("function-paths") if file.suffix in {".sql", ".py"})
    found += [Fault(str(file), 1, RESOURCE, f"{file.stem}: {FUNCTIONS}") for file in functions]
    return tuple(sorted(set(found)))


def _yaml_resources(file: Path, generated: frozenset[tuple[str, str]]) -> Iterator[Fault]:
    document = read_yaml(file)
    if not isinstance(document.data, dict):
        return
    for key, why in _YAML_RESOURCES.items():
        for index, name in _named(document.data.get(key)):
            yield Fault(str(file), document.line((key, index)), RESOURCE, f"{name}: {why}")
    for index, schema in _named(document.data.get("sources")):
        tables = list(_named(document.data["sources"][index].get("tables")))
        for number, table in tables:
            line = document.line(("sources", index, "tables", number))
            yield Fault(
                str(file), line, RESOURCE, _written_source(f"{schema}.{table}", declared=(schema, table) in generated)
            )
        if not tables:
            yield Fault(str(file), document.line(("sources", index)), RESOURCE, _written_source(schema, declared=False))


def _written_source(name: str, *, declared: bool) -> str:
    what = f"source {name} is written by hand; sources are generated from contracts and source declarations"
    if declared:
        return f"{what}, this one too: delete the entry"
    return f"{what}, and other ones are not read. Declare the file or table in sources/*.yaml, or read a product"


def _named(entries: object) -> Iterator[tuple[int, str]]:
    """Yield the entries of a list that have a name, with their positions."""
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            yield index, entry["name"]


# --- What keeps dbt from parsing -------------------------------------------------------------------------------------


_SETTINGS = ("dbt_project.yml", "profiles.yml", "packages.yml", "dependencies.yml")


def find_settings_faults(project: Path) -> tuple[Fault, ...]:
    """Return faults of project settings that are not YAML; while there are any, no other finding is reliable."""
    files = (project / name for name in _SETTINGS)
    return tuple(fault for file in files if file.is_file() for fault in _yaml_syntax(file))


def find_syntax_faults(files: DbtFiles) -> tuple[Fault, ...]:
    """Return faults of files that do not parse as YAML, Jinja or Python."""
    found = [fault for file in files.yaml for fault in _yaml_syntax(file)]
    for file in (*files.models, *files.macros, *files.tests):
        text = file.read_text(encoding="utf-8", errors="replace")
        try:
            files.code(file)
        except CodeUnreadable as error:
            found.append(_unreadable(file, text, error))
    return tuple(found)


def _yaml_syntax(file: Path) -> Iterator[Fault]:
    text, faults = documents.decode(str(file), file.read_bytes())
    if text.strip():
        faults = documents.parse(str(file), text)[1]
    yield from (Fault(fault.file, fault.line, SYNTAX, fault.message) for fault in faults if fault.rule == "yaml-syntax")


def _unreadable(file: Path, text: str, error: CodeUnreadable) -> Fault:
    if snapshot := _SNAPSHOT.search(text):
        return Fault(str(file), line_at(text, snapshot.start()), RESOURCE, f"{snapshot[1]}: {SNAPSHOTS}")
    kind = "Python" if file.suffix == ".py" else "Jinja"
    return Fault(str(file), error.line, SYNTAX, f"not valid {kind}: {error.problem}")


def find_reference_faults(files: DbtFiles, names: ReadableNames) -> tuple[Fault, ...]:
    """Return a fault for each `ref()` with literal names, in a readable file, that matches no model of the project."""
    found = []
    for file, code in files.readable():
        for call in code.calls:
            reference = reference_of(call)
            if reference and not _is_known(reference, names):
                found.append(Fault(str(file), call.line, REFERENCE, explain_reference(reference, names)))
    return tuple(found)


def _is_known(reference: Reference, names: ReadableNames) -> bool:
    """Return whether dbt may know the model; only dbt knows the models of a package, and the versions of a model."""
    if reference.project is None:
        return reference.name in names.models
    return reference.project in names.projects


def names_in_files(files: DbtFiles, contracts: Iterable[Contract], systems: Iterable[LegacySystem]) -> ReadableNames:
    """Return the names that a `ref()` in the project's files may refer to, with the models of installed packages."""
    project = files.place.project
    packages = installed_packages(project)
    of_packages = [file for folder in packages.values() for file in walk_files(folder)]
    stems = {file.stem for file in (*files.models, *of_packages) if file.suffix in {".sql", ".py"}}
    read = [read_yaml(file) for file in files.yaml]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files.models]
    blocks = {match[1] for text in texts for match in _SNAPSHOT.finditer(text)}
    return ReadableNames(
        domain=files.place.domain,
        projects=frozenset({str(project_settings(project).get("name")), *packages}),
        models=frozenset(stems | {_unversioned(stem) for stem in stems} | _entries(read, "models")),
        products=frozenset((contract.domain, contract.port_name.table) for contract in contracts),
        objects=frozenset((system.name, item.name) for system in systems for item in system.objects),
        seeds=frozenset({file.stem for file in files.csv()} | _entries(read, "seeds")),
        snapshots=frozenset(blocks | _entries(read, "snapshots")),
    )


def _unversioned(stem: str) -> str:
    """Return the name of a model from the file of one of its versions, `party_v1`."""
    return re.sub(r"_v\d+$", "", stem)


def _entries(read: Iterable[Document], key: str) -> set[str]:
    return {name for document in read if isinstance(document.data, dict) for _, name in _named(document.data.get(key))}
