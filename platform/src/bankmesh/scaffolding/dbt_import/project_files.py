"""`dbt_project.yml` of the domain's own dbt project, its packages, and what of the foreign one has no counterpart."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.scaffolding.dbt_import.import_report import ImportFinding
from bankmesh.scaffolding.dbt_import.yaml_text import write_yaml
from bankmesh.storage.atomic_files import walk_files
from bankmesh.workspace.dbt_project_files import packages_folder, project_folders, project_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bankmesh.scaffolding.dbt_import.foreign_project import ForeignProject

_HEADER = (
    "# Written by `mesh import dbt`. The platform's profile is used, and products are the models in models/products.\n"
)
_KEPT = ("packages-install-path", "dispatch", "vars", "quoting")
_PACKAGE_FILES = ("packages.yml", "dependencies.yml", "package-lock.yml")
_RESOURCES = {
    "semantic_models": ("semantic model", "publish what it computes as columns of a product"),
    "metrics": ("metric", "publish what it computes as columns of a product"),
    "saved_queries": ("saved query", "publish what it computes as a product"),
    "functions": ("function", "write it as a macro"),
}


def project_text(project: Path, name: str) -> str:
    """Return `dbt_project.yml` of the domain's project, with the variables of the foreign one."""
    settings = project_settings(project)
    document: dict[str, Any] = {
        "name": name,
        "version": str(settings.get("version") or "1.0.0"),
        "config-version": 2,
        "profile": "bankmesh",
        "model-paths": ["models"],
        "macro-paths": ["macros"],
        "test-paths": ["tests"],
        "seed-paths": [],
        "snapshot-paths": [],
        "analysis-paths": [],
        "on-run-start": "{{ open_inputs() }}",
    }
    document |= {key: settings[key] for key in _KEPT if settings.get(key)}
    return write_yaml(document | {"models": {name: {"products": {"+materialized": "product"}}}}, _HEADER)


def project_findings(project: Path, foreign: ForeignProject) -> Iterator[ImportFinding]:
    """Yield what the foreign project has and the domain's own does not."""
    settings = project_settings(project)
    for key in ("on-run-start", "on-run-end"):
        hooks = settings.get(key)
        for hook in hooks if isinstance(hooks, list) else [hooks] if hooks else []:
            yield ImportFinding("left out", key, str(hook), "hooks are not run: a run has a database of its own")
    if "env_var" in str(settings.get("vars")):
        yield ImportFinding("left out", "env_var()", "dbt_project.yml: vars", "write the value itself")
    yield from _resources(foreign)
    for package in _declared_packages(project):
        name = str(package.get("package") or package.get("git") or package.get("local") or package.get("tarball"))
        action = "it is copied as installed; install it with `dbt deps` in each checkout and when an image is built"
        yield ImportFinding("changed", "package", name, action)


def _resources(foreign: ForeignProject) -> Iterator[ImportFinding]:
    for snapshot in foreign.own("snapshot"):
        action = (
            "landings keep history: read the table itself, and keep the state by day as a partitioned product; "
            "models that read the snapshot do not come in"
        )
        yield ImportFinding("left out", "snapshot", f"{snapshot['name']} ({snapshot['original_file_path']})", action)
    for analysis in foreign.own("analysis"):
        yield ImportFinding("left out", "analysis", analysis["original_file_path"], "copy it if people still run it")
    for kind, (topic, action) in _RESOURCES.items():
        for resource in (foreign.manifest.get(kind) or {}).values():
            if resource.get("package_name") == foreign.name:
                yield ImportFinding("left out", topic, f"{resource['name']} ({resource['original_file_path']})", action)
    for exposure in (foreign.manifest.get("exposures") or {}).values():
        yield _exposure(exposure, foreign)


def _exposure(exposure: Mapping[str, Any], foreign: ForeignProject) -> ImportFinding:
    owner = exposure.get("owner") or {}
    who = ", ".join(str(owner[key]) for key in ("name", "email") if owner.get(key))
    subject = f"{exposure['name']} ({exposure['original_file_path']})"
    read = [foreign.models[name] for name in exposure["depends_on"].get("nodes", ()) if name in foreign.models]
    products = sorted(model.key for model in read if model.is_product)
    steps = sorted(model.key for model in read if not model.is_product)
    if steps or not products:
        action = f"it reads {', '.join(steps) or 'no product'}: publish that, or let it read a product. Owner: {who}"
        return ImportFinding("left out", "exposure", subject, action)
    return ImportFinding(
        "changed", "exposure", subject, f"a consumer of {', '.join(products)}. Owner: {who or 'not named'}"
    )


def _declared_packages(project: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in ("packages.yml", "dependencies.yml"):
        if (project / name).is_file():
            document = yaml.safe_load((project / name).read_text(encoding="utf-8")) or {}
            found += [package for package in document.get("packages") or [] if isinstance(package, dict)]
    return found


def package_files(project: Path) -> Iterator[tuple[PurePosixPath, Path]]:
    """Yield the new path and the file of packages: their declarations, installed copies, and local ones inside."""
    for name in _PACKAGE_FILES:
        if (project / name).is_file():
            yield PurePosixPath(name), project / name
    folders = [packages_folder(project)]
    folders += [project / str(package["local"]) for package in _declared_packages(project) if package.get("local")]
    for folder in folders:
        if folder.is_dir() and folder.resolve().is_relative_to(project.resolve()):
            for package in [folder] if folder != folders[0] else sorted(folder.iterdir()):
                for file in walk_files(package.resolve()):
                    inner = package.relative_to(project) / file.relative_to(package.resolve())
                    yield PurePosixPath(inner.as_posix()), file


def macro_files(project: Path, foreign: ForeignProject) -> Iterator[tuple[PurePosixPath, Path]]:
    """Yield the new path and the file of each macro and generic test."""
    for folder in project_folders(project, foreign.name, "macro-paths"):
        for file in walk_files(folder):
            if file.suffix == ".sql":
                yield PurePosixPath("macros") / file.relative_to(folder).as_posix(), file
    for folder in project_folders(project, foreign.name, "test-paths"):
        for file in walk_files(folder / "generic"):
            if file.suffix == ".sql":
                yield PurePosixPath("tests") / file.relative_to(folder).as_posix(), file
