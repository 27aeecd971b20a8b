"""Whether a published version is what a build would publish again: one pure decision, for all that start builds.

It is, if the newest version that wrote each partition was built by the same code, contract and platform from the same
inputs, and if that code gives the same rows for the same inputs. Anything else, also what is not known, is stale.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bankmesh.ports import Publication


_OTHER_PLATFORM = "the platform or a library has changed"


@dataclass(frozen=True)
class Recipe:
    """What a build would be made of now.

    Attributes:
        code_version: of its code and contract.
        platform_version: of the platform and all libraries.
        inputs: the snapshot vector, references of the gate included.
        partitions: all that it has; None for a product without.
        unrepeatable: why the same inputs may give other rows; empty if they cannot.
    """

    code_version: str
    platform_version: str
    inputs: Mapping[str, int | str] = field(hash=False)
    partitions: tuple[str, ...] | None
    unrepeatable: tuple[str, ...] = ()


def find_staleness(
    recipe: Recipe, published: Iterable[Publication], is_withdrawn: Callable[[int], bool] = lambda _version: False
) -> str | None:
    """Why a product has to be built, in words; None if what is published is what a build would publish.

    `published` are its publications, newest first, of which only as many are read as are needed, and none from before
    somebody else has changed rows; `is_withdrawn` says which versions are withdrawn.
    """
    if recipe.unrepeatable:
        return recipe.unrepeatable[0]
    if recipe.partitions is None:
        newest = next(iter(published), None)
        if newest is None:
            return "it was never published"
        is_whole = newest.provenance.partitions is None
        return _why_not(recipe, newest, is_withdrawn) if is_whole else "it had partitions before"
    return _find_stale_partition(recipe, set(recipe.partitions), published, is_withdrawn)


def _find_stale_partition(
    recipe: Recipe, missing: set[str], published: Iterable[Publication], is_withdrawn: Callable[[int], bool]
) -> str | None:
    is_published = False
    for made in published:
        is_published = True
        written = missing if made.provenance.partitions is None else missing.intersection(made.provenance.partitions)
        # What a version that restores rows wrote is not what its provenance, which it has from another, says.
        if (written or made.decision is not None) and (why := _why_not(recipe, made, is_withdrawn)):
            return why
        missing = missing - written
        if not missing:
            return None
    if not is_published:
        return "it was never published"
    return f"nobody has built partition {min(missing)}, or it is not known any more by what it was built"


def _why_not(recipe: Recipe, made: Publication, is_withdrawn: Callable[[int], bool]) -> str | None:
    """Why a version is not what the recipe makes."""
    was = made.provenance
    if made.decision is not None:
        return f"version {made.version} brought the rows of an earlier one back"
    if is_withdrawn(made.version):
        return f"version {made.version} is withdrawn"
    if was.code_version != recipe.code_version:
        return "its code or contract has changed"
    if was.platform_version != recipe.platform_version:
        known = was.platform_version is not None
        return _OTHER_PLATFORM if known else "it was built by a release that did not note its own version"
    return _changed_inputs(recipe.inputs, was.inputs)


def _changed_inputs(now: Mapping[str, int | str], then: Mapping[str, int | str]) -> str | None:
    changed = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
    return f"{', '.join(changed)} changed" if changed else None
