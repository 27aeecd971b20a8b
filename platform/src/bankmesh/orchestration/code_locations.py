"""Code locations loaded into this process, with the products that they define."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from bankmesh.errors import BankmeshError, root_cause
from bankmesh.orchestration.components.product_component import find_products
from bankmesh.workspace.location_modules import location_modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bankmesh.products.product_definition import ProductDefinition


class LocationNotLoaded(BankmeshError):
    """A code location does not load."""

    def __init__(self, location: str, cause: BaseException) -> None:
        self.location = location
        super().__init__(f"The code location {location} does not load.\n{root_cause(cause)}")


@dataclass(frozen=True)
class Location:
    """A code location and its Python module: its definitions, and the products of its components, by port."""

    name: str
    module: str
    definitions: dg.Definitions
    products: Mapping[str, ProductDefinition]


def load_location(name: str, module: str) -> Location:
    """Import a location's module and resolve its definitions, without the schemas of components that the UI shows.

    Raises LocationNotLoaded.
    """
    try:
        with _without_component_docs():
            found = importlib.import_module(module).defs
            definitions = found if isinstance(found, dg.Definitions) else found()
            products = find_products(definitions.component_tree) if definitions.component_tree else ()
    except Exception as error:
        raise LocationNotLoaded(name, error) from error
    return Location(name, module, definitions, {product.contract.port: product for product in products})


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


def load_products(root: Path, only: str | None = None) -> dict[str, ProductDefinition]:
    """Load every code location of a workspace, or `only` one, and return its products by port.

    Raises LocationNotLoaded.
    """
    found: dict[str, ProductDefinition] = {}
    for name, module in location_modules(root).items():
        if only in {None, name}:
            found |= load_location(name, module).products
    return found
