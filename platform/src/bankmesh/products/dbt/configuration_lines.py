"""File and line of what is configured in a dbt project: a model, a key or a test."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from bankmesh.errors import Place
from bankmesh.workspace.dbt_project_files import file_of, package_root
from bankmesh.yaml import documents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.yaml.documents import Document

_NAME_OF_NODE = 2  # model.<package>.<name>
_CONFIG = re.compile(r"\bconfig\s*\(")


def read_yaml(file: Path) -> Document:
    """Return a YAML file of the project as data with lines; no data if there is no such file."""
    return _read_yaml(str(file), file.read_bytes()) if file.is_file() else documents.Document(str(file), "", None, {})


@cache
def _read_yaml(file: str, content: bytes) -> Document:
    return documents.parse(file, content.decode("utf-8", errors="replace"))[0]


def place_of_model(project: Path, node: Mapping[str, Any]) -> Place:
    """Return the first line of a model's own file."""
    return Place(str(file_of(project, node)), 1)


def place_of_config(project: Path, node: Mapping[str, Any], key: str) -> Place:
    """Return the place that sets `key` for a model or test: its own file, the YAML beside it, or `dbt_project.yml`.

    The model's first line where the key is written nowhere, because it is then one of dbt's defaults.
    """
    spellings = {key, key.replace("-", "_"), key.replace("_", "-")}
    file = file_of(project, node)
    if file.suffix in {".sql", ".py"} and (line := _line_in_code(file, spellings)):
        return Place(str(file), line)
    if node["resource_type"] == "test" and file.suffix not in {".sql", ".py"}:
        return place_of_test(project, node)
    if found := _place_in_yaml(project, node, spellings) or _place_in_project(project, node, spellings):
        return found
    return place_of_model(project, node)


def place_of_test(project: Path, test: Mapping[str, Any]) -> Place:
    """Return the line of a test: that of its entry in YAML, or the first of its own file."""
    file = file_of(project, test)
    metadata = test.get("test_metadata")
    if not metadata:
        return Place(str(file), 1)
    document = read_yaml(file)
    at = _path_of_entry(document, _owner(test))
    parts = [at, *(path for path in _children(document, at, "columns") if _name(document, path) == test["column_name"])]
    entries = [
        entry for part in parts[::-1] for key in ("data_tests", "tests") for entry in _children(document, part, key)
    ]
    ranked = sorted(entries, key=lambda entry: -_likeness(_at(document, entry), test))
    if ranked and _likeness(_at(document, ranked[0]), test):
        return Place(str(file), document.line(ranked[0]))
    return Place(str(file), document.line(at))


def place_of_entry(project: Path, node: Mapping[str, Any], *keys: str) -> Place:
    """Return the line of a key of a model's entry in YAML, `constraints`; the entry's own if it has no such key."""
    file = _patch(project, node)
    if file is None:
        return place_of_model(project, node)
    document = read_yaml(file)
    return Place(str(file), document.line((*_path_of_entry(document, node["name"]), *keys)))


def place_of_column(project: Path, node: Mapping[str, Any], column: str) -> Place:
    """Return the line of a column's entry in YAML; that of the model where there is none."""
    file = _patch(project, node)
    if file is None:
        return place_of_model(project, node)
    document = read_yaml(file)
    at = _path_of_entry(document, node["name"])
    named = (path for path in _children(document, at, "columns") if _name(document, path) == column)
    return Place(str(file), document.line(next(named, at)))


def line_in(file: Path, pattern: str, default: int = 1) -> int:
    """Return the line of a pattern's first match in a file."""
    text = file.read_text(encoding="utf-8", errors="replace")
    found = re.search(pattern, text)
    return text.count("\n", 0, found.start()) + 1 if found else default


def _line_in_code(file: Path, spellings: set[str]) -> int | None:
    """Return the line on which a call of `config(...)` names the key."""
    text = file.read_text(encoding="utf-8")
    names = "|".join(map(re.escape, sorted(spellings)))
    for call in _CONFIG.finditer(text):
        found = re.compile(rf"""(?<![\w-])['"]?({names})['"]?\s*[=:](?!=)""").search(text, call.end())
        if found:
            return text.count("\n", 0, found.start()) + 1
    return None


def _place_in_yaml(project: Path, node: Mapping[str, Any], spellings: set[str]) -> Place | None:
    file = _patch(project, node)
    if file is None:
        return None
    document = read_yaml(file)
    at = _path_of_entry(document, node["name"])
    for path in ((*at, *inner, spelling) for inner in (("config",), ()) for spelling in sorted(spellings)):
        if path in document.lines:
            return Place(str(file), document.lines[path])
    return None


def _place_in_project(project: Path, node: Mapping[str, Any], spellings: set[str]) -> Place | None:
    """Return the deepest place in `dbt_project.yml` that sets the key for the model's folder."""
    file = project / "dbt_project.yml"
    document = read_yaml(file)
    section: tuple[str, ...] = ("data_tests",) if node["resource_type"] == "test" else ("models",)
    found = None
    for depth in range(len(node["fqn"]) + 1):
        at = (*section, *node["fqn"][:depth])
        # The domain's own folder is the root of its models, so dbt leaves it out of their names.
        for spelling in sorted(spellings):
            for path in ((*at, f"+{spelling}"), (*at, spelling)):
                found = document.lines.get(path, found)
    return Place(str(file), found) if found else None


def _patch(project: Path, node: Mapping[str, Any]) -> Path | None:
    package, _, path = (node.get("patch_path") or "").partition("://")
    return package_root(project, package) / path if path else None


def _owner(test: Mapping[str, Any]) -> str:
    """Return the name of the model that a test is of; `model.shop.spend.v2` is a version of `spend`."""
    parts = str(test.get("attached_node") or "").split(".")
    return parts[2] if len(parts) > _NAME_OF_NODE else ""


def _path_of_entry(document: Document, name: str) -> tuple[str | int, ...]:
    for key in ("models", "sources", "snapshots", "seeds"):
        for path in _children(document, (), key):
            if _name(document, path) == name:
                return path
    return ()


def _children(document: Document, at: tuple[str | int, ...], key: str) -> list[tuple[str | int, ...]]:
    value = _at(document, (*at, key))
    return [(*at, key, index) for index in range(len(value))] if isinstance(value, list) else []


def _at(document: Document, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - any YAML value
    value = document.data
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _name(document: Document, path: tuple[str | int, ...]) -> str | None:
    value = _at(document, path)
    return value.get("name") if isinstance(value, dict) else None


def _likeness(entry: Any, test: Mapping[str, Any]) -> int:  # noqa: ANN401 - any YAML value
    """Return how well an entry of YAML matches a test of the manifest; 0 if it is another one."""
    kind = test["test_metadata"]["name"]
    if isinstance(entry, str):
        return 2 if entry.rpartition(".")[2] == kind else 0
    if not isinstance(entry, dict) or not entry:
        return 0
    named = entry.get("name")
    inner = next((value for key, value in entry.items() if key.rpartition(".")[2] == kind), None)
    inner = inner if isinstance(inner, dict) else {}
    if kind not in {key.rpartition(".")[2] for key in entry} and entry.get("test_name") != kind:
        return 0
    if (named or inner.get("name")) == test["name"]:
        return 4
    arguments = {**inner, **(inner.get("arguments") or {}), **(entry.get("arguments") or {})}
    wanted = {k: v for k, v in test["test_metadata"]["kwargs"].items() if k not in {"model", "column_name"}}
    return 3 if all(arguments.get(key) == value for key, value in wanted.items()) else 1
