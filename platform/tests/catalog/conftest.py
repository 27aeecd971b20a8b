"""Fixtures of the catalog's and the client's tests: the shop, as the product tests know it, and samples without Dagster."""

from catalog_samples import catalog, database, postgres, samples, sqlite_catalog
from shop_fixtures import published, shop_definitions, shop_root

__all__ = [
    "catalog", "database", "postgres", "published", "samples", "shop_definitions", "shop_root", "sqlite_catalog",
]  # fmt: skip
