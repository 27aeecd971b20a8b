"""The components of a domain's `defs.yaml` files, validated against the schema of their type, faults with line."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dagster_shared.yaml_utils.source_position import ValueAndSourcePositionTree
    from pydantic import BaseModel, ValidationError

POLARS = "bankmesh.PolarsDataProduct"
_FILES = ("defs.yaml", "component.yaml")


@dataclass(frozen=True)
class ComponentEntry:
    """One component of a `defs.yaml`: its type and attributes, which fit the schema of the type."""

    domain: str
    file: Path
    type: str
    attributes: dict[str, Any]
    document: ValueAndSourcePositionTree

    def line(self, *path: str) -> int:
        """Return the line of a key below `attributes`, or of the nearest one around it that exists."""
        return _line(self.document, ("attributes", *path))


def read_components(package: Path) -> tuple[list[ComponentEntry], list[Fault]]:
    """Return the components below a domain's `defs/`, and the faults of those that do not load as they are written.

    Faults: `yaml-syntax`, `component-file`, `unknown-component`, `component-attributes`.
    """
    entries: list[ComponentEntry] = []
    faults: list[Fault] = []
    for file in sorted(file for name in _FILES for file in package.glob(f"defs/**/{name}")):
        documents, broken = _documents(file)
        faults += broken
        for document in documents:
            found = list(_faults_of(file, document))
            faults += found
            if not found:
                attributes = document.value.get("attributes") or {}
                entries.append(ComponentEntry(package.name, file, document.value["type"], attributes, document))
    return entries, faults


def _documents(file: Path) -> tuple[Sequence[ValueAndSourcePositionTree], list[Fault]]:
    import yaml
    from dagster_shared.yaml_utils import parse_yamls_with_source_position

    try:
        return parse_yamls_with_source_position(file.read_text(encoding="utf-8"), str(file)), []
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        return [], [Fault(str(file), mark.line + 1 if mark else 0, "yaml-syntax", f"not valid YAML: {problem}")]


def _faults_of(file: Path, document: ValueAndSourcePositionTree) -> Iterator[Fault]:
    from dagster.components.core.defs_module import ComponentFileModel
    from pydantic import TypeAdapter, ValidationError

    if not isinstance(document.value, dict):
        yield Fault(str(file), 1, "component-file", "a component is a mapping with the keys type and attributes")
        return
    try:
        read = TypeAdapter(ComponentFileModel).validate_python(document.value)
    except ValidationError as error:
        yield from _schema_faults(error, ComponentFileModel, file, document, (), "component-file")
        return
    found = _component_model(read.type)
    if isinstance(found, str):
        yield Fault(str(file), _line(document, ("type",)), "unknown-component", found)
    elif found is not None:
        try:
            TypeAdapter(found).validate_python(read.attributes or {})
        except ValidationError as error:
            yield from _schema_faults(error, found, file, document, ("attributes",), "component-attributes")


def _component_model(name: str) -> type[BaseModel] | str | None:
    """Return the schema of a component type, None if it takes any attributes; a text says why there is no such type."""
    import dagster as dg
    from dagster_shared.seven import load_module_object

    module, _, class_name = name.rpartition(".")
    try:
        found = load_module_object(module, class_name) if module else None
    except Exception as error:  # noqa: BLE001 - whatever importing the module raises is why the location cannot load
        known = _known_components(module)
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        reason = "" if known and module in {k.rpartition(".")[0] for k in known} else f": {_one_line(error)}"
        return f"there is no component {name}{reason}.{hint}"
    if not (isinstance(found, type) and issubclass(found, dg.Component)):
        return f"{name} is not a Dagster component"
    return found.get_model_cls()


def _known_components(module: str) -> list[str]:
    """Return names of the components of `bankmesh`, and of the module that was named if it exists."""
    import importlib

    import dagster as dg

    names = []
    for place in {"bankmesh", module}:
        try:
            found = importlib.import_module(place)
        except Exception:  # noqa: BLE001, S112 - it is named in the fault already
            continue
        exported = getattr(found, "__all__", None) or dir(found)
        for name in exported:
            member = getattr(found, name, None)
            if isinstance(member, type) and issubclass(member, dg.Component):
                names.append(f"{place}.{name}")
    return sorted(names)


def _schema_faults(
    error: ValidationError,
    model: type[BaseModel],
    file: Path,
    document: ValueAndSourcePositionTree,
    prefix: tuple[str, ...],
    rule: str,
) -> Iterator[Fault]:
    for found in error.errors(include_url=False, include_input=False):
        path = (*prefix, *(str(part) for part in found["loc"]))
        name = ".".join(path)
        if found["type"] == "extra_forbidden":
            near = difflib.get_close_matches(path[-1], model.model_fields, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            message = f"{name} is not a key here.{hint} Known: {', '.join(model.model_fields)}"
        elif found["type"] == "missing":
            message = f"{name} is missing"
        else:
            message = f"{name}: {_one_line(found['msg'])}"
        yield Fault(str(file), _line(document, path), rule, message)


def _line(document: ValueAndSourcePositionTree, path: Sequence[str]) -> int:
    position, _ = document.source_position_tree.lookup_closest_and_path(path, trace=None)
    return position.start.line


def _one_line(problem: object) -> str:
    return " ".join(str(problem).split())
