"""Faults of a dbt project's own files, found before dbt parses: packages, hooks, paths, the profile, generated files.

Domains share one project, so only the folders that its paths name may belong to one domain alone. A project of a
domain's own may have packages and any folders.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bankmesh.errors import Fault
from bankmesh.products.dbt.configuration_lines import line_in, read_yaml
from bankmesh.products.dbt.dbt_models import PROFILE, TARGET, read_profiles
from bankmesh.storage.atomic_files import walk_files
from bankmesh.workspace.dbt_project_files import (
    DOMAIN_VARIABLE,
    GENERATED_MACROS,
    PATH_DEFAULTS,
    find_dbt_project,
    installed_packages,
    named_projects,
    packages_folder,
    project_settings,
)
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bankmesh.workspace.dbt_project_files import DbtProjectPlace

PROJECT, RESOURCE, MACRO = "dbt-project", "dbt-resource", "dbt-macro"

RESOURCES = {
    "snapshot": "snapshots keep state between runs, and a run here has none; read history from a landing",
    "seed": "seeds are not loaded; declare the file as a legacy object in sources/*.yaml",
}
ONE_CODE = "so one code version could give different rows; write the value under vars in dbt_project.yml"
_HOOK = "{{ open_inputs() }}"
_VARIABLE = f"{{{{ env_var('{DOMAIN_VARIABLE}') }}}}"
_SHARED_PATHS: Mapping[str, list[list[str]]] = {
    "model-paths": [[f"models/_ports/{_VARIABLE}", f"models/{_VARIABLE}"]],
    "macro-paths": [[f"macros/{GENERATED_MACROS}", f"macros/{_VARIABLE}"]],
    "test-paths": [[f"tests/{_VARIABLE}"], []],
    "seed-paths": [[]],
    "snapshot-paths": [[]],
    "function-paths": [[]],
}
_OTHER_VARIABLE = re.compile(rf"\benv_var\b(?!\s*\(\s*['\"]{DOMAIN_VARIABLE}['\"]\s*\))")
_JINJA = re.compile(r"\{[{%]")
_PLATFORM_MACROS = ("open_inputs", "in_partitions", "exact_mean")


def find_project_faults(place: DbtProjectPlace, root: Path | None = None) -> tuple[Fault, ...]:
    """Return the faults of the project of a domain's models; `root` is the workspace, to find its other users."""
    faults = [
        *_project_file(place.project),
        *(_packages_of_shared(place.project) if place.is_shared else _packages(place.project)),
        *_paths(place),
        *_profile(place.project),
        *_platform_macros(place),
        *_unread_folders(place),
        *_properties(place),
        *(_users(place, root) if root is not None else ()),
    ]
    return tuple(sorted(faults))


def _users(place: DbtProjectPlace, root: Path) -> Iterator[Fault]:
    """Yield faults of a project that several domains use without separation, and of a domain with two projects."""
    used = [package for package in domain_packages(root) if find_dbt_project(root, package) == place.project]
    # A project in a domain's folder belongs to that domain; other domains that name it do not stop it.
    is_owner = place.project.is_relative_to(root / "domains" / place.domain)
    if len(used) > 1 and not place.is_shared and not is_owner:
        document = read_yaml(place.project / "dbt_project.yml")
        names = ", ".join(package.name for package in used)
        message = (
            f"the domains {names} use this project, and a model that does not parse would stop all of them; write "
            f"model-paths: {_SHARED_PATHS['model-paths'][0]}, or give each a project of its own"
        )
        yield Fault(document.file, document.line(("model-paths",)), PROJECT, message)
    own = next((package for package in domain_packages(root) if package.name == place.domain), None)
    named = [] if own is None else list(named_projects(own))
    for file, _ in named[1:]:
        message = f"{place.domain} has its dbt products in {named[0][0]} already; a domain has one dbt project"
        yield Fault(str(file), 1, PROJECT, message)


def _project_file(project: Path) -> Iterator[Fault]:
    document = read_yaml(project / "dbt_project.yml")
    settings = document.data if isinstance(document.data, dict) else {}
    for hook in ("on-run-start", "on-run-end"):
        written = settings.get(hook) or []
        hooks = [str(text).strip() for text in (written if isinstance(written, list) else [written])]
        if hook == "on-run-start" and hooks != [_HOOK]:
            message = f'{hook} must be "{_HOOK}" and nothing else: it opens the inputs of a run; write a model'
            yield Fault(document.file, document.line((hook,)), PROJECT, message)
        elif hook == "on-run-end" and hooks:
            message = f"{hook}: nothing runs after the models; write it as a model"
            yield Fault(document.file, document.line((hook,)), PROJECT, message)
    yield from _environment(project / "dbt_project.yml")
    for name in ("packages.yml", "dependencies.yml"):
        document = read_yaml(project / name)
        if isinstance(document.data, dict) and document.data.get("projects"):
            message = "projects of others are not read; a product of another domain is source('domain', 'product')"
            yield Fault(document.file, document.line(("projects",)), PROJECT, message)


def _environment(file: Path) -> Iterator[Fault]:
    if file.is_file() and (line := line_in(file, _OTHER_VARIABLE.pattern, default=0)):
        yield Fault(str(file), line, PROJECT, f"{file.name} reads an environment variable, {ONE_CODE}")


# --- Packages --------------------------------------------------------------------------------------------------------


def _packages_of_shared(project: Path) -> Iterator[Fault]:
    for file, line, _ in _declared_packages(project):
        message = (
            "packages are not loaded into a project that domains share: those of one would change all others. Give the "
            "domain a project of its own with them, named in its defs.yaml: attributes: {project: <folder>}"
        )
        yield Fault(file, line, PROJECT, message)
        return


def _properties(place: DbtProjectPlace) -> Iterator[Fault]:
    """Yield faults of YAML files that read an environment variable: dbt reads it while parsing and keeps the value."""
    for folder in place.folders("model-paths", "test-paths", "macro-paths"):
        for file in walk_files(folder):
            if file.suffix in {".yml", ".yaml"}:
                yield from _environment(file)


def _packages(project: Path) -> Iterator[Fault]:
    declared, installed = list(_declared_packages(project)), installed_packages(project)
    todo = f"run dbt deps --project-dir {project}"
    place = f"in {packages_folder(project)}"
    missing = [(file, line, name) for file, line, name in declared if name is not None and name not in installed]
    for file, line, name in missing:
        yield Fault(file, line, PROJECT, f"the package {name} is declared and not installed {place}; {todo}")
    if declared and not missing and len(declared) > len(installed):
        file, line, _ = declared[0]
        message = f"packages declared: {len(declared)}, installed {place}: {len(installed)}; {todo}"
        yield Fault(file, line, PROJECT, message)

    for name, folder in installed.items():
        yield from _environment(folder / "dbt_project.yml")
        document = read_yaml(folder / "dbt_project.yml")
        for hook in ("on-run-start", "on-run-end"):
            if isinstance(document.data, dict) and document.data.get(hook):
                message = f"{hook}: hooks of the package {name} would run beside the models; remove the package"
                yield Fault(document.file, document.line((hook,)), PROJECT, message)


def _declared_packages(project: Path) -> Iterator[tuple[str, int, str | None]]:
    """Yield file, line and, where the declaration gives it, the name of each package."""
    for file_name in ("packages.yml", "dependencies.yml"):
        document = read_yaml(project / file_name)
        packages = document.data.get("packages") if isinstance(document.data, dict) else None
        for index, entry in enumerate(packages if isinstance(packages, list) else []):
            yield document.file, document.line(("packages", index)), _package_name(project, entry)


def _package_name(project: Path, entry: Any) -> str | None:  # noqa: ANN401 - any YAML value
    """Return the name of a package of the hub or of a folder; None for a repository, whose name is not known yet."""
    place = entry if isinstance(entry, dict) else {}
    if isinstance(place.get("local"), str):
        name = project_settings(project / place["local"]).get("name")
        return str(name) if name else None
    return place["package"].rpartition("/")[2] if isinstance(place.get("package"), str) else None


# --- Folders ---------------------------------------------------------------------------------------------------------


def _paths(place: DbtProjectPlace) -> Iterator[Fault]:
    document = read_yaml(place.project / "dbt_project.yml")
    settings = document.data if isinstance(document.data, dict) else {}
    for key in PATH_DEFAULTS:
        if key not in settings:
            continue
        written = settings[key] or []
        at = document.line((key,))
        if place.is_shared:
            allowed = _SHARED_PATHS.get(key)
            if allowed is not None and written not in allowed:
                message = f"{key} must be {' or '.join(map(str, allowed))}, so that domains see their own files alone"
                yield Fault(document.file, at, PROJECT, message)
        elif not isinstance(written, list) or any(map(_is_outside, map(str, written))):
            yield Fault(document.file, at, PROJECT, f"{key} must be a list of folders inside of the project")
    for key in () if place.is_shared else ("model-paths", "macro-paths"):
        if key in settings and not settings[key]:
            message = f"{key} must name a folder: the platform writes {_GENERATED[key]} into it"
            yield Fault(document.file, document.line((key,)), PROJECT, message)


_GENERATED = {"model-paths": "source declarations", "macro-paths": "its macros"}


def _is_outside(path: str) -> bool:
    return path.startswith(("/", "~")) or ".." in path.split("/") or bool(_JINJA.search(path))


def _unread_folders(place: DbtProjectPlace) -> Iterator[Fault]:
    for kind, why in RESOURCES.items():
        folders = {place.project / f"{kind}s", *place.folders(f"{kind}-paths")}
        for folder in sorted(folders):
            for file in walk_files(folder):
                if file.suffix in {".sql", ".py", ".csv", ".yml", ".yaml"}:
                    yield Fault(str(file), 1, RESOURCE, why)


def _platform_macros(place: DbtProjectPlace) -> Iterator[Fault]:
    """Yield faults of macros of the project that have the name of a generated one: dbt would accept neither."""
    generated = set(walk_files(place.generated_macros))
    names = "|".join(_PLATFORM_MACROS)
    pattern = rf"\{{%-?\s*macro\s+({names})\b|\{{%-?\s*materialization\s+product\b"
    for folder in place.folders("macro-paths"):
        for file in walk_files(folder):
            if file.suffix == ".sql" and file not in generated and (line := line_in(file, pattern, default=0)):
                message = (
                    f"the platform writes this macro into {place.generated_macros.relative_to(place.project)}; "
                    "delete it here, or give it another name"
                )
                yield Fault(str(file), line, MACRO, message)


# --- The profile -----------------------------------------------------------------------------------------------------


def _profile(project: Path) -> Iterator[Fault]:
    """Yield a fault if the project's own profile is not what the platform's is: DuckDB in memory."""
    file = project / "profiles.yml"
    profile = read_profiles(file).get(PROFILE)
    if profile is None:
        return
    outputs = profile.get("outputs") if isinstance(profile, dict) else None
    output = outputs.get(TARGET) if isinstance(outputs, dict) else None
    at = read_yaml(file).line((PROFILE, "outputs", TARGET))
    is_in_memory = isinstance(output, dict) and output.get("path", ":memory:") == ":memory:"
    if not (is_in_memory and output is not None and output.get("type") == "duckdb") or output.get("attach"):
        message = (
            f"the profile {PROFILE} must have an output {TARGET} of type duckdb with path ':memory:' that attaches no "
            "database: products are published through their ports alone; change it, or delete the profile"
        )
        yield Fault(str(file), at, PROJECT, message)
    yield from _environment(file)
