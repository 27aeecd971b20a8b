"""The decision whether a published version is what a build would publish again: one pure function for all callers.

A version is up to date if the newest version that wrote each partition was built by the same code, contract and
platform from the same inputs, and if that code gives the same rows for the same inputs. Anything else is stale, also
what is unknown.

Where a product declares that a partition reads only the rows of an input's same partition, partitions are stale one by
one: an input counts as the same for a partition whose fingerprint is the same
(`products.inputs.partition_fingerprints`). An input that only the gate looks values up in is compared with the newest
version's, whose gate used it for the whole table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bankmesh.ports import Publication


_OTHER_PLATFORM = "the platform or a library has changed"
_NEVER = "it was never published"


@dataclass(frozen=True)
class Recipe:
    """What decides the rows of a build that starts now.

    Attributes:
        code_version: version of its code and contract.
        platform_version: version of the platform and all libraries.
        inputs: the snapshot vector, references of the gate included.
        partitions: all that are to be built, in order; None for a product without partitions.
        unrepeatable: why the same inputs may give other rows; empty if they cannot.
        by_partition: the inputs that are read by partition.
        looked_up: where there are such inputs, what only the gate reads: for the whole table, whatever is built.
        fingerprints: returns those of these inputs, by input and partition; called only where one of them has changed.
    """

    code_version: str
    platform_version: str
    inputs: Mapping[str, int | str] = field(hash=False)
    partitions: tuple[str, ...] | None
    unrepeatable: tuple[str, ...] = ()
    by_partition: frozenset[str] = frozenset()
    looked_up: frozenset[str] = frozenset()
    fingerprints: Callable[[], Mapping[str, Mapping[str, str]]] = field(default=dict, compare=False)


@dataclass(frozen=True)
class Staleness:
    """Why a product has to be built, and which of its partitions, in order; None for all that are requested."""

    why: str
    partitions: tuple[str, ...] | None = None


def find_staleness(
    recipe: Recipe, published: Iterable[Publication], is_withdrawn: Callable[[int], bool] = lambda _version: False
) -> Staleness | None:
    """Return why and what has to be built; None if a build would publish what is published.

    `published` are its publications, newest first, back to the last change of rows by another writer; only as many are
    read as are needed. `is_withdrawn` returns whether a version is withdrawn.
    """
    if recipe.unrepeatable:
        return Staleness(recipe.unrepeatable[0], recipe.partitions)
    if recipe.partitions is not None:
        return _find_stale_partitions(recipe, recipe.partitions, published, is_withdrawn)
    newest = next(iter(published), None)
    if newest is None:
        return Staleness(_NEVER)
    is_whole = newest.provenance.partitions is None
    why = _why_not(recipe, newest, is_withdrawn) if is_whole else "it had partitions before"
    return Staleness(why) if why else None


def _find_stale_partitions(
    recipe: Recipe,
    partitions: tuple[str, ...],
    published: Iterable[Publication],
    is_withdrawn: Callable[[int], bool],
) -> Staleness | None:
    missing, stale = set(partitions), dict[str, str]()
    newest: Publication | None = None
    for made in published:
        newest = newest or made
        written = missing if made.provenance.partitions is None else missing.intersection(made.provenance.partitions)
        # A version that restores rows has the provenance of another one, which does not describe what it wrote.
        if made.decision is not None:
            return Staleness(_brought_back(made), partitions)
        if written:
            found = _stale_of_version(recipe, made, written, is_withdrawn)
            if found and not recipe.by_partition:
                return Staleness(min(found.items())[1], partitions)
            stale |= found
        missing = missing - written
        if not missing:
            break
    if newest is None:
        return Staleness(_NEVER, partitions)
    if missing:
        unknown = f"partition {min(missing)} was never built, or its build is no longer recorded"
        if not recipe.by_partition:
            return Staleness(unknown, partitions)
        stale |= dict.fromkeys(missing, unknown)
    looked_up = recipe.looked_up.intersection(_changed_inputs(recipe.inputs, newest.provenance.inputs))
    if looked_up and not stale:
        # One partition is enough: the gate evaluates what is built, and looks up the values of the whole table.
        stale = {partitions[-1]: _in_words(sorted(looked_up))}
    return _some_stale(stale, partitions) if stale else None


def _some_stale(stale: Mapping[str, str], partitions: tuple[str, ...]) -> Staleness:
    due = tuple(partition for partition in partitions if partition in stale)
    reasons = sorted(set(stale.values()))
    if len(due) == len(partitions):
        return Staleness("; ".join(reasons), partitions)
    which = f"partition {due[0]}" if len(due) == 1 else f"{len(due)} of {len(partitions)} partitions from {due[0]} on"
    return Staleness(f"{which}: {'; '.join(reasons)}", due)


def _stale_of_version(
    recipe: Recipe, made: Publication, written: set[str], is_withdrawn: Callable[[int], bool]
) -> dict[str, str]:
    """Return the stale ones of the partitions that a version wrote, each with the reason."""
    was, why = made.provenance.inputs, _why_not_code(recipe, made, is_withdrawn)
    if why is not None:
        return dict.fromkeys(written, why)
    changed = [name for name in _changed_inputs(recipe.inputs, was) if name not in recipe.looked_up]
    if not changed:
        return {}
    if not recipe.by_partition.issuperset(changed):
        return dict.fromkeys(written, _in_words(changed))
    now, then = recipe.fingerprints(), made.provenance.input_partitions or {}
    differing = {partition: _differing(partition, changed, now, then) for partition in written}
    return {partition: _in_words(names) for partition, names in differing.items() if names}


def _differing(
    partition: str,
    inputs: Iterable[str],
    now: Mapping[str, Mapping[str, str]],
    then: Mapping[str, Mapping[str, str]],
) -> list[str]:
    """Return the inputs whose fingerprint of a partition differs, or is unknown."""
    return [
        name
        for name in inputs
        if (fingerprint := now.get(name, {}).get(partition)) is None or fingerprint != then.get(name, {}).get(partition)
    ]


def _why_not(recipe: Recipe, made: Publication, is_withdrawn: Callable[[int], bool]) -> str | None:
    """Return why a version of a product without partitions is not what the recipe would build; None if it is."""
    if made.decision is not None:
        return _brought_back(made)
    if why := _why_not_code(recipe, made, is_withdrawn):
        return why
    changed = _changed_inputs(recipe.inputs, made.provenance.inputs)
    return _in_words(changed) if changed else None


def _why_not_code(recipe: Recipe, made: Publication, is_withdrawn: Callable[[int], bool]) -> str | None:
    was = made.provenance
    if is_withdrawn(made.version):
        return f"version {made.version} is withdrawn"
    if was.code_version != recipe.code_version:
        return "its code or contract has changed"
    if was.platform_version != recipe.platform_version:
        known = was.platform_version is not None
        return _OTHER_PLATFORM if known else "it was built by a release that did not record its own version"
    return None


def _brought_back(made: Publication) -> str:
    return f"version {made.version} restored the rows of an earlier one"


def _changed_inputs(now: Mapping[str, int | str], then: Mapping[str, int | str]) -> list[str]:
    return sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))


def _in_words(changed: Iterable[str]) -> str:
    return f"{', '.join(changed)} changed"
