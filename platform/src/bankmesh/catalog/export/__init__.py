"""Export of products and contracts in open standards, for tools outside the mesh.

    port = port_facts(home, contract, contracts)      facts about a port
    product_descriptor([port, ...])                    Bitol Open Data Product Standard 1.0.0, one for each product
    standalone_contract(port)                          Open Data Contract Standard, with a server that can be read

The two documents are plain values; `write_exports` writes them to a folder:

    <out>/<domain>/<product>.odps.yaml
    <out>/<domain>/<product>.odcs.yaml                 and <product>.v2.odcs.yaml, as in the repository
"""

from bankmesh.catalog.export.exported_files import ExportedFile, write_exports
from bankmesh.catalog.export.odcs_document import standalone_contract
from bankmesh.catalog.export.odps_descriptor import product_descriptor
from bankmesh.catalog.export.port_description import PortFacts, PortInput, port_facts

__all__ = [
    "ExportedFile",
    "PortFacts",
    "PortInput",
    "port_facts",
    "product_descriptor",
    "standalone_contract",
    "write_exports",
]
