"""The code locations of a workspace, loaded into this process as `workspace.yaml` names them."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import yaml

from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LocationNotLoaded(BankmeshError):
    """A code location does not load."""

    def __init__(self, location: str, cause: BaseException) -> None:
        self.location = location
        super().__init__(f"The code location {location} does not load.\n{root_cause(cause)}")


@dataclass(frozen=True)
class Location:
    """A code location and what it defines."""

    name: str
    definitions: dg.Definitions


def location_modules(root: Path) -> dict[str, str]:
    """Return location → Python module, in the order of `workspace.yaml`."""
    document: dict[str, Any] = yaml.safe_load((root / "workspace.yaml").read_text(encoding="utf-8"))
    modules: dict[str, str] = {}
    for entry in document.get("load_from", []):
        target = entry.get("python_module")
        if isinstance(target, str):
            modules[target.split(".")[0]] = target
        elif target:
            name = target["module_name"]
            modules[target.get("location_name", name.split(".")[0])] = name
    return modules


def located_domains(root: Path) -> frozenset[str] | None:
    """Return the domains that have a code location; None where an entry is not a Python module."""
    document: dict[str, Any] = yaml.safe_load((root / "workspace.yaml").read_text(encoding="utf-8"))
    modules = location_modules(root)
    if len(modules) < len(document.get("load_from", [])):
        return None
    return frozenset(module.partition(".")[0] for module in modules.values())


def load_location(name: str, module: str) -> Location:
    """Import a location's module and resolve its definitions, without the schemas of components that the UI shows.

    Raises LocationNotLoaded.
    """
    try:
        with _without_component_docs():
            found = importlib.import_module(module).defs
            definitions = found if isinstance(found, dg.Definitions) else found()
    except Exception as error:
        raise LocationNotLoaded(name, error) from error
    return Location(name, definitions)


@contextmanager
def _without_component_docs() -> Iterator[None]:
    """Skip what only the UI shows: the schemas of all types of components of all packages.

    To find them, Dagster imports every package that registers some, dbt through dagster-dbt among them: as much CPU
    as the rest of a load. There is no public way to skip it; if Dagster moves the function, nothing is skipped.
    """
    from dagster.components.core import load_defs

    name = "get_library_json_enriched_defs"
    found = getattr(load_defs, name, None)
    if found is None:
        yield
        return
    setattr(load_defs, name, lambda tree: dg.Definitions(component_tree=tree))
    try:
        yield
    finally:
        setattr(load_defs, name, found)


def root_cause(error: BaseException) -> str:
    """Return the text of the root cause: our own message if one is in the chain, else the last cause's."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    ours = [e for e in chain if isinstance(e, BankmeshError)]
    deepest = ours[-1] if ours else chain[-1]
    return str(deepest) or type(deepest).__name__
