"""Deprecation of a major: its end of support, its replacement, and the consumers that still read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Status

if TYPE_CHECKING:
    from bankmesh.contracts.model import Contract


@dataclass(frozen=True)
class Deprecation:
    """The deprecation of a major, from its contract.

    Attributes:
        port: the major's port: `retail.party`, `retail.party@2` from the second major on.
        end_of_support: ISO date; None if the contract has none.
        replaced_by: the port to move to; None if the contract names none.
        consumers: the consumers that the contract declares.
    """

    port: str
    end_of_support: str | None
    replaced_by: str | None
    consumers: tuple[str, ...]

    @property
    def notice(self) -> str:
        """A notice for readers: the end of support, and what to read instead."""
        until = f" and supported until {self.end_of_support}" if self.end_of_support else ""
        move = f" Read {self.replaced_by} instead." if self.replaced_by else ""
        return f"{self.port} is deprecated{until}.{move}"

    @property
    def paragraph(self) -> str:
        """The notice in Markdown, for the asset page, with the consumers that have to move."""
        readers = f" Still read by {', '.join(self.consumers)}." if self.consumers else ""
        return f"**Deprecated**: {self.notice}{readers}"


def deprecation_of(contract: Contract) -> Deprecation | None:
    """Return the deprecation of a contract, None if its status is not deprecated."""
    if contract.status is not Status.DEPRECATED:
        return None
    end, successor = contract.custom.get("endOfSupport"), contract.custom.get("replacedBy")
    return Deprecation(
        port=contract.port,
        end_of_support=None if end is None else str(end),
        replaced_by=None if successor is None else str(successor),
        consumers=contract.consumers,
    )
