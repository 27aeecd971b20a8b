"""Configuration of dbt that would change a product's rows and is not honoured here: refused, by file and line.

Everything that somebody sets on a model is on a list of what is honoured or harmless, or it is a fault. So a key that
dbt invents tomorrow is refused until somebody has decided about it. `docs/reference/dbt.md` is this list for people.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bankmesh.errors import Fault, FaultsFound
from bankmesh.products.dbt_models import find_models, model_name, with_ancestors
from bankmesh.products.dbt_places import (
    line_in,
    place_of_column,
    place_of_config,
    place_of_entry,
    place_of_model,
    read_yaml,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.dbt_models import DbtProjectPlace


class DbtFaults(FaultsFound):
    """Faults of a dbt project."""

    noun = "dbt file"


MATERIALIZATION = "dbt-materialization"
CONFIG = "dbt-config"
PROJECT = "dbt-project"
RESOURCE = "dbt-resource"
REFERENCE = "dbt-reference"
MACRO = "dbt-macro"

PRODUCT = "product"
STEPS = ("view", "table", "ephemeral")
"""What a model beneath a product may be: each gives the rows of its query, made anew in every run."""

# Keys that describe a model, or that dbt itself honours before anything is built.
_HARMLESS = frozenset(
    {"materialized", "enabled", "description", "tags", "meta", "docs", "group", "access", "persist_docs", "packages"}
    | {"event_time", "full_refresh", "static_analysis"}
)
_WHY = {
    "pre-hook": "hooks are not run; a model is one query",
    "post-hook": "hooks are not run; write a check as a data test or as a clause of the contract",
    "contract": "the contract in *.odcs.yaml says and checks columns and types; promise them there",
    "grants": "nothing is granted in the run's own database; access is governed at the port",
    "sql_header": "a statement before the query is not run",
    "alias": "the platform names the tables of a run",
    "schema": "the platform names the tables of a run",
    "database": "the platform names the tables of a run",
    "unique_key": "rows are not merged; a run writes the rows of the query, so remove duplicates in it",
    "freshness": "freshness is a service level of the contract",
}
_NOT_HONOURED = "it is not honoured here"
_HOOK = "{{ open_inputs() }}"
_RESOURCES = {
    "snapshot": "snapshots keep state between runs, and a run here has none; read history from a landing",
    "seed": "seeds are not loaded; declare the file as a legacy object in sources/*.yaml",
}
_ONE_CODE = "so one code version could give different rows; write the value under vars in dbt_project.yml"
_ENVIRONMENT = re.compile(r"\benv_var\s*\(")


def find_project_faults(place: DbtProjectPlace) -> tuple[Fault, ...]:
    """Faults of the project's own files, found before dbt parses: packages, hooks, paths, folders that are not read."""
    return tuple(sorted([*_packages(place.project), *_settings(place.project), *_unread_folders(place)]))


def find_manifest_faults(
    place: DbtProjectPlace, manifest: Mapping[str, Any], contracts: Iterable[Contract]
) -> tuple[Fault, ...]:
    """Faults of a domain's models; `contracts` are those of the domain."""
    products = {model_name(contract): contract for contract in contracts}
    faults: list[Fault] = []
    for node in find_models(manifest).values():
        faults += _model_faults(place, node, products)
    for name in products.keys() & find_models(manifest).keys():
        faults += _product_references(place, manifest, find_models(manifest)[name], products)
    faults += _other_resources(place, manifest)
    faults += _unread_models(place, manifest, products)
    faults += _macros(place, manifest)
    return tuple(sorted(set(faults)))


# --- The project's files ---------------------------------------------------------------------------------------------


def _packages(project: Path) -> Iterator[Fault]:
    for name in ("packages.yml", "dependencies.yml"):
        document = read_yaml(project / name)
        for key in ("packages", "projects"):
            if isinstance(document.data, dict) and document.data.get(key):
                message = (
                    f"{key} of other projects are not loaded, since nothing pins what they bring; "
                    f"copy the macros that you need into {project.name}/macros"
                )
                yield Fault(document.file, document.line((key,)), PROJECT, message)


_PATHS: dict[str, list[list[str]]] = {
    "model-paths": [
        ["models/_ports/{{ env_var('BANKMESH_DOMAIN') }}", "models/{{ env_var('BANKMESH_DOMAIN') }}"],
    ],
    "macro-paths": [["macros"]],
    "test-paths": [["tests/{{ env_var('BANKMESH_DOMAIN') }}"], []],
    "seed-paths": [[]],
    "snapshot-paths": [[]],
    "function-paths": [[]],
}


def _settings(project: Path) -> Iterator[Fault]:
    document = read_yaml(project / "dbt_project.yml")
    settings = document.data if isinstance(document.data, dict) else {}
    for hook in ("on-run-start", "on-run-end"):
        written = settings.get(hook) or []
        hooks = written if isinstance(written, list) else [written]
        ours = 1 if hook == "on-run-start" else 0
        if any(str(text).strip() != _HOOK for text in hooks) or len(hooks) > ours:
            allowed = f'only "{_HOOK}" runs before the models' if ours else "nothing runs after the models"
            yield Fault(document.file, document.line((hook,)), PROJECT, f"{hook}: {allowed}; write it as a model")
    for key, allowed_paths in _PATHS.items():
        if key in settings and (settings[key] or []) not in allowed_paths:
            message = f"{key} must be {' or '.join(map(str, allowed_paths))}: other folders would not be watched"
            yield Fault(document.file, document.line((key,)), PROJECT, message)


def _unread_folders(place: DbtProjectPlace) -> Iterator[Fault]:
    for folder, why in (("snapshots", _RESOURCES["snapshot"]), ("seeds", _RESOURCES["seed"])):
        for file in _files(place.project / folder):
            yield Fault(str(file), 1, RESOURCE, why)


def _files(folder: Path) -> list[Path]:
    kinds = {".sql", ".py", ".csv", ".yml", ".yaml"}
    return sorted(file for file in folder.rglob("*") if file.suffix in kinds) if folder.is_dir() else []


# --- Models ----------------------------------------------------------------------------------------------------------


def _model_faults(place: DbtProjectPlace, node: Mapping[str, Any], products: Mapping[str, Contract]) -> Iterator[Fault]:
    name, project = node["name"], place.project
    yield from _materialized(project, node, products)
    for key in node.get("unrendered_config") or {}:
        if key in _HARMLESS or not _is_set(key, node["config"].get(key)):
            continue
        at = place_of_config(project, node, key)
        yield Fault(at.file, at.line, CONFIG, f"{name}: {key} is set, but {_WHY.get(key, _NOT_HONOURED)}")
    yield from _structure(project, node)
    file = project / node["original_file_path"]
    if line := line_in(file, _ENVIRONMENT.pattern, default=0):
        yield Fault(str(file), line, CONFIG, f"{name} reads an environment variable, {_ONE_CODE}")


def _materialized(project: Path, node: Mapping[str, Any], products: Mapping[str, Contract]) -> Iterator[Fault]:
    name, how = node["name"], node["config"]["materialized"]
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
            f"Move {node['original_file_path']} to products/ or write config(materialized='{PRODUCT}') in it"
        )
        yield Fault(at.file, at.line, MATERIALIZATION, message)


def _is_set(key: str, value: Any) -> bool:  # noqa: ANN401 - whatever a configuration holds
    """Whether a value of the configuration asks for anything."""
    if key == "contract":
        return bool(value and value.get("enforced"))
    return value not in (None, False, [], {}, "")


def _structure(project: Path, node: Mapping[str, Any]) -> Iterator[Fault]:
    """What stands beside a model's configuration: versions, constraints."""
    name = node["name"]
    if node.get("version") is not None:
        at = place_of_entry(project, node, "versions")
        message = f"{name} has versions of dbt; a major of the contract is a model of its own, {name}_v2"
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
    """A product reads other products as published; `ref()` would read a model that publishes and leaves no table."""
    for model in with_ancestors(manifest, node):
        for unique_id in model["depends_on"]["nodes"]:
            read = manifest["nodes"].get(unique_id)
            if read is None or read["resource_type"] != "model":
                continue
            if read["name"] in products or read["config"]["materialized"] == PRODUCT:
                file = place.project / model["original_file_path"]
                line = line_in(file, rf"\bref\(\s*['\"]{re.escape(read['name'])}['\"]")
                message = (
                    f"{model['name']} reads {read['name']}, which is a product, with ref(); a product is read as "
                    f"published: source('{place.domain}', '{read['name']}')"
                )
                yield Fault(str(file), line, REFERENCE, message)


# --- What else a domain's folder holds -------------------------------------------------------------------------------


def _other_resources(place: DbtProjectPlace, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    project = place.project
    for node in manifest["nodes"].values():
        if why := _RESOURCES.get(node["resource_type"]):
            at = place_of_entry(project, node)
            yield Fault(at.file, at.line, RESOURCE, f"{node['name']}: {why}")
    for function in (manifest.get("functions") or {}).values():
        file = str(project / function["original_file_path"])
        yield Fault(file, 1, RESOURCE, f"{function['name']}: functions are not created; write a macro")
    for source in manifest["sources"].values():
        if not source["original_file_path"].replace("\\", "/").startswith(f"models/_ports/{place.domain}/"):
            document = read_yaml(project / source["original_file_path"])
            message = (
                f"source {source['source_name']}.{source['name']} is written by hand; sources are generated from "
                "contracts and source declarations, and other ones are not read"
            )
            yield Fault(document.file, document.line(("sources",)), RESOURCE, message)


def _unread_models(
    place: DbtProjectPlace, manifest: Mapping[str, Any], products: Mapping[str, Contract]
) -> Iterator[Fault]:
    """Files of models and tests that dbt did not take: disabled products, and what `.dbtignore` or a path hides."""
    taken = {item["original_file_path"] for kind in ("nodes", "macros") for item in manifest[kind].values()}
    disabled = {node["original_file_path"]: node for nodes in manifest["disabled"].values() for node in nodes}
    for file in _code_files(place):
        path = file.relative_to(place.project).as_posix()
        if path in taken:
            continue
        if path not in disabled:
            message = f"{file.stem} is not read by dbt; see .dbtignore and the paths in dbt_project.yml, or delete it"
            yield Fault(str(file), 1, RESOURCE, message)
        elif file.stem in products:
            at = place_of_config(place.project, disabled[path], "enabled")
            message = f"{file.stem} has a contract and is disabled; delete the model or move the contract's status"
            yield Fault(at.file, at.line, CONFIG, message)


def _code_files(place: DbtProjectPlace) -> Iterator[Path]:
    """Files of models and tests, those of other domains left out: their own locations read them."""
    models, tests = place.project / "models", place.project / "tests"
    others = {folder.name for folder in models.iterdir() if folder.is_dir()} - {place.domain}
    for folder in (models / place.domain, tests):
        for file in sorted(folder.rglob("*")):
            of_others = folder == tests and file.relative_to(tests).parts[0] in others
            if file.suffix in {".sql", ".py"} and "__pycache__" not in file.parts and not of_others:
                yield file


def _macros(place: DbtProjectPlace, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    own = manifest["metadata"]["project_name"]
    of_dbt = {macro["name"] for macro in manifest["macros"].values() if macro["package_name"] != own}
    for macro in manifest["macros"].values():
        if macro["package_name"] == own and (problem := _problem_of_macro(macro, of_dbt)):
            file = place.project / macro["original_file_path"]
            line = line_in(file, rf"(macro|test|materialization)\s+{re.escape(_written_name(macro['name']))}\b")
            yield Fault(str(file), line, MACRO, problem)


def _written_name(name: str) -> str:
    """What a file calls a macro that dbt names `test_positive` or `materialization_own_default`."""
    if name.startswith("materialization_"):
        return name.removeprefix("materialization_").rpartition("_")[0]
    return name.removeprefix("test_")


def _problem_of_macro(macro: Mapping[str, Any], of_dbt: set[str]) -> str | None:
    name = macro["name"]
    if name.startswith("materialization_") and name != "materialization_product_duckdb":
        return f"{name}: a materialization of your own is not used here; allowed: {', '.join((*STEPS, PRODUCT))}"
    plain = name.removeprefix("default__").removeprefix("duckdb__")
    # A generic test of one's own in place of dbt's is compiled, and so runs as it is written.
    if not name.startswith("test_") and plain in of_dbt | {"ref", "source", "config"}:
        return f"macro {name} would replace one of dbt's own, on which the platform relies; give it another name"
    if _ENVIRONMENT.search(macro["macro_sql"]):
        return f"macro {name} reads an environment variable, {_ONE_CODE}"
    return None
