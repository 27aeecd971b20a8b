"""The names that resources of a foreign dbt project get in a domain, and the references that result."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bankmesh.scaffolding.dbt_import.jinja_references import ModelReference

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bankmesh.scaffolding.dbt_import.foreign_project import ForeignModel, ForeignProject


def snake_case(name: str) -> str:
    """Return a name in small letters, digits and underscores that begins with a letter."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    found = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    return found if found[:1].isalpha() else f"c_{found}"


def column_name(name: str) -> str:
    """Return a column's name in small letters if nothing else is wrong with it: DuckDB does not distinguish them."""
    return name.lower() if re.fullmatch(r"[a-z][a-z0-9_]*", name.lower()) else name


@dataclass(frozen=True)
class ImportNames:
    """Names in the domain `domain`; `taken` are the names of all domains, which no legacy system may have."""

    project: ForeignProject
    domain: str
    taken: Collection[str]

    @property
    def seed_system(self) -> str:
        """The legacy system of the seeds."""
        return f"{self.domain}_seeds"

    def system(self, source_name: str) -> str:
        """Return the legacy system of a dbt source; a domain's name would mean its products."""
        name = snake_case(source_name)
        return f"{name}_source" if name in {self.domain, self.seed_system, *self.taken} else name

    def object(self, node: Mapping[str, Any]) -> tuple[str, str]:
        """Return system and object of a seed or a source."""
        if node["resource_type"] == "seed":
            return self.seed_system, snake_case(node["name"])
        return self.system(node["source_name"]), snake_case(node["name"])

    def landing_step(self, node: Mapping[str, Any]) -> str:
        """Return the model that reads the landing of a seed or source, with the columns and types of plain dbt."""
        return "landed_{}__{}".format(*self.object(node))

    def resolve(self, reference: ModelReference) -> ModelReference | None:
        """Return what a reference of the foreign project is here; None if it stays, such as a package's model."""
        if reference.function == "source":
            source = self._sources.get(reference.arguments)
            return ModelReference("ref", (self.landing_step(source),)) if source is not None else None
        if len(reference.arguments) > 1 and reference.arguments[0] != self.project.name:
            return None
        name = reference.arguments[-1] if reference.arguments else ""
        if (seed := self._seeds.get(name)) is not None:
            return ModelReference("ref", (self.landing_step(seed),))
        model = self.model_of(name, reference.version)
        return self.reference_to(model) if model is not None else None

    def reference_to(self, model: ForeignModel) -> ModelReference:
        """Return how a model is read: a product as published, any other by name."""
        if model.is_product:
            return ModelReference("source", (self.domain, model.key))
        return ModelReference("ref", (model.key,))

    def model_of(self, name: str, version: int | str | None = None) -> ForeignModel | None:
        """Return a model by name and version; without a version, the latest one."""
        found = self._models.get(name, ())
        for model in found:
            wanted = model.node.get("latest_version") if version is None else version
            if model.node.get("version") is None or str(model.node["version"]) == str(wanted):
                return model
        return None

    @cached_property
    def _models(self) -> dict[str, list[ForeignModel]]:
        found: dict[str, list[ForeignModel]] = {}
        for model in self.project.models.values():
            found.setdefault(model.name, []).append(model)
        return found

    @cached_property
    def _seeds(self) -> dict[str, Mapping[str, Any]]:
        return {seed["name"]: seed for seed in self.project.seeds}

    @cached_property
    def _sources(self) -> dict[tuple[str, ...], Mapping[str, Any]]:
        return {(source["source_name"], source["name"]): source for source in self.project.sources}
