"""Files of the domain that a dbt project is imported into: a new domain, or the component of one that exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.scaffolding.dbt_import.plain_dbt import CannotImportDbt
from bankmesh.scaffolding.domain_scaffold import plan_domain
from bankmesh.workspace.dbt_project_files import SHARED, named_projects, project_folders
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from pathlib import Path

_COMPONENT = "# Every model of this project that is named as a contract is a product.\n"
_COMPONENT += "type: bankmesh.DbtDataProducts\n\nattributes:\n  project: {project}\n"


def plan_domain_files(root: Path, domain: str) -> dict[Path, str]:
    """Return the files of the workspace that must be written for a domain to have a dbt project of its own.

    For a new domain these are its package and its registrations; for one that exists, its component of dbt products
    unless that names the project already. Raises CannotScaffold for an invalid name, CannotImportDbt if the domain
    builds dbt products from another project.
    """
    project = f"domains/{domain}/dbt"
    package = next((found for found in domain_packages(root) if found.name == domain), None)
    if package is None:
        planned = plan_domain(root, domain, project)
        return {path: text for path, text in planned.created.items() if not path.exists()} | planned.changed
    for file, named in named_projects(package):
        if named == project:
            return {}
        if named != SHARED or _has_models(root / named, domain):
            raise CannotImportDbt(
                f"{domain} builds its dbt products from {named} ({file.relative_to(root)}), and a domain has one dbt "
                "project. Import into a new domain: --domain NAME."
            )
        return {file: _COMPONENT.format(project=project)}
    return {package / "defs" / "dbt_products" / "defs.yaml": _COMPONENT.format(project=project)}


def _has_models(project: Path, domain: str) -> bool:
    folders = project_folders(project, domain, "model-paths")
    own = [folder for folder in folders if folder.name == domain and folder.parent.name == "models"]
    return any(file.suffix in {".sql", ".py"} for folder in own for file in folder.rglob("*"))
