"""Causes of failures: pure functions over facts, open incidents and the asset graph.

A cause is *named* if the failure itself names it: an input that cannot be read, a fault of the machine, a run whose
process ended. Without a name, equal errors of several assets in one run share a cause if they are read at once; an
error that is read later may have another cause, so it is reported again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from bankmesh.alerts.event_facts import (
    ERROR,
    INPUT,
    PROCESS,
    Cause,
    CheckEvaluated,
    Failure,
    FreshnessChanged,
    RunFailed,
)
from bankmesh.names import readable_asset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bankmesh.alerts.event_facts import Fact
    from bankmesh.alerts.model import Incident, Problem


@dataclass(frozen=True)
class MeshContext:
    """The context of the facts in the mesh.

    Attributes:
        owners: owner of each product's contract, by asset; other assets and jobs belong to the domain.
        parents: the assets that an asset is directly built from, of this domain and of others.
        elsewhere: assets of other domains that are broken now, with the cause.
    """

    owners: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, frozenset[str]] = field(default_factory=dict)
    elsewhere: Mapping[str, Cause] = field(default_factory=dict)


def broken_assets(incidents: Iterable[Incident]) -> dict[str, Cause]:
    """Return assets that are not published because of open incidents, each with its root cause."""
    return {
        problem.asset: incident.cause if incident.cause and incident.cause.is_named else input_cause(problem.asset)
        for incident in incidents
        for problem in incident.problems
        if problem.blocking and not problem.has_ended
    }


def input_cause(asset: str) -> Cause:
    """Return the cause of everything that is broken because of this asset."""
    return Cause(INPUT, asset, readable_asset(asset))


def nearest_cause(asset: str, parents: Mapping[str, frozenset[str]], broken: Mapping[str, Cause]) -> Cause | None:
    """Return the cause of the nearest broken asset upstream; of several equally near ones, the first by name."""
    seen, level = {asset}, [asset]
    while level:
        level = sorted({up for each in level for up in parents.get(each, ())} - seen)
        seen.update(level)
        for upstream in level:
            if upstream in broken:
                return broken[upstream]
    return None


def still_explains(known: Cause | None, problem: Problem, causes: Iterable[Cause | None]) -> bool:
    """Return whether the cause that a problem is listed under still explains it, seen now with one of `causes`."""
    if known is None:
        return True  # nothing shows that the asset's own problem has ended
    now = {(cause.kind, cause.what) for cause in causes if cause is not None}
    if (known.kind, known.what) in now:
        return True
    if known.kind == ERROR:
        return known.label == ", ".join(problem.errors)
    return known.kind == PROCESS and PROCESS in {kind for kind, _ in now}


def upstream_first(facts: Iterable[Fact], parents: Mapping[str, frozenset[str]]) -> tuple[Fact, ...]:
    """Return the facts; changes of freshness that follow each other are ordered from upstream to downstream.

    Dagster evaluates promises in any order; a product is late because of what it is built from.
    """
    depths: dict[str, int] = {}

    def depth(asset: str) -> int:
        if asset not in depths:
            depths[asset] = 0  # ends the recursion in a graph that has a cycle
            depths[asset] = 1 + max((depth(parent) for parent in parents.get(asset, ())), default=0)
        return depths[asset]

    found: list[Fact] = []
    for _, group in groupby(facts, lambda fact: isinstance(fact, FreshnessChanged)):
        found += sorted(group, key=lambda fact: depth(fact.asset) if isinstance(fact, FreshnessChanged) else 0)
    return tuple(found)


def share_causes(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return the facts, with one cause for equal errors of several assets in one run."""
    groups: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for fact in facts:
        for asset, failure in _failures(fact):
            if failure.cause is None and failure.signature is not None:
                groups[fact.run_id, failure.signature][asset] = ", ".join(failure.errors)
    shared = {
        group: Cause(ERROR, f"{group[0]}/{min(assets)}", assets[min(assets)])
        for group, assets in groups.items()
        if len(assets) > 1
    }
    return tuple(_with_shared(fact, shared) for fact in facts)


def _failures(fact: Fact) -> Iterator[tuple[str, Failure]]:
    if isinstance(fact, RunFailed):
        yield from fact.failures.items()
    elif isinstance(fact, CheckEvaluated) and fact.error:
        yield fact.asset, Failure((fact.error,), fact.cause, f"check:{fact.error}")


def _with_shared(fact: Fact, shared: Mapping[tuple[str, str], Cause]) -> Fact:
    found = {
        asset: shared[fact.run_id, failure.signature]
        for asset, failure in _failures(fact)
        if failure.signature is not None and (fact.run_id, failure.signature) in shared and failure.cause is None
    }
    if not found:
        return fact
    if isinstance(fact, RunFailed):
        named = {a: replace(f, cause=found.get(a, f.cause)) for a, f in fact.failures.items()}
        return replace(fact, failures=named)
    return replace(fact, cause=found[fact.asset]) if isinstance(fact, CheckEvaluated) else fact
