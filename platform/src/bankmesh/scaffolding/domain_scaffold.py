"""A new domain: its package, and the places of the workspace that list domains.

`plan_domain` decides every file without writing; `create_domain` writes them. If it fails, the workspace is unchanged.
"""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.util import find_spec
from string import Template
from typing import TYPE_CHECKING

from bankmesh.scaffolding.domain_registration import (
    register_in_compose,
    register_in_processes,
    register_in_project,
    register_in_server,
    register_location,
)
from bankmesh.scaffolding.scaffold_input import CannotScaffold
from bankmesh.storage.atomic_files import write_atomically
from bankmesh.workspace.dbt_project_files import SHARED
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = frozenset({"platform", "test", "tests", "bench", "deploy", "docs", "domains"})
KEPT = ".gitkeep"
"""The file that keeps an otherwise empty folder in the repository."""


@dataclass(frozen=True)
class DomainPlan:
    """The files of a new domain with their text, and the files of the workspace that change, with their new text."""

    name: str
    folder: Path
    created: dict[Path, str] = field(default_factory=dict)
    changed: dict[Path, str] = field(default_factory=dict)


def plan_domain(root: Path, name: str, dbt_project: str | None = None) -> DomainPlan:
    """Return what creating the domain `name` writes; writes nothing.

    `dbt_project` is a dbt project of its own, as a path below the root; without it the domain uses the shared one.
    Raises CannotScaffold for a name that is taken or is no name of a package.
    """
    _check_name(root, name)
    folder = root / "domains" / name
    package = folder / "src" / name
    attributes = f"{{project: {dbt_project}}}" if dbt_project else "{}"
    created = {
        folder / "pyproject.toml": _render("pyproject.toml", name),
        package / "__init__.py": _render("package.py", name),
        package / "definitions.py": _render("definitions.py", name),
        package / "defs" / "__init__.py": "",
        package / "defs" / "operations" / "defs.yaml": _render("operations.yaml", name),
        package / "defs" / "legacy" / "defs.yaml": _render("legacy.yaml", name),
        package / "defs" / "dbt_products" / "defs.yaml": _render("dbt_products.yaml", name, attributes=attributes),
        package / "contracts" / KEPT: "",
        package / "sources" / KEPT: "",
        folder / "tests" / KEPT: "",
    }
    if dbt_project is None and (root / SHARED).is_dir():
        models = root / SHARED / "models" / name
        created |= {models / "staging" / KEPT: "", models / "products" / KEPT: ""}
    return DomainPlan(name, folder, created, _plan_registrations(root, name))


def create_domain(root: Path, name: str, dbt_project: str | None = None) -> DomainPlan:
    """Write a new domain and list it in the workspace; return what was written.

    Raises CannotScaffold, and leaves the workspace unchanged, if the name or one of its files is taken.
    """
    plan = plan_domain(root, name, dbt_project)
    if taken := [str(path.relative_to(root)) for path in plan.created if path.exists()]:
        raise CannotScaffold(f"Nothing written: {', '.join(taken)} already exists. Choose another name.")
    before = {path: path.read_text(encoding="utf-8") for path in plan.changed}
    try:
        for path, text in plan.created.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for path, text in plan.changed.items():
            _replace_text(path, text)
    except BaseException:
        discard_domain(plan, before)
        raise
    return plan


def discard_domain(plan: DomainPlan, before: dict[Path, str]) -> None:
    """Remove the files that a plan created, with folders that become empty, and write back the texts of `before`."""
    for path, text in before.items():
        _replace_text(path, text)
    for path in plan.created:
        path.unlink(missing_ok=True)
    for folder in sorted({parent for path in plan.created for parent in path.parents}, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _replace_text(path: Path, text: str) -> None:
    mode = path.stat().st_mode
    write_atomically(path, text)
    path.chmod(mode)


def _check_name(root: Path, name: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise CannotScaffold(f"{name!r} is not a valid domain: use lower-case letters, digits and underscores.")
    if name in {package.name for package in domain_packages(root)}:
        raise CannotScaffold(f"The domain {name} exists already: domains/{name}.")
    if name in _RESERVED | sys.stdlib_module_names or find_spec(name) is not None:
        raise CannotScaffold(f"{name} is the name of another Python package, which the domain's would hide.")


def _plan_registrations(root: Path, name: str) -> dict[Path, str]:
    domains = [package.name for package in domain_packages(root)]
    registrations = {
        "workspace.yaml": register_location,
        "pyproject.toml": register_in_project,
        "deploy/workspace.yaml": register_in_server,
        "deploy/compose.yaml": register_in_compose,
        "deploy/all-processes.sh": register_in_processes,
    }
    changed = {}
    for file, register in registrations.items():
        path = root / file
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            if (new := register(text, name, domains)) != text:
                changed[path] = new
    return changed


def _render(template: str, name: str, **values: str) -> str:
    place = files("bankmesh.scaffolding").joinpath("templates", "domain", f"{template}.tmpl")
    return Template(place.read_text(encoding="utf-8")).substitute(values, name=name)
