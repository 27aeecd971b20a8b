"""The Python client: find a product and read it at a version."""

from bankmesh.client.deprecation_warning import DeprecatedMajor
from bankmesh.client.mesh_client import DataMeshClient, DataProduct
from bankmesh.workspace.stage_access import NotRetired, ProposedProduct, RetiredProduct

__all__ = ["DataMeshClient", "DataProduct", "DeprecatedMajor", "NotRetired", "ProposedProduct", "RetiredProduct"]
