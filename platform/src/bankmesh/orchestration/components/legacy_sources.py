"""`bankmesh.LegacySources`: legacy objects as external assets, and the landings that parse them strictly."""

from __future__ import annotations

import dagster as dg

from bankmesh.orchestration.assets.landing_assets import landing_asset, observed_asset
from bankmesh.orchestration.assets.landing_freshness import landing_policies
from bankmesh.orchestration.assets.product_assets import domain_definitions
from bankmesh.orchestration.components.product_component import domain_of, find_products


class LegacySources(dg.Component, dg.Model, dg.Resolvable):
    """Every legacy object that the domain's `sources/*.yaml` declare.

    Each is in the asset graph twice: as an observable external asset, whose data version is a fingerprint of its files,
    and as a landing, internal to the domain: typed Parquet plus a table of rejects.
    """

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return an external asset and a landing for each object."""
        domain = domain_of(context)
        objects = [item for system in domain.systems for item in system.objects]
        near = context.project_root
        external = [observed_asset(item, domain.name, near) for item in objects]
        policies = landing_policies(find_products(context.component_tree), domain)
        return domain_definitions([*external, *(landing_asset(item, domain.name, near, policies) for item in objects)])
