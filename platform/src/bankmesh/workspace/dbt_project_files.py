"""dbt projects of domains as files: which project a domain uses, and which folders dbt reads for it.

By default domains share `dbt_project/`. Its paths contain `env_var('BANKMESH_DOMAIN')`, so that each domain reads
only its own folders. A domain that needs its own packages, `vars` or settings has its own project, which its
`bankmesh.DbtDataProducts` component names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHARED = "dbt_project"
"""The project of every domain that names none: a folder of the workspace root."""

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
    """The dbt project of one domain; `target` is the folder that dbt writes its artifacts to."""

    project: Path
    domain: str
    target: Path

    @property
    def manifest(self) -> Path:
        """The path of dbt's `manifest.json`."""
        return self.target / "manifest.json"

    @property
    def is_shared(self) -> bool:
        """Whether the project's model paths depend on the domain, so that several domains can use it."""
        return any(_DOMAIN.search(path) for path in declared_paths(self.project, "model-paths"))

    def folders(self, *kinds: str) -> list[Path]:
        """Return the folders of these kinds (`model-paths`), or of all kinds by default, including missing ones."""
        return project_folders(self.project, self.domain, *kinds)

    @property
    def generated_sources(self) -> Path:
        """The folder of the source declarations that are generated from contracts."""
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
    """Return the dbt project of a domain, by its package folder: the one that its component names, or the shared one.

    A file that is not valid YAML is skipped; that is reported as a fault of the file (`yaml-syntax`).
    """
    named = next((project for _, project in named_projects(package)), SHARED)
    return root / named


def named_projects(package: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file of each `bankmesh.DbtDataProducts` of a domain, with the project that it names."""
    for name in ("defs.yaml", "component.yaml"):
        for file in sorted(package.glob(f"defs/**/{name}")):
            for document in _documents(file.read_text(encoding="utf-8", errors="replace")):
                if isinstance(document, dict) and document.get("type") == COMPONENT:
                    attributes = document.get("attributes") or {}
                    named = attributes.get("project") if isinstance(attributes, dict) else None
                    yield file, named if isinstance(named, str) and named else SHARED


def project_settings(project: Path) -> Mapping[str, Any]:
    """Return `dbt_project.yml` as data; empty if the file is missing or is not a mapping."""
    file = project / "dbt_project.yml"
    return _mapping(file.read_text(encoding="utf-8", errors="replace")) if file.is_file() else {}


def declared_paths(project: Path, kind: str) -> tuple[str, ...]:
    """Return the folders of one kind as `dbt_project.yml` declares them, or dbt's default."""
    written = project_settings(project).get(kind)
    return tuple(map(str, written)) if isinstance(written, list) else PATH_DEFAULTS[kind]


def project_folders(project: Path, domain: str, *kinds: str) -> list[Path]:
    """Return the folders that dbt reads for a domain, without duplicates; those of all kinds by default."""
    paths = [_DOMAIN.sub(domain, path) for kind in kinds or PATH_DEFAULTS for path in declared_paths(project, kind)]
    return [project / path for path in dict.fromkeys(paths)]


def product_folder(project: Path, domain: str) -> Path:
    """Return the first model folder that `dbt_project.yml` materializes as `product`, by default `products/`."""
    path = _path_of_products(_model_settings(project)) or ("products",)
    return project_folders(project, domain, "model-paths")[-1].joinpath(*path)


def is_product_model(project: Path, domain: str, file: Path) -> bool:
    """Whether a model is materialized as `product`: by its own `config()`, else by `dbt_project.yml`."""
    if own := _OWN_MATERIALIZATION.search(file.read_text(encoding="utf-8", errors="replace")):
        return own[2] == _PRODUCT
    settings = _model_settings(project)
    if _path_of_products(settings) is None:
        settings = {"products": {"+materialized": _PRODUCT}}
    return any(
        _materialization(settings, (*file.relative_to(folder).parts[:-1], file.stem)) == _PRODUCT
        for folder in project_folders(project, domain, "model-paths")
        if file.is_relative_to(folder)
    )


_PRODUCT = "product"
_OWN_MATERIALIZATION = re.compile(r"\bmaterialized\s*=\s*(['\"])(\w+)\1")


def _model_settings(project: Path) -> Any:  # noqa: ANN401 - any YAML value
    settings = project_settings(project)
    models = settings.get("models")
    return models.get(settings.get("name")) if isinstance(models, dict) else None


def _path_of_products(section: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - any YAML value
    """Return the keys that lead to `+materialized: product`, or None."""
    if not isinstance(section, dict):
        return None
    if _own_materialization(section) == _PRODUCT:
        return ()
    for name, inner in section.items():
        if (found := _path_of_products(inner)) is not None:
            return (name, *found)
    return None


def _materialization(section: Any, path: Sequence[str]) -> object:  # noqa: ANN401 - any YAML value
    """Return the materialization that the settings give to a model: that of the nearest folder that names one."""
    found: object = None
    for key in (None, *path):
        section = section.get(key) if key is not None else section
        if not isinstance(section, dict):
            break
        found = _own_materialization(section) or found
    return found


def _own_materialization(section: Mapping[str, Any]) -> object:
    return section.get("+materialized") or section.get("materialized")


def packages_folder(project: Path) -> Path:
    """Return the folder in which `dbt deps` installs the packages of a project."""
    return project / str(project_settings(project).get("packages-install-path") or "dbt_packages")


def installed_packages(project: Path) -> dict[str, Path]:
    """Return the folder of each installed package by its name."""
    folder = packages_folder(project)
    files = sorted(folder.glob("*/dbt_project.yml")) if folder.is_dir() else []
    return {str(project_settings(file.parent).get("name") or file.parent.name): file.parent for file in files}


def file_of(project: Path, node: Mapping[str, Any]) -> Path:
    """Return the file of a node or macro of a manifest, which may belong to an installed package."""
    return package_root(project, node["package_name"]) / str(node["original_file_path"])


def package_root(project: Path, package: str) -> Path:
    """Return the folder that the paths of a package's nodes are relative to; for its own nodes, the project's."""
    if package == project_settings(project).get("name"):
        return project
    return installed_packages(project).get(package, project)


@lru_cache(maxsize=4096)  # every load of a code location reads the files of all domains
def _documents(text: str) -> tuple[Any, ...]:
    try:
        return tuple(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return ()


@cache
def _mapping(text: str) -> Mapping[str, Any]:
    found = next(iter(_documents(text)), None)
    return found if isinstance(found, dict) else {}
