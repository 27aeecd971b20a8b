"""The dbt side of a domain as its manifest tells it: which models are products, and what they read.

The manifest is parsed once and kept under `MESH_HOME/dbt/<domain>`; while no file of the project changes,
loading a code location reads it and leaves dbt alone.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bankmesh.errors import BankmeshError
from bankmesh.files import lock_file, write_atomically
from bankmesh.products.code_versions import fingerprint_texts
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
    with lock_file(place.target / "parsing.lock"):
        if not (place.manifest.is_file() and stamp.is_file() and stamp.read_text() == wanted):
            stamp.unlink(missing_ok=True)
            parse(place)
            write_atomically(stamp, wanted)
        return json.loads(place.manifest.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


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
    """dbt's manifest object of the files as they are, parsed again when one changed. Raises DbtParseError."""
    wanted = project_fingerprint(place)
    known = _MANIFESTS.get(place)
    if known is None or known[0] != wanted:
        _MANIFESTS[place] = known = (wanted, parse(place, write=False))
    return known[1]


def project_fingerprint(place: DbtProjectPlace) -> str:
    """Changes when any file that dbt reads for this domain changes."""
    folders = [
        place.project / "macros",
        *(place.project / "models" / d for d in ("_ports/" + place.domain, place.domain)),
    ]
    files = sorted(f for folder in folders for f in folder.rglob("*") if f.suffix in {".sql", ".yml", ".yaml"})
    files += [place.project / "dbt_project.yml", place.project / "profiles.yml"]
    return fingerprint_texts(text for f in files for text in (str(f), f.read_text(encoding="utf-8")))


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
    name, marker, major = table.rpartition("_v")
    if marker and name and major.isdigit():
        return ProductInput(domain, name, int(major))
    return ProductInput(domain, table)


def model_code_version(manifest: Mapping[str, Any], node: Mapping[str, Any], contract: Contract) -> str:
    """Changes with the SQL of the model or of a model below it, with a macro they use, or with the contract."""
    models = with_ancestors(manifest, node)
    macros = sorted(_macro_closure(manifest, [m for model in models for m in model["depends_on"]["macros"]]))
    configured = [json.dumps(model["config"], sort_keys=True, default=str) for model in models]
    texts = [contract.text, *(model["raw_code"] for model in models), *configured]
    return fingerprint_texts([*texts, *(manifest["macros"][name]["macro_sql"] for name in macros)])


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
