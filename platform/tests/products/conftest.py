"""Fixtures of the product tests: the shop's workspace, loaded once, and a mesh home for each test."""

from kiosk_project import kiosk, kiosk_original
from shop_fixtures import landed, nursery, published, shop_definitions, shop_root

__all__ = ["kiosk", "kiosk_original", "landed", "nursery", "published", "shop_definitions", "shop_root"]
