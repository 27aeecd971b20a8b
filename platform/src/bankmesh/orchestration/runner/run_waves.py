"""The order in which assets of several code locations can run: pure decisions over keys and dependencies.

A run belongs to one location, and its assets share their partitions definition or have none; a wave is what one such
run can hold while everything that it reads from elsewhere exists already. Partitioned assets run separately, because
Dagster plans every check of a run once for each partition of its range, those of unpartitioned assets too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.names import is_landing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping


@dataclass(frozen=True)
class Runnable:
    """One asset: `needs` are the keys it reads, `partitions` names its partitions definition, if any."""

    key: str
    location: str
    needs: frozenset[str]
    partitions: str | None = None


@dataclass(frozen=True)
class Wave:
    """The assets of one run."""

    location: str
    partitions: str | None
    keys: tuple[str, ...]


def next_wave(waiting: list[Runnable], done: frozenset[str], known: frozenset[str]) -> Wave | None:
    """Return the largest wave that can run now, or None if nothing can (all is done, or depends on a failure).

    `known` are the keys that some location defines; all other keys are assumed to exist.
    """
    waves = [
        _grow(waiting, done, known, location, partitions)
        for location in sorted({r.location for r in waiting})
        for partitions in sorted({r.partitions for r in waiting if r.location == location}, key=str)
    ]
    best = max(waves, key=lambda wave: len(wave.keys), default=None)
    return best if best and best.keys else None


def behind_absent(
    left: Iterable[Runnable], absent: frozenset[str], done: frozenset[str], known: frozenset[str]
) -> frozenset[str]:
    """Return those of `left` that wait only for absent assets, directly or not, together with the absent ones."""
    unmet = {r.key: (r.needs & known) - done for r in left}
    found, grown = absent, True
    while grown:
        more = {key for key, needs in unmet.items() if needs and needs <= found} - found
        found, grown = found | more, bool(more)
    return found


def landings_behind(runnables: Iterable[Runnable], named: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return landings that the named assets read, and those that only what they read depends on."""
    needs = {r.key: r.needs for r in runnables}
    direct = frozenset(filter(is_landing, _needs(named, needs)))
    return direct, frozenset(filter(is_landing, reachable(named, needs))) - direct


def reachable(starts: Iterable[str], edges: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Return the keys of `edges` that edges lead to from these keys, at any distance."""
    found: set[str] = set()
    left = list(starts)
    while left:
        more = {key for key in edges.get(left.pop(), ()) if key in edges} - found
        found |= more
        left += more
    return frozenset(found)


def unbuilt_inputs(
    runnables: Iterable[Runnable], named: frozenset[str], is_built: Callable[[str], bool]
) -> tuple[str, ...]:
    """Return products that the named assets depend on and that have nothing to read yet; each after what it reads.

    Landings are left out: those that a named product reads are landed with it. `is_built` is called for products only.
    Products that depend on one another are in the order of their names.
    """
    needs = {r.key: r.needs for r in runnables}
    found: dict[str, None] = {}
    visited = set(named)

    def visit(key: str) -> None:
        for need in sorted(_needs([key], needs)):
            if need not in visited and not is_landing(need) and not is_built(need):
                visited.add(need)
                visit(need)
                found[need] = None

    for key in sorted(named):
        visit(key)
    return tuple(found)


def _needs(keys: Iterable[str], needs: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return what these assets read among the assets that some location defines."""
    return frozenset(need for key in keys for need in needs.get(key, ()) if need in needs)


def _grow(
    waiting: list[Runnable], done: frozenset[str], known: frozenset[str], location: str, partitions: str | None
) -> Wave:
    chosen: set[str] = set()
    fits = [r for r in waiting if r.location == location and r.partitions == partitions]
    grown = True
    while grown:
        ready = {r.key for r in fits if not (r.needs & known) - done - chosen} - chosen
        chosen |= ready
        grown = bool(ready)
    return Wave(location, partitions, tuple(sorted(chosen)))
