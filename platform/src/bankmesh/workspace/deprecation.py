"""How a major comes to its end: until when it is kept, what replaces it, and who still reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Status

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract


@dataclass(frozen=True)
class Deprecation:
    """What the contract of a deprecated major says about its end.

    Attributes:
        port: the major, as readers call it: `retail.party`, `retail.party@2` from the second major on.
        end_of_support: ISO date; None where the contract does not say.
        replaced_by: the port to move to; None where the contract names none.
        consumers: those who are known to read it still.
    """

    port: str
    end_of_support: str | None
    replaced_by: str | None
    consumers: tuple[str, ...]

    @property
    def notice(self) -> str:
        """One sentence for a reader: how long it lasts, and what to read in its place."""
        until = f" and supported until {self.end_of_support}" if self.end_of_support else ""
        move = f" Read {self.replaced_by} in its place." if self.replaced_by else ""
        return f"{self.port} is deprecated{until}.{move}"

    @property
    def paragraph(self) -> str:
        """The same in Markdown, for its asset page, with the consumers who have to move."""
        readers = f" Still read by {', '.join(self.consumers)}." if self.consumers else ""
        return f"**Deprecated**: {self.notice}{readers}"


def deprecation_of(contract: Contract) -> Deprecation | None:
    """The end of a deprecated major; None for a contract at any other stage of its life."""
    if contract.status is not Status.DEPRECATED:
        return None
    end, successor = contract.custom.get("endOfSupport"), contract.custom.get("replacedBy")
    return Deprecation(
        port=contract.port,
        end_of_support=None if end is None else str(end),
        replaced_by=None if successor is None else str(successor),
        consumers=contract.consumers,
    )
