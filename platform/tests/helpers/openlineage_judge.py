"""Judges OpenLineage events by the published JSON schemas, and by faults that other emitters are known for.

The schemas are not part of this repository: they are looked for in `openlineage_spec` below BANKMESH_REALDATA.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[3]
SPECIFICATION = Path(os.environ.get("BANKMESH_REALDATA", REPOSITORY.parent / "shared" / "data")) / "openlineage_spec"

needs_specification = pytest.mark.skipif(
    not (SPECIFICATION / "OpenLineage.json").is_file(), reason="the published schemas are not here"
)
Event = dict[str, Any]


def faults(event: Event) -> list[str]:
    """Everything that the schemas find wrong with an event and each of its facets."""
    registry, core, facets = _schemas()
    found = [f"{_path(e)}: {e.message[:200]}" for e in _validator({"$ref": f"{core}#/$defs/RunEvent"}, registry, event)]
    for where, name, facet in each_facet(event):
        places = facets.get(name, [])
        if not places:
            found.append(f"{where}.{name} is no facet of the specification")
            continue
        definition = facet["_schemaURL"].rpartition("/")[2]
        chosen = [place for place in places if place.rpartition("/")[2].startswith(f"{definition}.json")]
        if len(chosen) != 1:
            found.append(f"{where}.{name} says that it is {facet['_schemaURL']}, and the specification has {places}")
            continue
        schema = {"$ref": f"{chosen[0]}#/$defs/{definition}"}
        found += [f"{where}.{name}{_path(e)}: {e.message[:200]}" for e in _validator(schema, registry, facet)]
    return found


def known_faults(events: list[Event]) -> list[str]:
    """Faults that emitters are known for and no schema finds, over all events of a mesh."""
    found = []
    for event in events:
        run, job = event["run"]["runId"], event["job"]
        if str(uuid.UUID(run)) != run:
            found.append(f"{job['name']}: {run} is no UUID")
        if not event["inputs"] or len(event["outputs"]) != 1:
            found.append(f"{job['name']}: {len(event['inputs'])} inputs, {len(event['outputs'])} outputs")
        for dataset in (*event["inputs"], *event["outputs"]):
            found += _name_faults(dataset["namespace"], dataset["name"])
    by_run: dict[str, set[str]] = {}
    for event in events:
        by_run.setdefault(event["run"]["runId"], set()).add(event["job"]["name"])
    found += [f"{run} stands for {sorted(jobs)}" for run, jobs in by_run.items() if len(jobs) > 1]
    return found


def each_facet(event: Event) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every facet with where it stands and its name."""
    groups = {"run": event["run"]["facets"], "job": event["job"]["facets"]}
    for number, dataset in enumerate(event["inputs"]):
        groups |= {f"inputs[{number}].{kind}": dataset[kind] for kind in ("facets", "inputFacets")}
    for number, dataset in enumerate(event["outputs"]):
        groups |= {f"outputs[{number}].{kind}": dataset[kind] for kind in ("facets", "outputFacets")}
    for where, facets in groups.items():
        for name, facet in facets.items():
            yield where, name, facet


def _name_faults(namespace: str, name: str) -> Iterator[str]:
    if not namespace or not name:
        yield f"empty: {namespace!r} {name!r}"
    if namespace in {"file", ""}:
        # The naming page: a local file is `file` and its path, which is absolute and written one way only.
        if not name.startswith("/") or os.path.normpath(name) != name:
            yield f"{name} is no plain absolute path"
    elif name.startswith("/"):
        yield f"{name} begins with a slash"
    if "://" in name or (len(namespace) > len("file") and namespace in name):
        yield f"{namespace} stands again in {name}"
    if re.search(r"//|\s$|^\s", name):
        yield f"{name} is not written plainly"


@cache
def _schemas() -> tuple[Any, str, dict[str, list[str]]]:
    from referencing import Registry, Resource

    documents = [json.loads(path.read_text()) for path in sorted(SPECIFICATION.glob("facets/*.json"))]
    core = json.loads((SPECIFICATION / "OpenLineage.json").read_text())
    registry: Any = Registry()
    for document in (core, *documents):
        registry = registry.with_resource(document["$id"], Resource.from_contents(document))
    facets: dict[str, list[str]] = {}
    for document in documents:
        for name in document.get("properties", {}):
            facets.setdefault(name, []).append(document["$id"])
    return registry, core["$id"], facets


def _validator(schema: dict[str, str], registry: Any, value: object) -> Any:
    from jsonschema import Draft202012Validator as Validator

    return Validator(schema, registry=registry, format_checker=Validator.FORMAT_CHECKER).iter_errors(value)


def _path(error: Any) -> str:
    return "".join(f"[{part!r}]" for part in error.absolute_path)
