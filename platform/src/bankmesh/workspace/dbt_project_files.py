"""The dbt project of a domain as files: which one it is, and what dbt reads of it for the domain.

Domains share `dbt_project/`, whose paths name `BANKMESH_DOMAIN`, so that each sees its own folders alone. A domain that
needs packages, `vars` or settings of its own has a project to itself, named by its `bankmesh.DbtDataProducts`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHARED = "dbt_project"
"""The project of all domains that name no other, a folder of the workspace's root."""

COMPONENT = "bankmesh.DbtDataProducts"
DOMAIN_VARIABLE = "BANKMESH_DOMAIN"
GENERATED_SOURCES, GENERATED_MACROS = "_ports", "_bankmesh"

PATH_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "model-paths": ("models",),
    "macro-paths": ("macros",),
    "test-paths": ("tests",),
    "seed-paths": ("seeds",),
    "snapshot-paths": ("snapshots",),
    "analysis-paths": ("analyses",),
    "function-paths": ("functions",),
    "docs-paths": (),
}
"""The settings of `dbt_project.yml` that name folders, with dbt's own defaults."""

_DOMAIN = re.compile(rf"\{{\{{\s*env_var\(\s*(['\"]){DOMAIN_VARIABLE}\1\s*\)\s*\}}\}}")


@dataclass(frozen=True)
class DbtProjectPlace:
    """The dbt project as one domain sees it; `target` is the folder of what dbt keeps of it."""

    project: Path
    domain: str
    target: Path

    @property
    def manifest(self) -> Path:
        """What dbt parsed, as JSON."""
        return self.target / "manifest.json"

    @property
    def is_shared(self) -> bool:
        """Whether the paths of the project name the domain, so that other domains may use it too."""
        return any(_DOMAIN.search(path) for path in declared_paths(self.project, "model-paths"))

    def folders(self, *kinds: str) -> list[Path]:
        """The folders of these kinds (`model-paths`), of all kinds if none is named; those that are missing too."""
        return project_folders(self.project, self.domain, *kinds)

    @property
    def generated_sources(self) -> Path:
        """The folder of the declarations of sources, which are generated from contracts."""
        folders = self.folders("model-paths") or [self.project / "models"]
        own = next((folder for folder in folders if folder.parent.name == GENERATED_SOURCES), None)
        return own or folders[0] / GENERATED_SOURCES / self.domain

    @property
    def generated_macros(self) -> Path:
        """The folder of the platform's macros."""
        folders = self.folders("macro-paths") or [self.project / "macros"]
        own = next((folder for folder in folders if folder.name == GENERATED_MACROS), None)
        return own or folders[0] / GENERATED_MACROS


def find_dbt_project(root: Path, package: Path) -> Path:
    """The dbt project of a domain by its package folder: what its component names, or the shared one.

    A file that is no YAML is passed over; that is a fault of the file.
    """
    named = next((project for _, project in named_projects(package)), SHARED)
    return root / named


def named_projects(package: Path) -> Iterator[tuple[Path, str]]:
    """Each `bankmesh.DbtDataProducts` of a domain: its file, and the project that it names."""
    for name in ("defs.yaml", "component.yaml"):
        for file in sorted(package.glob(f"defs/**/{name}")):
            for document in _documents(file.read_text(encoding="utf-8", errors="replace")):
                if isinstance(document, dict) and document.get("type") == COMPONENT:
                    attributes = document.get("attributes") or {}
                    named = attributes.get("project") if isinstance(attributes, dict) else None
                    yield file, named if isinstance(named, str) and named else SHARED


def project_settings(project: Path) -> Mapping[str, Any]:
    """`dbt_project.yml` as data; empty where there is no such file, or where it is no mapping."""
    file = project / "dbt_project.yml"
    return _mapping(file.read_text(encoding="utf-8", errors="replace")) if file.is_file() else {}


def declared_paths(project: Path, kind: str) -> tuple[str, ...]:
    """The folders of one kind as `dbt_project.yml` writes them, or dbt's default."""
    written = project_settings(project).get(kind)
    return tuple(map(str, written)) if isinstance(written, list) else PATH_DEFAULTS[kind]


def project_folders(project: Path, domain: str, *kinds: str) -> list[Path]:
    """The folders that dbt reads for a domain, each once; those of all kinds if none is named."""
    paths = [_DOMAIN.sub(domain, path) for kind in kinds or PATH_DEFAULTS for path in declared_paths(project, kind)]
    return [project / path for path in dict.fromkeys(paths)]


def product_folder(project: Path, domain: str) -> Path:
    """The first folder of models that `dbt_project.yml` materializes as products; `products/` if it names none."""
    settings = project_settings(project)
    models = settings.get("models")
    of_project = models.get(settings.get("name")) if isinstance(models, dict) else None
    path = _path_of_products(of_project) or ("products",)
    return project_folders(project, domain, "model-paths")[-1].joinpath(*path)


def _path_of_products(section: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - any YAML value
    """The keys that lead to `+materialized: product`; None if none do."""
    if not isinstance(section, dict):
        return None
    if "product" in (section.get("+materialized"), section.get("materialized")):
        return ()
    for name, inner in section.items():
        if (found := _path_of_products(inner)) is not None:
            return (name, *found)
    return None


def packages_folder(project: Path) -> Path:
    """Where `dbt deps` installs the packages of a project."""
    return project / str(project_settings(project).get("packages-install-path") or "dbt_packages")


def installed_packages(project: Path) -> dict[str, Path]:
    """The installed packages by name, each with its folder."""
    folder = packages_folder(project)
    files = sorted(folder.glob("*/dbt_project.yml")) if folder.is_dir() else []
    return {str(project_settings(file.parent).get("name") or file.parent.name): file.parent for file in files}


def file_of(project: Path, node: Mapping[str, Any]) -> Path:
    """The file of a node or macro of a manifest, which may be one of an installed package."""
    return package_root(project, node["package_name"]) / str(node["original_file_path"])


def package_root(project: Path, package: str) -> Path:
    """The folder that the paths of a package's nodes begin at; that of the project for its own."""
    if package == project_settings(project).get("name"):
        return project
    return installed_packages(project).get(package, project)


@lru_cache(maxsize=4096)  # every load of a location reads those of all domains
def _documents(text: str) -> tuple[Any, ...]:
    try:
        return tuple(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return ()


@cache
def _mapping(text: str) -> Mapping[str, Any]:
    found = next(iter(_documents(text)), None)
    return found if isinstance(found, dict) else {}
