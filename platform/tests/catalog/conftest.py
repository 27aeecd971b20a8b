"""Fixtures of the catalog's and the client's tests: the shop, as the product tests know it, and samples without Dagster."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from catalog_samples import catalog, database, postgres, samples, sqlite_catalog
from shop_fixtures import published, shop_definitions, shop_root

if TYPE_CHECKING:
    from pathlib import Path

    from shop_mesh import Mesh

__all__ = [
    "catalog", "database", "postgres", "published", "samples", "shop_definitions", "shop_root", "sqlite_catalog",
]  # fmt: skip


@pytest.fixture
def root(published: Mesh, tmp_path: Path) -> Path:
    """A workspace of the test's own, in which everything is published once."""
    root = tmp_path / "workspace"
    shutil.copytree(published.settings.root, root)
    return root
