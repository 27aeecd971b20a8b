"""A foreign dbt project as its manifest describes it: models with their new names, seeds, sources, tests, the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_STEP_NAME = re.compile(r"(?:stg|base|int|src|tmp|prep)_")
_STEP_FOLDERS = frozenset({"staging", "intermediate", "base", "stage", "prep", "sources", "utils", "utilities"})
_MAJOR = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True)
class ForeignModel:
    """A model of the foreign project. `key` is its name in the domain: `orders`, and `orders_v2` for its version 2."""

    node: Mapping[str, Any] = field(hash=False)
    key: str
    major: int
    is_product: bool

    @property
    def unique_id(self) -> str:
        """dbt's id."""
        return str(self.node["unique_id"])

    @property
    def name(self) -> str:
        """The name without a version."""
        return str(self.node["name"])

    @property
    def path(self) -> PurePosixPath:
        """Its file, from the project's folder."""
        return PurePosixPath(self.node["original_file_path"])

    @property
    def is_python(self) -> bool:
        """Whether the model is written in Python."""
        return str(self.node["language"]) != "sql"


@dataclass(frozen=True)
class ForeignProject:
    """The project's own resources; those of its packages stay in the packages.

    Attributes:
        manifest: dbt's manifest.
        wanted: names of the models that become products; empty where naming and folders decide.
    """

    manifest: Mapping[str, Any]
    wanted: Collection[str] = ()

    @property
    def name(self) -> str:
        """The name in `dbt_project.yml`."""
        return str(self.manifest["metadata"]["project_name"])

    def own(self, *types: str) -> Iterator[Mapping[str, Any]]:
        """Yield the project's own nodes of these types, sorted by id."""
        for _, node in sorted(self.manifest["nodes"].items()):
            if node["package_name"] == self.name and node["resource_type"] in types:
                yield node

    @cached_property
    def models(self) -> dict[str, ForeignModel]:
        """The models by dbt's id."""
        return {node["unique_id"]: self._model(node) for node in self.own("model")}

    @cached_property
    def products(self) -> tuple[ForeignModel, ...]:
        """The models that become products, each after those that it reads."""
        return tuple(model for model in self.in_order() if model.is_product)

    @cached_property
    def seeds(self) -> tuple[Mapping[str, Any], ...]:
        """The seeds."""
        return tuple(self.own("seed"))

    @cached_property
    def sources(self) -> tuple[Mapping[str, Any], ...]:
        """The tables of the project's own sources, sorted."""
        found = [s for s in self.manifest["sources"].values() if s["package_name"] == self.name]
        return tuple(sorted(found, key=lambda s: (s["source_name"], s["name"])))

    @cached_property
    def tests(self) -> tuple[Mapping[str, Any], ...]:
        """The data tests."""
        return tuple(self.own("test"))

    def unsupported(self) -> Mapping[str, str]:
        """Return the models that cannot come in, each with the reason: what they read has no counterpart."""
        lost: dict[str, str] = {}
        for model in self.in_order():
            unique_id = model.unique_id
            for parent in model.node["depends_on"].get("nodes", ()):
                if parent.startswith("snapshot."):
                    lost[unique_id] = f"it reads the snapshot {parent.rpartition('.')[2]}"
                elif parent in lost:
                    lost[unique_id] = f"it reads {self.models[parent].key}, which does not come in"
            version = model.node.get("version")
            if version is not None and not _MAJOR.fullmatch(str(version)):
                lost[unique_id] = f"its version {version} is no whole number, and a version is a major of a contract"
            if model.is_product and model.is_python:
                lost[unique_id] = "it is written in Python, and a product is a model in SQL"
        return lost

    def reads(self, reader: str, read: str, also: Mapping[str, Collection[str]]) -> bool:
        """Whether one model reads another, directly or through others; a model reads itself, and those of `also`."""
        waiting, seen = [reader], set()
        while waiting:
            unique_id = waiting.pop()
            if unique_id == read:
                return True
            if unique_id in self.models and unique_id not in seen:
                seen.add(unique_id)
                waiting += [*self.models[unique_id].node["depends_on"].get("nodes", ()), *also.get(unique_id, ())]
        return False

    def reads_source(self, reader: str, source: str) -> bool:
        """Whether a model reads a source, directly or through other models."""
        parents = self.models[reader].node["depends_on"].get("nodes", ())
        return any(
            parent == source or (parent in self.models and self.reads_source(parent, source)) for parent in parents
        )

    def in_order(self) -> list[ForeignModel]:
        """Return the models, each after those that it reads."""
        found: dict[str, ForeignModel] = {}

        def visit(unique_id: str) -> None:
            if unique_id in found or unique_id not in self.models:
                return
            for parent in self.models[unique_id].node["depends_on"].get("nodes", ()):
                visit(parent)
            found[unique_id] = self.models[unique_id]

        for unique_id in sorted(self.models):
            visit(unique_id)
        return list(found.values())

    def _model(self, node: Mapping[str, Any]) -> ForeignModel:
        version = node.get("version")
        major = int(version) if version is not None and _MAJOR.fullmatch(str(version)) else 1
        key = node["name"] if major == 1 else f"{node['name']}_v{major}"
        return ForeignModel(node, key.lower(), major, self._is_product(node))

    def _is_product(self, node: Mapping[str, Any]) -> bool:
        if self.wanted:
            return node["name"] in self.wanted
        folders = {part.lower() for part in PurePosixPath(node["original_file_path"]).parts[:-1]}
        is_step = _STEP_NAME.match(node["name"]) or folders & _STEP_FOLDERS
        return not is_step and node["config"]["materialized"] != "ephemeral"
