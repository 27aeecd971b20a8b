"""The dbt side of a domain as its manifest tells it: which models are products, and what they read.

The manifest is parsed once and kept under `MESH_HOME/dbt/<domain>`; while no file of the project changes,
loading a code location reads it and leaves dbt alone.
"""

from __future__ import annotations

import copy
import json
import os
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.catalog.readers import split_table
from bankmesh.contracts.data_tests import DbtTest
from bankmesh.errors import BankmeshError
from bankmesh.files import is_writable, lock_file, write_atomically
from bankmesh.products.code_versions import fingerprint_texts, imported_modules
from bankmesh.products.definition import LegacyInput, ProductInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bankmesh.contracts.model import Contract
    from bankmesh.products.definition import Input

# dbt keeps global state (flags, adapters, the environment): one invocation at a time in a process.
DBT_LOCK = threading.RLock()


class DbtParseError(BankmeshError):
    """A dbt project of a domain does not parse."""

    def __init__(self, domain: str, problem: str) -> None:
        self.domain, self.problem = domain, problem
        super().__init__(f"The dbt models of {domain} do not parse: {problem}")


@dataclass(frozen=True)
class DbtProjectPlace:
    """The dbt project as one domain sees it."""

    project: Path
    domain: str
    target: Path

    @property
    def manifest(self) -> Path:
        """What dbt parsed, as JSON."""
        return self.target / "manifest.json"


@contextmanager
def dbt_environment(domain: str) -> Iterator[None]:
    """dbt's turn, with the domain whose models it is to see."""
    with DBT_LOCK:
        before = os.environ.get("BANKMESH_DOMAIN")
        os.environ["BANKMESH_DOMAIN"] = domain
        try:
            yield
        finally:
            if before is None:
                del os.environ["BANKMESH_DOMAIN"]
            else:
                os.environ["BANKMESH_DOMAIN"] = before


def common_arguments(place: DbtProjectPlace) -> list[str]:
    """Arguments of every invocation: where the project is, and calm logs."""
    return [
        *("--project-dir", str(place.project), "--profiles-dir", str(place.project)),
        *("--target-path", str(place.target), "--log-path", str(place.target)),
        *("--log-level", "none", "--log-level-file", "none", "--quiet", "--no-use-colors"),
    ]


def load_manifest(place: DbtProjectPlace) -> dict[str, Any]:
    """The domain's manifest, parsed anew if a file of the project changed. Raises DbtParseError."""
    stamp = place.target / "parsed-from"
    wanted = project_fingerprint(place)
    place.target.mkdir(parents=True, exist_ok=True)
    # What nobody can write needs no lock to be read.
    with lock_file(place.target / "parsing.lock") if is_writable(place.target) else nullcontext():
        if not (place.manifest.is_file() and stamp.is_file() and stamp.read_text() == wanted):
            stamp.unlink(missing_ok=True)
            _MANIFESTS[place] = (wanted, parse(place))
            write_atomically(stamp, wanted)
        manifest: dict[str, Any] = json.loads(place.manifest.read_text(encoding="utf-8"))
    return manifest | {SETTINGS: result_settings(place)}


SETTINGS = "bankmesh_settings"
"""Key under which a loaded manifest holds what dbt leaves out of it: the settings that change results."""
_RESULT_SETTINGS = ("vars", "quoting", "dispatch")


def result_settings(place: DbtProjectPlace) -> dict[str, Any]:
    """What `dbt_project.yml` and `profiles.yml` say that can change the rows of any model; empty parts left out."""
    project = yaml.safe_load((place.project / "dbt_project.yml").read_text(encoding="utf-8")) or {}
    profiles = yaml.safe_load((place.project / "profiles.yml").read_text(encoding="utf-8")) or {}
    found = {key: project.get(key) for key in _RESULT_SETTINGS}
    return {key: value for key, value in {**found, "profiles": profiles}.items() if value}


def parse(place: DbtProjectPlace, *, write: bool = True) -> Any:  # noqa: ANN401 - dbt's own Manifest, not public
    """Run `dbt parse` in this process and return dbt's manifest object. Raises DbtParseError.

    Without `write` the manifest on disk, which a code location may be reading, is left as it is.
    """
    from dbt.cli.main import dbtRunner

    with dbt_environment(place.domain):
        how = [] if write else ["--no-write-json"]
        outcome = dbtRunner().invoke(["parse", *how, *common_arguments(place)])
    if not outcome.success:
        raise DbtParseError(place.domain, str(outcome.exception or "see dbt's log").strip())
    return outcome.result


# dbt's own manifest object by place, so that a process parses once and again only when a file changed.
_MANIFESTS: dict[DbtProjectPlace, tuple[str, Any]] = {}


def current_manifest(place: DbtProjectPlace) -> Any:  # noqa: ANN401 - dbt's own Manifest, not public
    """dbt's manifest object of the files as they are, parsed again when one changed. Raises DbtParseError.

    Each caller gets a copy: dbt writes compiled SQL into it, and would give ephemeral models of one run to the next.
    """
    wanted = project_fingerprint(place)
    known = _MANIFESTS.get(place)
    if known is None or known[0] != wanted:
        _MANIFESTS[place] = known = (wanted, parse(place, write=False))
    return _copy(known[1])


def _copy(manifest: Any) -> Any:  # noqa: ANN401 - dbt's own Manifest, not public
    """A manifest with nodes of its own; dbt's `deepcopy` fails on disabled nodes, and its lookups do not copy."""
    shared = {item.name: getattr(manifest, item.name) for item in fields(manifest) if not item.name.startswith("_")}
    own = {name: copy.deepcopy(shared[name]) for name in ("nodes", "unit_tests")}
    return type(manifest)(**{**shared, **own, "flat_graph": {}})


PROJECT_FILES = ("dbt_project.yml", "profiles.yml", "packages.yml", "dependencies.yml", ".dbtignore")


def project_fingerprint(place: DbtProjectPlace) -> str:
    """Changes when any file that dbt reads for this domain changes, whatever its kind."""
    folders = ("macros", f"models/_ports/{place.domain}", f"models/{place.domain}", f"tests/{place.domain}")
    found = [file for folder in folders for file in sorted((place.project / folder).rglob("*"))]
    found += [place.project / name for name in PROJECT_FILES]
    files = [file for file in found if file.is_file() and "__pycache__" not in file.parts]
    # Latin-1 reads any byte, so that a file that is no text counts too.
    return fingerprint_texts(text for file in files for text in (str(file), file.read_bytes().decode("latin-1")))


def model_name(contract: Contract) -> str:
    """The dbt model that keeps a contract: the product's name, with `_v2` from the second major on."""
    return contract.name if contract.major == 1 else f"{contract.name}_v{contract.major}"


def find_models(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The models of a manifest by name."""
    nodes: Mapping[str, dict[str, Any]] = manifest["nodes"]
    return {node["name"]: node for node in nodes.values() if node["resource_type"] == "model"}


def with_ancestors(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A model and every model it stands on, sorted by id; sources end the walk."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [node["unique_id"]]
    while waiting:
        unique_id = waiting.pop()
        if unique_id in found or unique_id not in manifest["nodes"]:
            continue
        found[unique_id] = manifest["nodes"][unique_id]
        waiting += found[unique_id]["depends_on"]["nodes"]
    return [found[unique_id] for unique_id in sorted(found)]


def model_inputs(
    manifest: Mapping[str, Any], node: Mapping[str, Any], domain: str, systems: frozenset[str]
) -> dict[str, Input]:
    """What a product model reads through `source()`, its staging models included."""
    inputs: dict[str, Input] = {}
    for model in with_ancestors(manifest, node):
        for unique_id in model["depends_on"]["nodes"]:
            source = manifest["sources"].get(unique_id)
            if source:
                schema, name = source["source_name"], source["name"]
                inputs[f"{schema}.{name}"] = (
                    LegacyInput(domain, schema, name) if schema in systems else product_source(schema, name)
                )
    return dict(sorted(inputs.items()))


def product_source(domain: str, table: str) -> ProductInput:
    """The product behind `source('retail', 'customer_360_v2')`."""
    return ProductInput(domain, *split_table(table))


def source_name(product: ProductInput) -> str:
    """What dbt calls a product that is read: `retail.customer_360_v2`."""
    return f"{product.domain}.{product.name}" + (f"_v{product.major}" if product.major > 1 else "")


def model_code_version(manifest: Mapping[str, Any], node: Mapping[str, Any], contract: Contract) -> str:
    """Changes with the code of the model or of a model below it and with all that it depends on.

    That is: a macro or a module of the domain that they use, their configuration, the project's variables and profile,
    a data test of the product, and the contract.
    """
    models = with_ancestors(manifest, node)
    macros = sorted(_macro_closure(manifest, [m for model in models for m in model["depends_on"]["macros"]]))
    configured = [json.dumps(model["config"], sort_keys=True, default=str) for model in models]
    texts = [contract.text, *(model["raw_code"] for model in models), *configured]
    texts += [manifest["macros"][name]["macro_sql"] for name in macros]
    texts.append(json.dumps(manifest.get(SETTINGS, {}), sort_keys=True, default=str))
    texts += [repr((c.name, c.severity, c.rule)) for c in contract.clauses if isinstance(c.rule, DbtTest)]
    return fingerprint_texts([*texts, *_imported_by(models, contract)])


def _imported_by(models: list[dict[str, Any]], contract: Contract) -> list[str]:
    """The texts of the domain's own modules that Python models import."""
    package = Path(contract.file).resolve().parents[1]
    codes = [model["raw_code"] for model in models if model["language"] == "python"]
    files = {file for code in codes for file in imported_modules(code, package)}
    return [file.read_text(encoding="utf-8") for file in sorted(files)]


def _macro_closure(manifest: Mapping[str, Any], start: list[str]) -> set[str]:
    own = manifest["metadata"]["project_name"]
    # Not among a model's dependencies, but code that makes the product: the materialisation and the inputs.
    always = (f"macro.{own}.materialization_", f"macro.{own}.open_inputs")
    waiting = [*start, *(name for name in manifest["macros"] if name.startswith(always))]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found and name in manifest["macros"] and name.split(".")[1] == own:
            found.add(name)
            waiting += manifest["macros"][name]["depends_on"]["macros"]
    return found
