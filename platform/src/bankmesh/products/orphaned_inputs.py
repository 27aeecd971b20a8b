"""A consumer does not publish from a product that the workspace no longer has: its contract or its location is gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.standard import nearest
from bankmesh.errors import NotPublished
from bankmesh.products.definition import ProductInput
from bankmesh.products.locations import located_domains
from bankmesh.settings import current_settings
from bankmesh.workspace import contract_file, declared_ports

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.contracts.model import Contract
    from bankmesh.products.definition import Input


class OrphanedInput(NotPublished):
    """A product is read of which the workspace has no contract, or no code location; its port may be there still."""

    def __init__(self, port: str, source: str, problem: str) -> None:
        super().__init__(source, None, ())
        self.port, self.source, self.problem = port, source, problem
        self.args = (f"{port} reads {source}, but {problem}",)


def refuse_orphaned_inputs(contract: Contract, sources: Iterable[Input]) -> None:
    """Raise OrphanedInput for the first product among the sources that the contract's workspace does not have.

    Decided when the step runs, so that a contract that is gone stops its consumers and no other product.
    """
    port, root = contract.port, current_settings(Path(contract.file).parent).root
    declared = declared_ports(root)
    located = located_domains(root)
    for source in sorted((s for s in sources if isinstance(s, ProductInput)), key=lambda s: s.ref):
        if source.ref not in declared:
            file = contract_file(root, source.domain, source.name, source.major).relative_to(root)
            hint = nearest(source.ref, declared)
            problem = f"there is no contract of it ({file}).{hint} Restore the contract, or read another product."
            raise OrphanedInput(port, source.ref, problem)
        if located is not None and source.domain not in located:
            problem = f"its domain {source.domain} is no code location of workspace.yaml any more. Add it again there."
            raise OrphanedInput(port, source.ref, problem)
