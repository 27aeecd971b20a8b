"""Fixtures of the catalog's and the client's tests: the shop, as the product tests know it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "products"))

from shop_fixtures import published, shop_definitions, shop_root

__all__ = ["published", "shop_definitions", "shop_root"]
