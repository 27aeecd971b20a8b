"""Fixtures of the client's tests: the shop, published."""

from shop_fixtures import published, shop_definitions, shop_root

__all__ = ["published", "shop_definitions", "shop_root"]
