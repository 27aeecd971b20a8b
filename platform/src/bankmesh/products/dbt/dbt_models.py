"""The models of a domain in dbt's manifest: which are products, what they read, and what decides their rows.

The manifest is parsed once and kept under `MESH_HOME/dbt/<domain>`; while no file of the project changes,
loading a code location reads it without running dbt.
"""

from __future__ import annotations

import copy
import json
import os
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.errors import BankmeshError
from bankmesh.names import port_of_table
from bankmesh.products.code.code_versions import fingerprint_texts
from bankmesh.products.product_definition import LegacyInput, ProductInput
from bankmesh.storage.atomic_files import is_writable, lock_file, walk_files, write_atomically
from bankmesh.workspace.dbt_project_files import DOMAIN_VARIABLE, installed_packages, packages_folder, project_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.products.product_definition import Input
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace

# dbt keeps global state (flags, adapters, the environment): one invocation at a time in a process.
DBT_LOCK = threading.RLock()


class DbtParseError(BankmeshError):
    """A dbt project of a domain does not parse."""

    def __init__(self, domain: str, problem: str) -> None:
        self.domain, self.problem = domain, problem
        super().__init__(f"The dbt models of {domain} do not parse: {problem}")


@contextmanager
def dbt_environment(domain: str) -> Iterator[None]:
    """Hold the lock of dbt and set the domain whose models it reads.

    Variables that set options of dbt are removed meanwhile: `DBT_EMPTY` would build every product without rows.
    """
    with DBT_LOCK:
        hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("DBT_")}
        before = os.environ.get(DOMAIN_VARIABLE)
        os.environ[DOMAIN_VARIABLE] = domain
        try:
            yield
        finally:
            os.environ.update(hidden)
            if before is None:
                del os.environ[DOMAIN_VARIABLE]
            else:
                os.environ[DOMAIN_VARIABLE] = before


PROFILE, TARGET = "bankmesh", "candidate"
_FILES = Path(__file__).parent / "dbt_files"


def common_arguments(place: DbtProjectPlace) -> list[str]:
    """Return the arguments of every invocation: project folder, profile, and no output but results."""
    return [
        *("--project-dir", str(place.project), "--profiles-dir", str(profile_file(place.project).parent)),
        *("--profile", PROFILE, "--target", TARGET, "--no-send-anonymous-usage-stats"),
        *("--target-path", str(place.target), "--log-path", str(place.target)),
        *("--log-level", "none", "--log-level-file", "none", "--quiet", "--no-use-colors"),
    ]


def profile_file(project: Path) -> Path:
    """Return the file of the profile `bankmesh`: the project's own if it has one, else the platform's."""
    own = project / "profiles.yml"
    return own if PROFILE in read_profiles(own) else _FILES / "profiles.yml"


def read_profiles(file: Path) -> Mapping[str, Any]:
    """Return the profiles of a file; none if it does not exist or is not a mapping."""
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8", errors="replace")) if file.is_file() else None
    except yaml.YAMLError:
        found = None
    return found if isinstance(found, dict) else {}


def load_manifest(place: DbtProjectPlace) -> dict[str, Any]:
    """Return the domain's manifest, parsed again if a file of the project changed. Raises DbtParseError."""
    stamp = place.target / "parsed-from"
    wanted = project_fingerprint(place)
    place.target.mkdir(parents=True, exist_ok=True)
    # A folder that nobody can write needs no lock for reading.
    with lock_file(place.target / "parsing.lock") if is_writable(place.target) else nullcontext():
        if not (place.manifest.is_file() and stamp.is_file() and stamp.read_text() == wanted):
            stamp.unlink(missing_ok=True)
            _MANIFESTS[place] = (wanted, parse(place))
            write_atomically(stamp, wanted)
        manifest: dict[str, Any] = json.loads(place.manifest.read_text(encoding="utf-8"))
    installed = installed_packages(place.project)
    packages = {name: (folder / "dbt_project.yml").read_text() for name, folder in installed.items()}
    return manifest | {SETTINGS: result_settings(place), PACKAGES: packages}


SETTINGS = "bankmesh_settings"
"""Key under which a loaded manifest holds the settings that change results, which dbt leaves out of it."""
PACKAGES = "bankmesh_packages"
"""Key under which it holds the text of `dbt_project.yml` of each installed package, by the package's name."""
_RESULT_SETTINGS = ("vars", "quoting", "dispatch")


def result_settings(place: DbtProjectPlace) -> dict[str, Any]:
    """Return the settings in `dbt_project.yml` and the profile that can change a model's rows, without empty ones."""
    project = project_settings(place.project)
    found = {key: project.get(key) for key in _RESULT_SETTINGS}
    profiles = read_profiles(profile_file(place.project))
    return {key: value for key, value in {**found, "profiles": profiles}.items() if value}


def parse(place: DbtProjectPlace, *, write: bool = True) -> Any:  # noqa: ANN401 - dbt's own Manifest, not public
    """Run `dbt parse` in this process and return dbt's manifest object. Raises DbtParseError.

    Without `write` the manifest on disk, which a code location may be reading, is left as it is.
    """
    from dbt.cli.main import dbtRunner

    with dbt_environment(place.domain):
        _forget_other_properties(place)
        outcome = dbtRunner().invoke(
            ["parse", "--write-json" if write else "--no-write-json", *common_arguments(place)]
        )
    if not outcome.success:
        problem = str(outcome.exception or "see dbt's log").strip()
        raise DbtParseError(place.domain, problem) from outcome.exception
    return outcome.result


def _forget_other_properties(place: DbtProjectPlace) -> None:
    """Remove dbt's partial parse if a YAML file changed since.

    dbt compares YAML files only by their times, which are the same in every image that is built reproducibly, and its
    partial parse can keep a data test that was removed. It compares other files by content.
    """
    folders = [*place.folders(), packages_folder(place.project)]
    files = [file for folder in folders for file in walk_files(folder) if file.suffix in {".yml", ".yaml"}]
    wanted = fingerprint_texts(text for file in files for text in (str(file), file.read_bytes().decode("latin-1")))
    stamp = place.target / "properties-parsed-from"
    if is_writable(place.target) and not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        (place.target / "partial_parse.msgpack").unlink(missing_ok=True)
        write_atomically(stamp, wanted)


# dbt's own manifest object by place, so that a process parses once and again only when a file changed.
_MANIFESTS: dict[DbtProjectPlace, tuple[str, Any]] = {}


def current_manifest(place: DbtProjectPlace) -> Any:  # noqa: ANN401 - dbt's own Manifest, not public
    """Return dbt's manifest object of the current files, parsed again when one changed. Raises DbtParseError.

    Each caller gets a copy: dbt writes compiled SQL into it, and would carry ephemeral models from one run to the next.
    """
    wanted = project_fingerprint(place)
    known = _MANIFESTS.get(place)
    if known is None or known[0] != wanted:
        _MANIFESTS[place] = known = (wanted, parse(place, write=False))
    return _copy(known[1])


def _copy(manifest: Any) -> Any:  # noqa: ANN401 - dbt's own Manifest, not public
    """Return a manifest with its own nodes; dbt's `deepcopy` fails on disabled nodes, and its lookups do not copy."""
    shared = {item.name: getattr(manifest, item.name) for item in fields(manifest) if not item.name.startswith("_")}
    own = {name: copy.deepcopy(shared[name]) for name in ("nodes", "unit_tests")}
    return type(manifest)(**{**shared, **own, "flat_graph": {}})


PROJECT_FILES = (
    *("dbt_project.yml", "profiles.yml", "packages.yml", "package-lock.yml", "dependencies.yml", "selectors.yml"),
    ".dbtignore",
)


def project_fingerprint(place: DbtProjectPlace) -> str:
    """Return a hash that changes when any file that dbt reads for this domain changes, installed packages included."""
    folders = [*place.folders(), packages_folder(place.project)]
    found = {file: None for folder in folders for file in walk_files(folder)}
    files = [*found, *(place.project / name for name in PROJECT_FILES), profile_file(place.project)]
    # Latin-1 decodes any byte, so that binary files count too.
    return fingerprint_texts(
        text for file in files if file.is_file() for text in (str(file), file.read_bytes().decode("latin-1"))
    )


def model_key(name: str, version: object, package: str, project: str) -> str:
    """Return a model's key: its name, with `_v2` for its version 2; a version of dbt is a major of a product.

    Version 1 and no version are the same. The key of a model of an installed package starts with the package.
    """
    key = name if str(version or 1) == "1" else f"{name}_v{version}"
    return key if package == project else f"{package}.{key}"


def key_of(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """Return the key of a model of a manifest."""
    return model_key(node["name"], node.get("version"), node["package_name"], manifest["metadata"]["project_name"])


def key_of_node(place: DbtProjectPlace, node: Any) -> str:  # noqa: ANN401 - dbt's own node, not public
    """Return the key of a model among dbt's own objects."""
    project = str(project_settings(place.project).get("name"))
    return model_key(node.name, getattr(node, "version", None), node.package_name, project)


def select_models(place: DbtProjectPlace, manifest: Any, models: Iterable[str]) -> list[str]:  # noqa: ANN401 - as above
    """Return `select_nodes` for models of the project by their keys, and for every model that they depend on."""
    wanted = set(models)
    waiting = [name for name, node in manifest.nodes.items() if _is_model(node) and key_of_node(place, node) in wanted]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found and name in manifest.nodes:
            found.add(name)
            waiting += manifest.nodes[name].depends_on_nodes
    return select_nodes(manifest, found)


def _is_model(node: Any) -> bool:  # noqa: ANN401 - as above
    return str(node.resource_type) == "model"


_SELECTED = "bankmesh_selected"


def select_nodes(manifest: Any, unique_ids: Iterable[str]) -> list[str]:  # noqa: ANN401 - as above
    """Return arguments by which dbt selects exactly these nodes of a manifest, which must be the caller's own copy.

    dbt selects by names, and those of folders, packages and versions match too; a tag of our own matches no other node.
    """
    for unique_id in unique_ids:
        if (node := manifest.nodes.get(unique_id)) is not None:
            node.tags = [*node.tags, _SELECTED]
        else:
            config = manifest.unit_tests[unique_id].config
            config.tags = [*config.tags, _SELECTED]
    return ["--select", f"tag:{_SELECTED}", "--indirect-selection", "empty"]


def find_models(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the models of the project itself by their keys, without those of installed packages."""
    own = manifest["metadata"]["project_name"]
    nodes: Mapping[str, dict[str, Any]] = manifest["nodes"]
    found = (node for node in nodes.values() if node["resource_type"] == "model" and node["package_name"] == own)
    return {key_of(manifest, node): node for node in found}


def with_ancestors(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a model and every model that it depends on, sorted by id; sources end the traversal."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [node["unique_id"]]
    while waiting:
        unique_id = waiting.pop()
        if unique_id in found or unique_id not in manifest["nodes"]:
            continue
        found[unique_id] = manifest["nodes"][unique_id]
        waiting += found[unique_id]["depends_on"].get("nodes", ())
    return [found[unique_id] for unique_id in sorted(found)]


def model_inputs(
    manifest: Mapping[str, Any], node: Mapping[str, Any], domain: str, systems: frozenset[str]
) -> dict[str, Input]:
    """Return what a product model reads through `source()`, its staging models included."""
    inputs: dict[str, Input] = {}
    for model in with_ancestors(manifest, node):
        for unique_id in model["depends_on"].get("nodes", ()):
            source = manifest["sources"].get(unique_id)
            if source:
                schema, name = source["source_name"], source["name"]
                inputs[f"{schema}.{name}"] = (
                    LegacyInput(domain, schema, name) if schema in systems else product_source(schema, name)
                )
    return dict(sorted(inputs.items()))


def product_source(domain: str, table: str) -> ProductInput:
    """Return the product that `source('retail', 'customer_360_v2')` names."""
    name = port_of_table(domain, table)
    return ProductInput(name.domain, name.product, name.major)


def source_name(product: ProductInput) -> str:
    """Return dbt's name of a product that is read: `retail.customer_360_v2`."""
    return f"{product.domain}.{product.port.table}"
