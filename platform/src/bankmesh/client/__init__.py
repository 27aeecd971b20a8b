"""The one client: find a product, read it at a version."""

from bankmesh.catalog.stages import NotRetired, ProposedProduct, RetiredProduct
from bankmesh.client.deprecated import DeprecatedMajor
from bankmesh.client.mesh import DataMeshClient, DataProduct

__all__ = ["DataMeshClient", "DataProduct", "DeprecatedMajor", "NotRetired", "ProposedProduct", "RetiredProduct"]
