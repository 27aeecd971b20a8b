"""Who may read, and for what: roles, purposes, clients and issuers of tokens, from `roles.yaml` and `purposes.yaml`.

- purpose_tree     purposes, and which of them includes which
- reader_registry  roles, clients and issuers, and what a principal may read for
- registry_files   the strict reader of both files
- registry_load    the platform's files and the workspace's, merged, read again when they change
- contract_names   roles, purposes and masks that contracts name and nothing defines
"""

from bankmesh.access.registry.purpose_tree import PurposeTree
from bankmesh.access.registry.reader_registry import Client, IssuerMapping, ReaderRegistry, ReaderRole
from bankmesh.access.registry.registry_load import load_registry, platform_policy_folder

__all__ = [
    "Client",
    "IssuerMapping",
    "PurposeTree",
    "ReaderRegistry",
    "ReaderRole",
    "load_registry",
    "platform_policy_folder",
]
