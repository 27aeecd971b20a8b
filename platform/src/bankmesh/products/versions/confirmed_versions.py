"""Confirmation of versions that are not built again, because a build would publish the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError
from bankmesh.ports import VersionNotes, confirm, is_intact, latest, own_publications, port_at
from bankmesh.products.candidates.gate_relations import referenced_inputs, sources_of
from bankmesh.products.code.platform_version import platform_version
from bankmesh.products.inputs.partition_fingerprints import fingerprints_of
from bankmesh.products.inputs.pinned_inputs import newest_vector, pin
from bankmesh.products.orphaned_products import refuse_orphaned_inputs
from bankmesh.products.versions.staleness import Recipe, Staleness, find_staleness
from bankmesh.products.versions.version_reports import find_unreported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bankmesh.ports import Publication
    from bankmesh.products.inputs.partition_fingerprints import Fingerprints
    from bankmesh.products.product_definition import ProductDefinition
    from bankmesh.products.versions.version_reports import VersionReports


def recipe_of(
    product: ProductDefinition,
    vector: Mapping[str, int | str],
    partitions: tuple[str, ...] | None,
    fingerprints: Callable[[], Fingerprints],
) -> Recipe:
    """Return the recipe of a build of these partitions from these inputs."""
    read = {source.ref for source in product.inputs.values()}
    by_partition = frozenset(product.partition_inputs)
    looked_up = referenced_inputs(product.contract.clauses).keys() - read if by_partition else ()
    return Recipe(
        product.code_version,
        platform_version(),
        vector,
        partitions,
        product.unrepeatable,
        by_partition,
        frozenset(looked_up),
        fingerprints,
    )


@dataclass(frozen=True)
class ConfirmedVersion:
    """A version that was confirmed as up to date at a moment."""

    publication: Publication
    at: datetime


def examine_now(
    reports: VersionReports, product: ProductDefinition, home: Path, partitions: tuple[str, ...] | None
) -> Publication | Staleness:
    """Return the newest version if it is up to date with the product's current inputs, else why it has to be built."""
    try:
        refuse_orphaned_inputs(product.contract, sources_of(product))
        vector = newest_vector(home, sources_of(product))
    except BankmeshError as error:
        return Staleness(str(error))  # A build fails with the same error.
    fingerprints = partial(_fingerprints_now, product, home, vector)
    return examine(reports, product, home, recipe_of(product, vector, partitions, fingerprints))


def _fingerprints_now(product: ProductDefinition, home: Path, vector: Mapping[str, int | str]) -> Fingerprints:
    """Return the fingerprints of the inputs whose version is still that of the snapshot vector."""
    declared = {source for source in product.inputs.values() if source.ref in product.partition_inputs}
    pinned = pin(home, declared).values()
    return fingerprints_of(product, [item for item in pinned if vector.get(item.source.ref) == item.version])


def examine(reports: VersionReports, product: ProductDefinition, home: Path, recipe: Recipe) -> Publication | Staleness:
    """Return the newest version if this recipe would rebuild it and it is reported and whole; else why it is stale."""
    port = port_at(home, product.contract.product, product.contract.major)
    newest = latest(port)
    notes = VersionNotes(port)
    stale = find_staleness(recipe, own_publications(port), lambda version: version in notes.withdrawals(version))
    if stale is not None and stale.partitions == recipe.partitions:
        return stale
    if newest is None or not is_intact(port, newest):
        return Staleness("files of its newest version are missing")
    if stale is not None:
        return stale
    if find_unreported(reports, product.asset, port) is not None:
        # A run whose partitions cover those that the version wrote reports it, and builds nothing.
        written = set(newest.provenance.partitions or ())
        is_covered = written.issubset(recipe.partitions or ())
        return Staleness("its newest version was never reported", newest.provenance.partitions if is_covered else None)
    return newest


def confirm_version(
    product: ProductDefinition, home: Path, examined: Publication | Staleness
) -> ConfirmedVersion | Staleness:
    """Record that the examined version is up to date now; else, or if another was published, return Staleness."""
    if isinstance(examined, Staleness):
        return examined
    now = datetime.now(UTC)
    recorded = confirm(port_at(home, product.contract.product, product.contract.major), examined, now)
    return Staleness("another version was published meanwhile") if recorded is None else ConfirmedVersion(examined, now)
