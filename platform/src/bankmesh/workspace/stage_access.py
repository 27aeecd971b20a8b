"""Access by contract status: the errors that readers of proposed and retired products get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.contracts.lifecycle import entered
from bankmesh.contracts.model import Status
from bankmesh.errors import NotPublished, PortError

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract


class ProposedProduct(NotPublished):
    """The requested product is only proposed: it has no port yet."""

    def __init__(self, port: str) -> None:
        super().__init__(port, None, ())
        self.port = port
        text = (
            f"{port} is proposed and has no port yet: it is neither built nor readable. Its owner opens a port with "
            f"`mesh contract move {port} draft --why ...`."
        )
        self.args = (text,)


class RetiredProduct(PortError):
    """The requested product is retired.

    Attributes:
        port: its name: `retail.party`, `retail.party@2`.
        retired_on: ISO date of its retirement.
        replaced_by: the port to read instead; None if the contract names none.
    """

    def __init__(self, port: str, retired_on: str, replaced_by: str | None) -> None:
        self.port, self.retired_on, self.replaced_by = port, retired_on, replaced_by
        move = f" Read {replaced_by} instead." if replaced_by else ""
        super().__init__(
            f"{port} was retired on {retired_on} and can no longer be read.{move} Its published versions are in the "
            "archive; for audits, read them with `mesh get --archived` or archived=True."
        )


class NotRetired(PortError):
    """A product that is not retired was requested from the archive."""

    def __init__(self, port: str, status: Status) -> None:
        self.port, self.status = port, status
        super().__init__(f"{port} is {status}; the archive has only retired products. Read it without `archived`.")


def require_port(contract: Contract) -> None:
    """Raise ProposedProduct or RetiredProduct for a contract whose product cannot be read."""
    if contract.status is Status.PROPOSED:
        raise ProposedProduct(contract.port)
    if contract.status is Status.RETIRED:
        step = entered(contract, Status.RETIRED)
        successor = contract.custom.get("replacedBy")
        raise RetiredProduct(contract.port, step.on if step else "an unrecorded day", successor)
