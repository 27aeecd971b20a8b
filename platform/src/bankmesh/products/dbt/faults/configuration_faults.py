"""Faults of dbt configuration that would change a product's rows and is not honoured here, by file and line.

Every key that is set on a model is on a list of what is honoured or harmless, or it is a fault. So a key that a later
release of dbt adds is refused until the list has it. `docs/reference/dbt.md` documents the list.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bankmesh.errors import Fault, FaultsFound
from bankmesh.products.dbt.code_files import DbtFiles
from bankmesh.products.dbt.configuration_lines import (
    line_in,
    place_of_column,
    place_of_config,
    place_of_entry,
    place_of_model,
    read_yaml,
)
from bankmesh.products.dbt.dbt_code_versions import macro_closure
from bankmesh.products.dbt.dbt_models import find_models, key_of, with_ancestors
from bankmesh.products.dbt.faults.file_faults import FUNCTIONS, REFERENCE
from bankmesh.products.dbt.faults.project_faults import MACRO, ONE_CODE, RESOURCE, RESOURCES
from bankmesh.products.dbt.faults.reference_faults import line_of_reference
from bankmesh.products.dbt.faults.reference_hints import Reference
from bankmesh.storage.atomic_files import walk_files
from bankmesh.workspace.dbt_project_files import file_of, installed_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace


class DbtFaults(FaultsFound):
    """Faults of a dbt project."""

    noun = "dbt file"


MATERIALIZATION = "dbt-materialization"
CONFIG = "dbt-config"

PRODUCT = "product"
_MAJOR = re.compile(r"[1-9][0-9]*")
STEPS = ("view", "table", "ephemeral")
"""Materializations of a model beneath a product: each gives the rows of its query, computed anew in every run."""

# Keys that describe a model, or that dbt itself honours before anything is built.
_HARMLESS = frozenset(
    {"materialized", "enabled", "description", "tags", "meta", "docs", "group", "access", "persist_docs", "packages"}
    | {"event_time", "full_refresh", "static_analysis"}
)
_WHY = {
    "pre-hook": "hooks are not run; a model is one query",
    "post-hook": "hooks are not run; write a check as a data test or as a clause of the contract",
    "contract": "the contract in *.odcs.yaml declares and checks columns and types; declare them there",
    "grants": "nothing is granted in the run's own database; access is governed at the port",
    "sql_header": "a statement before the query is not run",
    "alias": "the platform names the tables of a run",
    "schema": "the platform names the tables of a run",
    "database": "the platform names the tables of a run",
    "unique_key": "rows are not merged; a run writes the rows of the query, so remove duplicates in it",
    "freshness": "freshness is a service level of the contract",
}
_NOT_HONOURED = "it is not honoured here"
_READS_FILE = re.compile(
    r"(?i)\b(?:read_(?:csv|csv_auto|parquet|json|json_auto|json_objects|ndjson|ndjson_auto|text|blob|xlsx|avro)"
    r"|parquet_scan|glob|(?:delta|iceberg|sqlite|postgres|mysql)_scan)\s*\("
    r"|\b(?:from|join)\s+'[^'\s]*\.(?:csv|parquet|json|jsonl|ndjson|txt|xlsx|db|duckdb|gz|zst)[^'\s]*'"
)
_ENVIRONMENT = re.compile(r"\benv_var\b")
_ENVIRONMENT_OF_PYTHON = re.compile(r"\b(environ|getenv)\b")


def find_manifest_faults(
    place: DbtProjectPlace, manifest: Mapping[str, Any], contracts: Iterable[Contract]
) -> tuple[Fault, ...]:
    """Return the faults of a domain's models; `contracts` are those of the domain."""
    products = {contract.port_name.table: contract for contract in contracts}
    models = find_models(manifest)
    read = {
        node["unique_id"]: node
        for name in products
        if name in models
        for node in with_ancestors(manifest, models[name])
    }
    faults: list[Fault] = []
    for node in {**{node["unique_id"]: node for node in models.values()}, **read}.values():
        if node["resource_type"] == "model":
            faults += _model_faults(place, manifest, node, products)
    for name in products.keys() & models.keys():
        faults += _product_references(place, manifest, models[name], products)
    faults += _other_resources(place, manifest, read)
    faults += _unread_models(place, manifest, products)
    faults += _macros(place, manifest, read.values())
    return tuple(sorted(set(faults)))


# --- Models ----------------------------------------------------------------------------------------------------------


def _model_faults(
    place: DbtProjectPlace, manifest: Mapping[str, Any], node: Mapping[str, Any], products: Mapping[str, Contract]
) -> Iterator[Fault]:
    name, project = key_of(manifest, node), place.project
    yield from _materialized(project, name, node, products)
    for key in node.get("unrendered_config") or {}:
        if key in _HARMLESS or not _is_set(key, node["config"].get(key)):
            continue
        at = place_of_config(project, node, key)
        yield Fault(at.file, at.line, CONFIG, f"{name}: {key} is set, but {_WHY.get(key, _NOT_HONOURED)}")
    yield from _structure(project, name, node)
    file = file_of(project, node)
    if line := line_in(file, _READS_FILE.pattern, default=0):
        message = (
            f"{name} reads a file or a database past its inputs, so no version of it is pinned; declare it as a legacy "
            "object in sources/*.yaml and read it with source()"
        )
        yield Fault(str(file), line, REFERENCE, message)
    pattern = _ENVIRONMENT if node["language"] == "sql" else _ENVIRONMENT_OF_PYTHON
    if line := line_in(file, pattern.pattern, default=0):
        yield Fault(str(file), line, CONFIG, f"{name} reads an environment variable, {ONE_CODE}")


def _materialized(
    project: Path, name: str, node: Mapping[str, Any], products: Mapping[str, Contract]
) -> Iterator[Fault]:
    how = node["config"]["materialized"]
    at = place_of_config(project, node, "materialized")
    if name not in products:
        if how not in (*STEPS, PRODUCT):
            allowed = ", ".join(STEPS)
            message = f"{name} is materialized as {how}, which needs a database that outlives a run; allowed: {allowed}"
            yield Fault(at.file, at.line, MATERIALIZATION, message)
    elif node["language"] != "sql":
        file = place_of_model(project, node)
        message = f"{name} has a contract, and a product is a model in SQL: read this one from it with ref()"
        yield Fault(file.file, file.line, MATERIALIZATION, message)
    elif how != PRODUCT:
        message = (
            f"{name} has a contract, so it is a product, but is materialized as {how}; allowed: {PRODUCT}. "
            f"Write config(materialized='{PRODUCT}') in it, or set +materialized for its folder in dbt_project.yml"
        )
        yield Fault(at.file, at.line, MATERIALIZATION, message)


def _is_set(key: str, value: Any) -> bool:  # noqa: ANN401 - whatever a configuration holds
    """Return whether a value of the configuration has any effect."""
    if key == "contract":
        return bool(value and value.get("enforced"))
    return value not in (None, False, [], {}, "")


def _structure(project: Path, name: str, node: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield faults of versions and constraints, which are not part of a model's configuration."""
    version = node.get("version")
    if version is not None and node["config"]["materialized"] == PRODUCT and not _MAJOR.fullmatch(str(version)):
        at = place_of_entry(project, node, "versions")
        message = (
            f"{node['name']} has the version {version}; a version of a product is a major of its contract: 1, 2, 3"
        )
        yield Fault(at.file, at.line, CONFIG, message)
    why = "dbt checks it only for enforced contracts; write it as a data test or in the product's contract"
    if node.get("constraints"):
        at = place_of_entry(project, node, "constraints")
        yield Fault(at.file, at.line, CONFIG, f"{name}: a constraint is set, but {why}")
    for column in (node.get("columns") or {}).values():
        if column.get("constraints"):
            at = place_of_column(project, node, column["name"])
            yield Fault(at.file, at.line, CONFIG, f"{name}.{column['name']}: a constraint is set, but {why}")


def _product_references(
    place: DbtProjectPlace, manifest: Mapping[str, Any], node: Mapping[str, Any], products: Mapping[str, Contract]
) -> Iterator[Fault]:
    """Yield a fault for each product read with `ref()`: a product is published and leaves no table in the run."""
    for model in with_ancestors(manifest, node):
        for unique_id in model["depends_on"].get("nodes", ()):
            read = manifest["nodes"].get(unique_id)
            if read is None or read["resource_type"] != "model":
                continue
            name = key_of(manifest, read)
            if name in products or read["config"]["materialized"] == PRODUCT:
                file, version = file_of(place.project, model), read.get("version")
                reference = Reference(read["name"], None, None if version is None else str(version))
                message = (
                    f"{key_of(manifest, model)} reads {name}, which is a product, with ref(); a product is read as "
                    f"published: source('{place.domain}', '{name}')"
                )
                line = line_of_reference(DbtFiles(place), file, reference)
                yield Fault(str(file), line, REFERENCE, message)


# --- What else a domain's folder holds -------------------------------------------------------------------------------


def _other_resources(
    place: DbtProjectPlace, manifest: Mapping[str, Any], read: Mapping[str, Mapping[str, Any]]
) -> Iterator[Fault]:
    """Yield faults of unsupported resources: the project's, and those of packages that the models in `read` need."""
    project, own = place.project, manifest["metadata"]["project_name"]
    needed = {name for node in read.values() for name in node["depends_on"].get("nodes", ())} | read.keys()
    for unique_id, node in manifest["nodes"].items():
        if node["package_name"] != own and unique_id not in needed:
            continue
        if why := RESOURCES.get(node["resource_type"]):
            at = place_of_entry(project, node)
            yield Fault(at.file, at.line, RESOURCE, f"{node['name']}: {why}")
    for function in (manifest.get("functions") or {}).values():
        yield Fault(
            str(file_of(project, function)),
            1,
            RESOURCE,
            f"{function['name']}: {FUNCTIONS}",
        )
    for unique_id, source in manifest["sources"].items():
        file = file_of(project, source)
        # Those of the project's own files are found before dbt parses.
        if source["package_name"] != own and unique_id in needed:
            document = read_yaml(file)
            message = (
                f"source {source['source_name']}.{source['name']} is written by hand; sources are generated from "
                "contracts and source declarations, and other ones are not read"
            )
            yield Fault(document.file, document.line(("sources",)), RESOURCE, message)


def _unread_models(
    place: DbtProjectPlace, manifest: Mapping[str, Any], products: Mapping[str, Contract]
) -> Iterator[Fault]:
    """Yield faults of files that dbt does not read: disabled products, and what `.dbtignore` or a path hides."""
    own = manifest["metadata"]["project_name"]
    items = (item for kind in ("nodes", "macros", "functions") for item in (manifest.get(kind) or {}).values())
    taken = {item["original_file_path"] for item in items if item["package_name"] == own}
    disabled = {node["original_file_path"]: node for nodes in manifest["disabled"].values() for node in nodes}
    for file in _code_files(place):
        path = file.relative_to(place.project).as_posix()
        if path in taken:
            continue
        if path not in disabled:
            message = f"{file.stem} is not read by dbt; see .dbtignore and the paths in dbt_project.yml, or delete it"
            yield Fault(str(file), 1, RESOURCE, message)
        elif (name := key_of(manifest, disabled[path])) in products:
            at = place_of_config(place.project, disabled[path], "enabled")
            message = f"{name} has a contract and is disabled; delete the model or move the contract's status"
            yield Fault(at.file, at.line, CONFIG, message)


def _code_files(place: DbtProjectPlace) -> Iterator[Path]:
    """Return files of models and tests; in a shared project, without those of other domains."""
    folders = place.folders("model-paths", "test-paths")
    others: set[str] = set()
    if place.is_shared:
        tests = place.project / "tests"
        folders.append(tests)
        models = (folder for folder in (place.project / "models").iterdir() if folder.is_dir())
        others = {str(tests / folder.name) for folder in models if folder.name != place.domain}
    files = {file for folder in folders for file in walk_files(folder) if file.suffix in {".sql", ".py"}}
    return (file for file in sorted(files) if not others.intersection(map(str, file.parents)))


def _macros(place: DbtProjectPlace, manifest: Mapping[str, Any], read: Iterable[Mapping[str, Any]]) -> Iterator[Fault]:
    """Yield faults of macros: the project's, and those of packages that are used or that replace a materialization."""
    own = manifest["metadata"]["project_name"]
    packages = installed_packages(place.project)
    of_dbt = {m["name"] for m in manifest["macros"].values() if m["package_name"] not in {own, *packages}}
    used = macro_closure(manifest, read)
    for unique_id, macro in manifest["macros"].items():
        problem = None
        if macro["package_name"] == own:
            problem = _problem_of_macro(macro, of_dbt)
        elif macro["package_name"] in packages:
            problem = _problem_of_package_macro(macro, is_used=unique_id in used)
        if problem:
            file = file_of(place.project, macro)
            line = line_in(file, rf"(macro|test|materialization)\s+{re.escape(_written_name(macro['name']))}\b")
            yield Fault(str(file), line, MACRO, problem)


def _written_name(name: str) -> str:
    """Return the name in the file of a macro that dbt names `test_positive` or `materialization_own_default`."""
    if name.startswith("materialization_"):
        return name.removeprefix("materialization_").rpartition("_")[0]
    return name.removeprefix("test_")


def _problem_of_macro(macro: Mapping[str, Any], of_dbt: set[str]) -> str | None:
    name = macro["name"]
    if name.startswith("materialization_") and name != "materialization_product_duckdb":
        return f"{name}: a materialization of your own is not used here; allowed: {', '.join((*STEPS, PRODUCT))}"
    plain = name.removeprefix("default__").removeprefix("duckdb__")
    # A generic test that replaces dbt's is compiled, and so runs as it is written.
    if not name.startswith("test_") and plain in of_dbt | {"ref", "source", "config"}:
        return f"macro {name} would replace one of dbt's own, on which the platform relies; give it another name"
    if _ENVIRONMENT.search(macro["macro_sql"]):
        return f"macro {name} reads an environment variable, {ONE_CODE}"
    return None


def _problem_of_package_macro(macro: Mapping[str, Any], *, is_used: bool) -> str | None:
    how = _written_name(macro["name"]) if macro["name"].startswith("materialization_") else None
    if how in {*STEPS, PRODUCT}:
        return f"{macro['name']} of {macro['package_name']} would replace the materialization {how}; remove the package"
    if is_used and _ENVIRONMENT.search(macro["macro_sql"]):
        return f"macro {macro['name']} of {macro['package_name']} reads an environment variable, {ONE_CODE}"
    return None
