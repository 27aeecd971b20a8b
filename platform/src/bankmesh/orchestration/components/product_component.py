"""Components that define products, and how others of the same code location find their products."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - pydantic reads the annotations of a component
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg
from pydantic import PrivateAttr

from bankmesh.access.decisions.access_policy import load_access_policy
from bankmesh.access.registry.contract_names import check_contract_names
from bankmesh.products.domain_package import read_domain
from bankmesh.settings import current_settings
from bankmesh.workspace.workspace_contracts import readable_contracts

if TYPE_CHECKING:
    from dagster.components.core.component_tree import ComponentTree

    from bankmesh.products.domain_package import Domain
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.settings import Settings


class ProductComponent(dg.Component, dg.Model, dg.Resolvable):
    """A component that defines products. Its `build_defs` calls `define` with them."""

    inputs_are_in_files: ClassVar[bool] = True
    """Whether every input is written in a file; a template of dbt can generate others."""

    _products: Sequence[Any] = PrivateAttr(default=())

    @property
    def products(self) -> Sequence[ProductDefinition]:
        """The products, once the definitions are built."""
        return self._products

    def define(self, products: Sequence[ProductDefinition]) -> None:
        """Set the products."""
        self._products = products


def find_products(tree: ComponentTree, *, generated: bool = False) -> list[ProductDefinition]:
    """Return the products of a code location's components, or only of those whose inputs may be `generated`.

    Definitions of these components that are not built yet are built.
    """
    found: list[ProductDefinition] = []
    for place, declaration in tree.find_root_decl().iterate_loc_component_decl_pairs():
        kind = declaration.component_type
        if issubclass(kind, ProductComponent) and not (generated and kind.inputs_are_in_files):
            tree.build_defs(place)
            found += _checked(tree.load_component(place)).products
    return found


def _checked(component: dg.Component) -> ProductComponent:
    if not isinstance(component, ProductComponent):
        raise TypeError(f"{type(component).__name__} is no product component")
    return component


def domain_of(context: dg.ComponentLoadContext) -> Domain:
    """Return the domain that a component is loaded for.

    Raises ContractFaults, SourceFaults, or PolicyFaults (of policies and the lists of roles and purposes) with every
    fault.
    """
    domain = read_domain(context.defs_module_path.parent)
    root = settings_of(context).root
    check_contract_names(root, domain.contracts)
    load_access_policy(root, readable_contracts(root))
    return domain


def settings_of(context: dg.ComponentLoadContext) -> Settings:
    """Return the settings of the workspace, which is searched from the domain's folder upwards."""
    return current_settings(context.project_root)
