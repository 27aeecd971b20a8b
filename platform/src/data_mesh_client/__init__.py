"""The client of the data mesh, under the name that readers import.

from data_mesh_client import DataMeshClient

mesh = DataMeshClient()
customers = mesh.get_data_product("retail", "customer_360")
"""

from bankmesh.client import DataMeshClient, DataProduct

__all__ = ["DataMeshClient", "DataProduct"]
