"""Products that are built from a withdrawn version, directly or through other products, until they are rebuilt.

A version of a product has rows of one build, or, if partitioned or restored, of several builds: its *sources*. It is
built from withdrawn rows if one of its sources read a version that is withdrawn, that has rows of a withdrawn one, or
that is itself built from withdrawn rows. Inputs of expired versions are no longer known and count as not withdrawn. So
do inputs whose Delta log is damaged, which `mesh products` and their own runs report.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from bankmesh.errors import PortError
from bankmesh.names import parse_port_name
from bankmesh.ports import VersionNotes, find_version, latest, port_at, readable_publications, sources_by_version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from bankmesh.ports import Port, Publication, Withdrawal


@dataclass(frozen=True)
class WithdrawnInput:
    """A withdrawn version that a product is built from; `via` are the versions in between, nearest to it first."""

    port: str
    withdrawal: Withdrawal
    via: tuple[str, ...] = ()

    @property
    def version(self) -> int:
        """The withdrawn version."""
        return self.withdrawal.version

    def to_json(self) -> dict[str, Any]:
        """Return the entry of `mesh products --json`."""
        return {"product": self.port, **self.withdrawal.to_json(), "via": list(self.via)}

    def __str__(self) -> str:
        through = f" through {', '.join(self.via)}" if self.via else ""
        return f"withdrawn {self.port} {self.version}{through}"


class VersionFacts(Protocol):
    """Facts about published versions, by the name of their port."""

    def newest(self, port: str) -> int | None:
        """Return the version that readers get; None if nothing is published."""

    def sources(self, port: str, version: int) -> Collection[int]:
        """Return the versions whose rows a version contains, as far as they are known."""

    def inputs(self, port: str, version: int) -> Mapping[str, int]:
        """Return the products that a version was built from, and their versions."""

    def withdrawn(self, port: str, since: int) -> Mapping[int, Withdrawal]:
        """Return the versions that were withdrawn after version `since` was published, or more.

        Earlier withdrawals may be among them; that version contains no rows that were withdrawn earlier.
        """


def withdrawn_inputs(facts: VersionFacts, port: str, version: int | None = None) -> tuple[WithdrawnInput, ...]:
    """Return the withdrawn versions that a version, by default the newest, is built from; sorted, each once.

    Raises PortError if the port's own log is damaged.
    """
    version = facts.newest(port) if version is None else version
    if version is None:
        return ()
    found: dict[tuple[str, int], WithdrawnInput] = {}
    _follow(facts, port, version, (), found, set())
    return tuple(found[key] for key in sorted(found))


def _follow(
    facts: VersionFacts,
    port: str,
    version: int,
    via: tuple[str, ...],
    found: dict[tuple[str, int], WithdrawnInput],
    seen: set[tuple[str, int]],
) -> None:
    """Add to `found` what this version is built from, each with the first path found, which is a shortest one."""
    behind: list[tuple[str, int]] = []
    for source in sorted({version, *facts.sources(port, version)}):
        for name, read in sorted(facts.inputs(port, source).items()):
            if (name, read) in seen:
                continue
            seen.add((name, read))
            try:
                gone = facts.withdrawn(name, read)
                bad = {read, *facts.sources(name, read)} & gone.keys() if gone else set()
            except PortError:
                continue
            for number in bad:
                found.setdefault((name, number), WithdrawnInput(name, gone[number], via))
            if not bad:
                behind.append((name, read))
    for name, read in behind:
        with suppress(PortError):
            _follow(facts, name, read, (f"{name} {read}", *via), found, seen)


@dataclass
class LogFacts:
    """Version facts from the Delta logs of a mesh home; each log is read once, and only as far as needed."""

    home: Path
    _newest: Callable[[str], Publication | None] = field(init=False, repr=False)
    _notes: Callable[[str], VersionNotes] = field(init=False, repr=False)
    _made: Callable[[str, int], Publication | None] = field(init=False, repr=False)
    _sources: Callable[[str], Mapping[int, Collection[int]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Create caches for this object."""
        self._newest = cache(lambda port: latest(self._port(port)))
        self._notes = cache(lambda port: VersionNotes(self._port(port)))
        self._made = cache(lambda port, version: find_version(self._port(port), version, self._notes(port)))
        self._sources = cache(lambda port: sources_by_version(readable_publications(self._port(port))))

    def newest(self, port: str) -> int | None:
        """See VersionFacts."""
        newest = self._newest(port)
        return newest.version if newest else None

    def sources(self, port: str, version: int) -> Collection[int]:
        """See VersionFacts. For partitioned or restored versions, all publications are read."""
        made = self._made(port, version)
        if made is None:
            return ()
        if made.provenance.partitions is None and made.decision is None:
            return (version,)
        return self._sources(port).get(version, ())

    def inputs(self, port: str, version: int) -> Mapping[str, int]:
        """See VersionFacts."""
        made = self._made(port, version)
        return {name: read for name, read in made.provenance.inputs.items() if isinstance(read, int)} if made else {}

    def withdrawn(self, port: str, since: int) -> Mapping[int, Withdrawal]:
        """See VersionFacts."""
        return self._notes(port).withdrawals(since)

    def _port(self, name: str) -> Port:
        port = parse_port_name(name)
        return port_at(self.home, port.product_id, port.major)
