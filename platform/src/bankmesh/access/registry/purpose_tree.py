"""Purposes as a tree: what allows `marketing` allows `marketing.offers`, and not the reverse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.contracts.parsing.access_clauses import covers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def purpose_path(purpose: str) -> tuple[str, ...]:
    """Return the purpose and all those that include it, the narrowest first: `a.b.c`, `a.b`, `a`."""
    parts = purpose.split(".")
    return tuple(".".join(parts[:length]) for length in range(len(parts), 0, -1))


@dataclass(frozen=True)
class PurposeTree:
    """The purposes of a workspace, each with its description; the one that includes `a.b` is `a`."""

    descriptions: Mapping[str, str] = field(hash=False)

    def __contains__(self, purpose: str) -> bool:
        return purpose in self.descriptions

    def __iter__(self) -> Iterator[str]:
        return iter(self.descriptions)

    def covers(self, permitted: Iterable[str], purpose: str) -> bool:
        """Whether one of the permitted purposes is this one or includes it. False if the purpose is unknown."""
        return purpose in self and covers(permitted, purpose)

    def ancestors(self, purpose: str) -> tuple[str, ...]:
        """Return the purposes that include this one, the narrowest first; empty if it is unknown."""
        return purpose_path(purpose)[1:] if purpose in self else ()

    def expand(self, permitted: Iterable[str]) -> tuple[str, ...]:
        """Return every purpose that the permitted ones cover, in the order of the files."""
        given = frozenset(permitted)
        return tuple(name for name in self if self.covers(given, name))
