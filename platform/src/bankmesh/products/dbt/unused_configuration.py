"""dbt configuration that changes no row, as entries of `mesh contract coverage`: used, or named as not used.

Every key that is set on a model, and every resource of a project, has exactly one entry for each product that it
concerns, or for the domain where it concerns none. `docs/reference/dbt.md` shows the tables of `configuration_points`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.coverage import Coverage
from bankmesh.errors import Place
from bankmesh.products.dbt.configuration_lines import (
    line_in,
    place_of_config,
    place_of_model,
    place_of_test,
    read_yaml,
)
from bankmesh.products.dbt.configuration_points import (
    BENEATH,
    BENEATH_KEYS,
    CODE,
    COLUMN_POINTS,
    DERIVED_KEYS,
    LISTED_CONSUMER,
    MODEL_POINTS,
    RESOURCE_KEYS,
    RESOURCE_POINTS,
    TEST_CHECK_KEYS,
    TEST_POINTS,
    UNKNOWN,
)
from bankmesh.products.dbt.dbt_models import with_ancestors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.yaml.documents import Document
    from bankmesh.yaml.documents import Path as YamlPath

# Keys of an entry in YAML that are listed otherwise: by name, by key of the configuration, by column, by check.
_ELSEWHERE = frozenset({"name", "v", "config", "columns", "data_tests", "tests", "unit_tests"})
_OURS = "bankmesh_"  # what a loaded manifest holds beside dbt's own keys


def find_dbt_coverage(
    project: Path, domain: str, manifest: Mapping[str, Any], products: Mapping[str, Contract]
) -> dict[str, tuple[Coverage, ...]]:
    """Return entries by port, and by the name of the domain for what concerns no product; each sorted by file and line.

    Args:
        project: folder of the dbt project.
        domain: the domain whose models the manifest holds.
        manifest: dbt's parsed manifest.
        products: the contracts of the products that are built, by the unique id of their model.
    """
    own = manifest["metadata"]["project_name"]
    found: dict[str, list[Coverage]] = {domain: []}
    built: set[str] = set()
    for model, contract in products.items():
        nodes = [node for node in with_ancestors(manifest, manifest["nodes"][model]) if node["package_name"] == own]
        built |= {node["unique_id"] for node in nodes}
        found[contract.port] = [
            *(entry for node in nodes for entry in _of_model(project, node, is_product=node["unique_id"] == model)),
            *_of_tests(project, manifest, model),
        ]
    for kind, resource in _resources(manifest, own):
        if resource.get("unique_id") not in built:
            for name, entry in _of_resource(project, domain, kind, resource, _read_by(manifest, resource), products):
                found[name].append(entry)
    return {name: tuple(sorted(entries, key=_order)) for name, entries in found.items() if entries}


def _order(entry: Coverage) -> tuple[str, int, str]:
    return entry.place.file, entry.line, entry.clause


def _entry(clause: str, place: Place, point: str) -> Coverage:
    return Coverage(clause, place, None, point[1:]) if point.startswith("!") else Coverage(clause, place, point, None)


# --- Models ----------------------------------------------------------------------------------------------------------


def _of_model(project: Path, node: Mapping[str, Any], *, is_product: bool) -> Iterator[Coverage]:
    """Yield one entry for each key that is set on a model or a column of it, in any file."""
    clause = f"dbt model {_name(node)}"
    configured = set(node.get("unrendered_config") or {})
    points = MODEL_POINTS if is_product else MODEL_POINTS | dict.fromkeys(BENEATH_KEYS, BENEATH)
    for key in sorted(configured):
        yield _entry(f"{clause}.{key}", place_of_config(project, node, key), points.get(key, UNKNOWN))
    columns = COLUMN_POINTS if is_product else dict.fromkeys(COLUMN_POINTS, BENEATH)
    written, in_columns = _written(project, node)
    for key, place in written.items():
        if key not in configured:
            yield _entry(f"{clause}.{key}", place, points.get(key, UNKNOWN))
    for (column, key), place in in_columns.items():
        yield _entry(f"{clause}.columns.{column}.{key}", place, columns.get(key, UNKNOWN))


def _name(node: Mapping[str, Any]) -> str:
    """Return the name of a model, with `.v2` for its version 2: the part of its id after the package."""
    return str(node["unique_id"]).split(".", 2)[2]


def _written(project: Path, node: Mapping[str, Any]) -> tuple[dict[str, Place], dict[tuple[str, str], Place]]:
    """Return where YAML sets the keys of a model and of its columns; the entry of its version takes precedence."""
    keys: dict[str, Place] = {}
    columns: dict[tuple[str, str], Place] = {}
    patch = node.get("patch_path")
    if not patch:
        return keys, columns
    document = read_yaml(project / patch.partition("://")[2])
    for path, entry in _entries_of(document, node):
        keys |= {key: Place(document.file, document.line((*path, key))) for key in sorted(entry.keys() - _ELSEWHERE)}
        listed = entry.get("columns")
        for index, column in enumerate(listed if isinstance(listed, list) else ()):
            name = column.get("name")
            for inner in ((), ("config",)) if name else ():
                held = column.get("config") or {} if inner else column
                places = {key: document.line((*path, "columns", index, *inner, key)) for key in held}
                columns |= {(name, key): Place(document.file, places[key]) for key in held.keys() - _ELSEWHERE}
    return keys, columns


def _entries_of(document: Document, node: Mapping[str, Any]) -> Iterator[tuple[YamlPath, Mapping[str, Any]]]:
    """Yield the entry of a model in YAML, then that of its version, with their paths."""
    for index, entry in _named(document.data, "models"):
        if entry.get("name") == node["name"]:
            yield ("models", index), entry
            for at, version in _named(entry, "versions"):
                if str(version.get("v")) == str(node.get("version")):
                    yield ("models", index, "versions", at), version


def _named(data: Any, key: str) -> list[tuple[int, dict[str, Any]]]:  # noqa: ANN401 - whatever a YAML file holds
    """Return the mappings of a list in a YAML mapping, with their positions."""
    entries = data.get(key) if isinstance(data, dict) else None
    return [
        (i, entry) for i, entry in enumerate(entries if isinstance(entries, list) else ()) if isinstance(entry, dict)
    ]


def _of_tests(project: Path, manifest: Mapping[str, Any], model: str) -> Iterator[Coverage]:
    """Yield entries of keys that are set on the data tests of a product and are not in their checks."""
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test" or model not in node["depends_on"]["nodes"]:
            continue
        for key in sorted(set(node.get("unrendered_config") or {}) - TEST_CHECK_KEYS):
            clause = re.sub(r"[^A-Za-z0-9_]", "_", node["name"])
            yield _entry(f"dbt data test {clause}.{key}", place_of_test(project, node), TEST_POINTS.get(key, UNKNOWN))


# --- Other resources -------------------------------------------------------------------------------------------------


def _resources(manifest: Mapping[str, Any], own: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every resource of the project itself with its kind, by all keys of the manifest, known ones or not."""
    for key in sorted(key for key in manifest.keys() - DERIVED_KEYS if not key.startswith(_OURS)):
        held = manifest[key] or {}
        resources = held.items() if isinstance(held, dict) else enumerate(held if isinstance(held, list) else [held])
        for name, resource in resources:
            item = {"name": str(name), **(resource if isinstance(resource, dict) else {})}
            kind = RESOURCE_KEYS.get(key, key) or item["resource_type"]
            if kind not in CODE and item.get("package_name", own) == own:
                yield kind, item


def _of_resource(
    project: Path,
    domain: str,
    kind: str,
    resource: Mapping[str, Any],
    read: Collection[str],
    products: Mapping[str, Contract],
) -> Iterator[tuple[str, Coverage]]:
    """Yield the entry of a resource, for each product that it reads, else for the domain."""
    clause, place = f"dbt {kind.replace('_', ' ')} {resource['name']}", _place(project, kind, resource)
    contracts = [products[model] for model in read if model in products]
    for contract in contracts:
        is_consumer = kind == "exposure" and resource["name"] in contract.consumers
        point = LISTED_CONSUMER if is_consumer else RESOURCE_POINTS.get(kind, UNKNOWN)
        yield contract.port, _entry(clause, place, point)
    if not contracts:
        yield domain, _entry(clause, place, RESOURCE_POINTS.get(kind, UNKNOWN))


def _read_by(manifest: Mapping[str, Any], resource: Mapping[str, Any]) -> Sequence[str]:
    """Return the models that a resource names itself, or through a metric or semantic model that it reads."""
    found: dict[str, None] = {}
    waiting = [resource]
    while waiting:
        depends = waiting.pop().get("depends_on")
        for name in (depends.get("nodes") or []) if isinstance(depends, dict) else []:
            if name not in found:
                found[name] = None
                waiting += [
                    manifest[key][name] for key in ("metrics", "semantic_models") if name in (manifest.get(key) or {})
                ]
    return list(found)


def _place(project: Path, kind: str, resource: Mapping[str, Any]) -> Place:
    """Return the line of a resource's entry in YAML, of its block in Markdown, or the first of its own file."""
    path = resource.get("original_file_path")
    if not isinstance(path, str):
        return Place(str(project / "dbt_project.yml"), 1)
    file = project / path
    if not file.is_file():
        return Place(str(file), 1)
    if file.suffix in {".yml", ".yaml"}:
        document = read_yaml(file)
        for key in (f"{kind}s", f"{kind[:-1]}ies"):
            for index, entry in _named(document.data, key):
                if entry.get("name") == resource["name"]:
                    return Place(str(file), document.line((key, index)))
    if kind == "doc":
        return Place(str(file), line_in(file, rf"\bdocs\s+{re.escape(resource['name'])}\b"))
    return place_of_model(project, resource)
