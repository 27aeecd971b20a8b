"""Versions that are confirmed in place of being built again, because a build would publish the same rows.

A run does so if its tags say so: those of schedules, sensors and `mesh run`. A person who materialises an asset in the
UI gets it built.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError
from bankmesh.ports import VersionNotes, confirm, is_intact, latest, own_publications
from bankmesh.products import recovery
from bankmesh.products.orphaned_products import refuse_orphaned_inputs
from bankmesh.products.platform_version import platform_version
from bankmesh.products.relations import sources_of
from bankmesh.products.restorations import port_of
from bankmesh.products.snapshot import newest_vector
from bankmesh.products.staleness import Recipe, find_staleness

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import dagster as dg

    from bankmesh.ports import Publication
    from bankmesh.products.definition import ProductDefinition

UNCHANGED_TAG, CONFIRM = "bankmesh/unchanged", "confirm"
"""Tag of runs that confirm what a build would publish again; a run with another value, or without it, builds."""


def confirm_tags() -> dict[str, str]:
    """Tags of a run that confirms what is unchanged."""
    return {UNCHANGED_TAG: CONFIRM}


def confirms_unchanged(context: dg.AssetExecutionContext) -> bool:
    """Whether the run of this step is to confirm what it would publish again."""
    return context.run.tags.get(UNCHANGED_TAG) == CONFIRM


def recipe_of(
    product: ProductDefinition, vector: Mapping[str, int | str], partitions: tuple[str, ...] | None
) -> Recipe:
    """What a build of these partitions from these inputs would be made of."""
    return Recipe(product.code_version, platform_version(), vector, partitions, product.unrepeatable)


@dataclass(frozen=True)
class Stale:
    """Why a product has to be built, in words."""

    why: str


@dataclass(frozen=True)
class Confirmed:
    """A version that was right at a moment."""

    publication: Publication
    at: datetime


def examine_now(
    instance: dg.DagsterInstance, product: ProductDefinition, home: Path, partitions: tuple[str, ...] | None
) -> Publication | Stale:
    """The newest version if it is right by what the product's inputs are now, else why it has to be built."""
    try:
        refuse_orphaned_inputs(product.contract, sources_of(product))
        vector = newest_vector(home, sources_of(product))
    except BankmeshError as error:
        return Stale(str(error))  # A build says so, too, and fails.
    return examine(instance, product, home, recipe_of(product, vector, partitions))


def examine(
    instance: dg.DagsterInstance, product: ProductDefinition, home: Path, recipe: Recipe
) -> Publication | Stale:
    """The newest version if this recipe would make it again, and it is reported and whole; else why it is stale."""
    port = port_of(home, product.contract)
    newest = latest(port)
    notes = VersionNotes(port)
    why = find_staleness(recipe, own_publications(port), lambda version: version in notes.withdrawals(version))
    if why is not None or newest is None:
        return Stale(why or "it was never published")
    if recovery.find_unreported(instance, product.key, port) is not None:
        return Stale("its newest version was never reported")
    return newest if is_intact(port, newest) else Stale("files of its newest version are not there")


def confirm_version(product: ProductDefinition, home: Path, examined: Publication | Stale) -> Confirmed | Stale:
    """Record that the version, as it was examined, is right now; stale if it is, or another was published meanwhile."""
    if isinstance(examined, Stale):
        return examined
    now = datetime.now(UTC)
    recorded = confirm(port_of(home, product.contract), examined, now)
    return Stale("another version was published meanwhile") if recorded is None else Confirmed(examined, now)
