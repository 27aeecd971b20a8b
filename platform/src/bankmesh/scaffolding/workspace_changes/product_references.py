"""References to ports in hand-written files, rewritten in place: contracts, `defs.yaml`, dbt code and its YAML, Python.

References are those that a tool resolves: `source()`, `ref()`, inputs, relationships, `replacedBy`, and products that a
contract permits to read its own (`consumers`, `derivationGrants`). Other places that name a product, in prose, comments
and texts of tests, are mentions.
"""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.contracts.parsing.access_clauses import GRANTS, PURPOSES
from bankmesh.errors import Place
from bankmesh.names import CONTRACT_SUFFIX, PortName, parse_port_name, port_of_table
from bankmesh.scaffolding.dbt_import.jinja_references import ModelReference, rewrite_references
from bankmesh.storage.atomic_files import walk_files
from bankmesh.workspace.dbt_project_files import (
    GENERATED_MACROS,
    GENERATED_SOURCES,
    find_dbt_project,
    project_folders,
)
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.yaml.node_edits import LayoutNotEditable, rewrite_scalars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import TypeAlias

    from bankmesh.yaml.node_edits import NodePath

    Resolve: TypeAlias = Callable[[PortName], PortName | None]

_SHORT = re.compile(r"(?P<table>\w+)\.(?P<column>\w+)", re.ASCII)
_FULL = re.compile(
    r"(?P<domain>\w+)/(?P<file>\w+)(?P<major>\.v\d+)?\.odcs\.yaml#/schema/(?P<table>\w+)/(?P<rest>.+)", re.ASCII
)
_INPUTS = {"inputs", "partition_inputs"}
_GENERATED = {GENERATED_MACROS, GENERATED_SOURCES}
_OUTPUT = {"target", "dbt_packages", "logs"}
"""Folders at the top of a domain or of a dbt project; below `models/` they are folders as any other."""


class FileKind(StrEnum):
    """How a file refers to ports."""

    CONTRACT = "contract"
    COMPONENT = "component"
    DBT_CODE = "dbt code"
    DBT_YAML = "dbt yaml"
    PYTHON = "python"
    OTHER = "other"


@dataclass(frozen=True)
class WorkspaceFile:
    """A hand-written file of a domain."""

    path: Path
    kind: FileKind
    domain: str


def domain_files(root: Path) -> Iterator[WorkspaceFile]:
    """Yield the hand-written files of all domains, and those of their dbt projects; generated ones are left out."""
    for package in domain_packages(root):
        folder, project = package.parents[1], find_dbt_project(root, package)
        for path in walk_files(folder):
            if not _is_hidden(path, folder, project):
                yield WorkspaceFile(path, _kind(path, package, project), package.name)
        for place in project_folders(project, package.name):
            if place.is_relative_to(folder):
                continue
            for path in walk_files(place):
                if not _is_hidden(path, project):
                    yield WorkspaceFile(path, _dbt_kind(path), package.name)


def _is_hidden(path: Path, folder: Path, *projects: Path) -> bool:
    tops = {path.relative_to(place).parts[0] for place in (folder, *projects) if path.is_relative_to(place)}
    return not tops.isdisjoint(_OUTPUT) or any(
        part in _GENERATED or part.startswith(".") or part.endswith(".egg-info")
        for part in path.relative_to(folder).parts
    )


def _kind(path: Path, package: Path, project: Path) -> FileKind:
    if path.is_relative_to(project):
        return _dbt_kind(path)
    if path.name.endswith(CONTRACT_SUFFIX):
        return FileKind.CONTRACT
    if path.is_relative_to(package / "defs") and path.suffix == ".yaml":
        return FileKind.COMPONENT
    return FileKind.PYTHON if path.suffix == ".py" else FileKind.OTHER


def _dbt_kind(path: Path) -> FileKind:
    if path.suffix in {".sql", ".py"}:
        return FileKind.DBT_CODE
    return FileKind.DBT_YAML if path.suffix in {".yml", ".yaml"} else FileKind.OTHER


def rewrite_file(file: WorkspaceFile, text: str, resolve: Resolve) -> str:
    """Return the text in which each reference to a port is that to the port which `resolve` returns, if it does.

    Raises LayoutNotEditable for YAML whose layout does not allow it.
    """
    match file.kind:
        case FileKind.CONTRACT:
            kinds = _custom_properties(text)
            return rewrite_scalars(text, lambda path, value: _in_contract(path, value, file.domain, kinds, resolve))
        case FileKind.COMPONENT:
            return rewrite_scalars(text, lambda path, value: _in_component(path, value, resolve))
        case FileKind.DBT_CODE:
            python = file.path.suffix == ".py"
            return rewrite_references(text, lambda call: _in_call(call, file.domain, resolve), python=python)
        case FileKind.DBT_YAML:
            return rewrite_scalars(
                text,
                lambda _, value: rewrite_references(
                    value, lambda call: _in_call(call, file.domain, resolve), bare=True
                ),
            )
    return text


def find_references(file: WorkspaceFile, text: str, is_meant: Callable[[PortName], bool]) -> list[Place]:
    """Return the lines of a file that refer to one of the ports; of a call over several lines the first one."""
    try:
        renamed = rewrite_file(file, text, _marked(is_meant))
    except LayoutNotEditable as error:
        return [Place(str(file.path), error.line)]
    return _changed_lines(file.path, text, renamed)


def _marked(is_meant: Callable[[PortName], bool]) -> Resolve:
    """Return a renaming of the ports that are meant, by which references to them are found."""
    return lambda port: PortName(port.domain, f"{port.product}_", port.major) if is_meant(port) else None


def _changed_lines(path: Path, before: str, after: str) -> list[Place]:
    old, new = before.split("\n"), after.split("\n")
    if len(old) == len(new):
        lines = [number for number, pair in enumerate(zip(old, new, strict=True), 1) if pair[0] != pair[1]]
    else:
        blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        lines = [start + 1 for kind, start, *_ in blocks if kind != "equal"]
    return [Place(str(path), line) for line in lines]


def find_permissions(file: WorkspaceFile, is_meant: Callable[[PortName], bool]) -> list[Place]:
    """Return the lines of a contract that let one of the ports read its product, or lift duties of it."""
    if file.kind is not FileKind.CONTRACT:
        return []
    text = file.path.read_text(encoding="utf-8", errors="replace")
    kinds, mark = _custom_properties(text), _marked(is_meant)
    try:
        marked = rewrite_scalars(text, lambda path, value: _in_id(value, mark) if _permits(path, kinds) else value)
    except LayoutNotEditable as error:
        return [Place(str(file.path), error.line)]
    return _changed_lines(file.path, text, marked)


def read_references(file: WorkspaceFile, is_meant: Callable[[PortName], bool]) -> list[Place]:
    """Return the same of a file on disk; a file that refers to no port by its kind is not read."""
    if file.kind in {FileKind.OTHER, FileKind.PYTHON}:
        return []
    return find_references(file, file.path.read_text(encoding="utf-8", errors="replace"), is_meant)


def find_imports(file: WorkspaceFile, text: str, module: str, *, is_relative: bool | None = None) -> list[Place]:
    """Return the lines of a Python file that import a module, or something below it; with `is_relative`, only such."""
    if file.kind is not FileKind.PYTHON or module.rpartition(".")[2] not in text:
        return []
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(file, node)
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        is_meant = is_relative is None or is_relative == bool(getattr(node, "level", 0))
        if is_meant and any(name == module or name.startswith(f"{module}.") for name in names):
            found.append(Place(str(file.path), node.lineno))
    return found


def _absolute(file: WorkspaceFile, node: ast.ImportFrom) -> str:
    """Return the module of an import, of which a relative one begins at the package of its file."""
    if not node.level:
        return node.module or ""
    parts = file.path.with_suffix("").parts
    start = len(parts) - parts[::-1].index("src") if "src" in parts else len(parts)
    return ".".join([*parts[start : -node.level], *filter(None, [node.module])])


def mention_pattern(port: PortName) -> re.Pattern[str]:
    """Return the pattern of texts that name a product beyond doubt: its id, asset key, or domain and name in quotes."""
    domain, name = re.escape(port.domain), re.escape(port.product)
    pair = rf"(['\"]){domain}\2,\s*(['\"]){name}(?:_v\d+)?\3"
    return re.compile(f"{_id_pattern(port)}|{pair}", re.ASCII)


def rename_ids(text: str, old: PortName, new: PortName) -> str:
    """Return the text in which the port's id and asset key have the new name, in prose and comments too.

    Ids of other majors stay; one without a major is that of the first.
    """
    major = rf"(?P<major>@{old.major}(?!\d)){'?' if old.major == 1 else ''}(?!@\d)"
    after = f"@{new.major}" if old.major == 1 or new.major > 1 else ""

    def renamed(found: re.Match[str]) -> str:
        return f"{new.domain}{found['mark']}{new.product}{after if found['major'] else ''}"

    return re.sub(f"{_id_pattern(old)}{major}", renamed, text, flags=re.ASCII)


def _id_pattern(port: PortName) -> str:
    domain, name = re.escape(port.domain), re.escape(port.product)
    return rf"(?<![\w./@-]){domain}(?P<mark>[./]){name}(?![\w-])"


def keep_purposes(before: str, after: str) -> str:
    """Return a contract after a rename with the purposes that it had: `marketing.offers` may be one and a product.

    Raises LayoutNotEditable for YAML whose layout does not allow it.
    """
    kept = dict(_purposes(before))
    return rewrite_scalars(after, kept.get) if kept else after


def _purposes(text: str) -> Iterator[tuple[NodePath, str]]:
    """Yield the path and name of each purpose of a contract and of its roles."""
    found = _data(text)
    roles = found.get("roles")
    owners: list[tuple[NodePath, Any]] = [((), found)]
    owners += [(("roles", at), role) for at, role in enumerate(roles if isinstance(roles, list) else ())]
    for path, owner in owners:
        for at, item in _entries_of(owner):
            names = item.get("value") if item.get("property") == PURPOSES else None
            for index, name in enumerate(names if isinstance(names, list) else ()):
                yield (*path, "customProperties", at, "value", index), str(name)


def _custom_properties(text: str) -> dict[int, str]:
    """Return the names of a contract's own custom properties by their positions; empty for text that is no contract."""
    return {at: str(item.get("property")) for at, item in _entries_of(_data(text))}


def _entries_of(owner: Any) -> Iterator[tuple[int, dict[str, Any]]]:  # noqa: ANN401 - any YAML value
    items = owner.get("customProperties") if isinstance(owner, dict) else None
    for at, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield at, item


def _data(text: str) -> dict[str, Any]:
    try:
        found = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - every scalar as text
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _permits(path: NodePath, kinds: Mapping[int, str]) -> bool:
    """Whether a path of a contract is that of a product which may read it, or whose duties are lifted."""
    match path:
        case ("customProperties", int(at), "value", int()):
            return kinds.get(at) == "consumers"
        case ("customProperties", int(at), "value", int(), "product"):
            return kinds.get(at) == GRANTS
    return False


def _in_contract(path: NodePath, value: str, domain: str, kinds: Mapping[int, str], resolve: Resolve) -> str:
    if "relationships" in path:
        if short := _SHORT.fullmatch(value):
            port = resolve(PortName(domain, short["table"]))
            return f"{port.product}.{short['column']}" if port else value
        if full := _FULL.fullmatch(value):
            port = resolve(PortName(full["domain"], full["file"], int((full["major"] or ".v1")[2:])))
            if port:
                return f"{port.domain}/{port.contract_file}#/schema/{port.product}/{full['rest']}"
        return value
    is_value = path[0] == "customProperties" and path[-1] == "value"
    return _in_id(value, resolve) if is_value or _permits(path, kinds) else value


def _in_component(path: NodePath, value: str, resolve: Resolve) -> str:
    return _in_id(value, resolve) if _INPUTS & {*path} else value


def _in_id(value: str, resolve: Resolve) -> str:
    try:
        port = resolve(parse_port_name(value))
    except ValueError:
        return value
    return (port.numbered if "@" in value else str(port)) if port else value


def _in_call(call: ModelReference, domain: str, resolve: Resolve) -> ModelReference | None:
    """Return a `source()` of a port, or a `ref()` of its model, as it is to be written; None to leave it."""
    if call.function == "source" and len(call.arguments) == 2:  # noqa: PLR2004 - schema and table
        port = resolve(port_of_table(*call.arguments))
        return ModelReference("source", (port.domain, port.table)) if port else None
    if call.function == "ref" and call.arguments:
        *package, model = call.arguments
        named = port_of_table(domain, model)
        version = str(call.version or "")
        port = resolve(PortName(domain, model, int(version)) if version.isdigit() else named)
        if port:
            table = port.product if call.version is not None else port.table
            return ModelReference("ref", (*package, table), call.version)
    return None
