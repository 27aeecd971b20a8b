"""Removal of a domain whose products are all retired or gone: package, models, and entries in the workspace.

The contracts of its retired products stay where they are, as the record of what was published.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Status
from bankmesh.errors import UnknownName, shorten_list
from bankmesh.scaffolding.domain_deregistration import (
    deregister_in_compose,
    deregister_in_processes,
    deregister_in_project,
    deregister_location,
)
from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan, ChangeRefused, WorkspaceDraft, owned_files
from bankmesh.scaffolding.workspace_changes.product_references import domain_files, find_imports, read_references
from bankmesh.workspace.dbt_project_files import find_dbt_project, project_folders
from bankmesh.workspace.domain_folders import declared_ports, domain_packages
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bankmesh.settings import Settings


def plan_domain_removal(settings: Settings, name: str) -> ChangePlan:
    """Return the removal of a domain; writes nothing.

    Raises UnknownName, and ChangeRefused if one of its products is not retired, or another domain refers to one.
    """
    root = settings.root
    packages = {package.name: package for package in domain_packages(root)}
    if name not in packages:
        raise UnknownName("domain", name, packages)
    _refuse_living_products(settings, name)
    _refuse_outside_readers(root, name)
    kept = {path for port, path in declared_ports(root).items() if port.startswith(f"{name}.")}
    draft = WorkspaceDraft(root)
    for path in _files(root, packages[name]):
        if path not in kept:
            draft.remove(path)
    _deregister(draft, name, packages.keys() - {name})
    return ChangePlan(
        what=f"remove the domain {name}",
        root=root,
        changes=draft.changes(),
        notes=tuple(_notes(settings, packages[name], kept)),
        next_steps=(f"pip uninstall {name}", "mesh contract check, then restart Dagster"),
    )


def _refuse_living_products(settings: Settings, name: str) -> None:
    living = [c for c in workspace_contracts(settings.root) if c.domain == name and c.status is not Status.RETIRED]
    if living:
        listed = shorten_list(f"{contract.port_name.numbered} ({contract.status})" for contract in living)
        raise ChangeRefused(
            name, f"it has products: {listed}. First retire or remove each: `mesh contract move`, `mesh remove`."
        )


def _refuse_outside_readers(root: Path, name: str) -> None:
    found = [
        str(place.relative_to(root))
        for file in domain_files(root)
        if file.domain != name
        for place in (
            *read_references(file, lambda port: port.domain == name),
            *find_imports(file, file.path.read_text(encoding="utf-8", errors="replace"), name),
        )
    ]
    if found:
        problem = f"other domains refer to its products, in {shorten_list(found)}. Remove these references first."
        raise ChangeRefused(name, problem)


def _files(root: Path, package: Path) -> list[Path]:
    """Return the files of a domain's folder, and those of its own folders in a dbt project elsewhere.

    Raises ChangeRefused if not all of them are its own.
    """
    places = (package.parents[1], *_own_folders(root, package))
    return [path for place in places for path in owned_files(package.name, place)]


def _own_folders(root: Path, package: Path) -> list[Path]:
    """Return the folders that its dbt project has for this domain alone: `models/<domain>`."""
    project = find_dbt_project(root, package)
    of_others = project_folders(project, "")
    return [place for place in project_folders(project, package.name) if place not in of_others]


def _deregister(draft: WorkspaceDraft, name: str, others: set[str]) -> None:
    edits: dict[str, Callable[[str], str]] = {
        "workspace.yaml": lambda text: deregister_location(text, name),
        "pyproject.toml": lambda text: deregister_in_project(text, name, others),
        "deploy/workspace.yaml": lambda text: deregister_location(text, name),
        "deploy/compose.yaml": lambda text: deregister_in_compose(text, name),
        "deploy/all-processes.sh": lambda text: deregister_in_processes(text, name),
    }
    for file, deregister in edits.items():
        text = draft.text(draft.root / file)
        if text is not None and (edited := deregister(text)) != text:
            draft.write(draft.root / file, edited)


def _notes(settings: Settings, package: Path, kept: set[Path]) -> Iterable[str]:
    if kept:
        names = shorten_list(sorted(path.name for path in kept))
        yield f"The contracts of its retired products stay in {package.relative_to(settings.root)}/contracts: {names}."
    project = find_dbt_project(settings.root, package)
    if not project.is_relative_to(package.parents[1]) and not _own_folders(settings.root, package):
        yield f"Its dbt project {project.relative_to(settings.root)} stays."
    for part in ("ports", "archive", "landings"):
        if (place := settings.home / part / package.name).is_dir():
            yield f"What was published or landed stays: {place}."
