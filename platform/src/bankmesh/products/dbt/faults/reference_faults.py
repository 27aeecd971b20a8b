"""Faults of references that dbt accepts and cannot follow: of tests to no model, and of models in a cycle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bankmesh.errors import Fault
from bankmesh.products.dbt.configuration_lines import line_in
from bankmesh.products.dbt.faults.file_faults import REFERENCE
from bankmesh.products.dbt.faults.reference_hints import Reference, explain_reference, reference_of
from bankmesh.products.dbt.jinja_calls import CodeUnreadable, read_yaml_calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bankmesh.products.dbt.code_files import DbtFiles
    from bankmesh.products.dbt.faults.reference_hints import ReadableNames


def find_graph_faults(files: DbtFiles, manifest: Mapping[str, Any], names: ReadableNames) -> tuple[Fault, ...]:
    """Return faults of tests that dbt leaves out, since they refer to no model, and of models in a cycle."""
    return tuple(sorted({*_lost_references(files, manifest, names), *_cycles(files, manifest)}))


def _lost_references(files: DbtFiles, manifest: Mapping[str, Any], names: ReadableNames) -> Iterator[Fault]:
    disabled = (node for nodes in (manifest.get("disabled") or {}).values() for node in nodes)
    known = {node["name"] for node in (*manifest["nodes"].values(), *disabled)}
    own = manifest["metadata"]["project_name"]
    for node in (*manifest["nodes"].values(), *(manifest.get("unit_tests") or {}).values()):
        if node["resource_type"] not in {"test", "unit_test"} or node["package_name"] != own:
            continue
        file = files.place.project / node["original_file_path"]
        for reference in _references(node):
            if reference.name not in known:
                message = f"{node['name']} does not run: {explain_reference(reference, names)}"
                yield Fault(str(file), line_of_reference(files, file, reference), REFERENCE, message)


def _references(node: Mapping[str, Any]) -> Iterator[Reference]:
    for ref in node.get("refs") or ():
        version = ref.get("version")
        yield Reference(ref["name"], ref.get("package"), None if version is None else str(version))
    for given in node.get("given") or ():
        found = (reference_of(call) for call in read_yaml_calls(str(given["input"])).calls)
        yield from (reference for reference in found if reference)


def line_of_reference(files: DbtFiles, file: Path, reference: Reference) -> int:
    """Return the line of a `ref()` in a file, also of one with other arguments beside the name; 1 if there is none.

    A test in YAML may name a model without a `ref()`; then it is the line of that name.
    """
    try:
        calls = files.code(file).calls
    except (CodeUnreadable, OSError):
        return 1
    found = [(written, call.line) for call in calls if (written := reference_of(call))]
    exact = [line for written, line in found if written == reference]
    near = [line for written, line in found if written.name == reference.name]
    return next(iter(exact or near), 0) or line_in(file, rf"\bname:\s*['\"]?{re.escape(reference.name)}\b")


def _cycles(files: DbtFiles, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield one fault for each cycle of models, at its first model by name."""
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    named: set[str] = set()
    for start in sorted(nodes):
        ring = [] if start in named else _ring(nodes, start)
        if ring:
            named |= set(ring)
            model, read = nodes[start], nodes[ring[1 % len(ring)]]
            file = files.place.project / model["original_file_path"]
            path = " reads ".join(nodes[key]["name"] for key in (*ring, start))
            line = line_of_reference(files, file, Reference(read["name"]))
            yield Fault(str(file), line, REFERENCE, f"{path}: none of them can be built first. Remove one ref()")


def _ring(nodes: Mapping[str, Any], start: str) -> list[str]:
    """Return the shortest cycle of models through this one; empty if it does not depend on itself."""
    ways: dict[str, list[str]] = {start: [start]}
    waiting = [start]
    while waiting:
        key = waiting.pop(0)
        for read in nodes[key]["depends_on"]["nodes"]:
            if read == start:
                return ways[key]
            if read in nodes and read not in ways:
                ways[read] = [*ways[key], read]
                waiting.append(read)
    return []
