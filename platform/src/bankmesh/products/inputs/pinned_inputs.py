"""The snapshot vector: every input pinned to one version before the build begins.

A transform reads nothing else, so two builds from the same vector are equal row for row.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.errors import NotPublished
from bankmesh.ports import latest, open_version, port_at
from bankmesh.ports.port_locks import FolderLock
from bankmesh.products.candidates.gate_relations import referenced_inputs
from bankmesh.products.errors import InputNotPublished
from bankmesh.products.inputs.input_classifications import landed_classes, published_classes
from bankmesh.products.orphaned_products import refuse_orphaned_inputs
from bankmesh.products.product_definition import LegacyInput, ProductInput
from bankmesh.sources import COMPLETE_THROUGH, current_landing
from bankmesh.sql_text import sql_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date
    from pathlib import Path

    import polars as pl

    from bankmesh.contracts.model import Classification
    from bankmesh.ports import OpenVersion
    from bankmesh.products.product_definition import Input, ProductDefinition
    from bankmesh.sources import Landing


@dataclass(frozen=True)
class PinnedInput:
    """One input at one version: a Delta version number, or the fingerprint of a landing.

    `relation` is the SQL text that DuckDB reads it by, `scan` makes a lazy Polars frame of the same rows. `classes` are
    those that its columns were published or landed under; None where they are not known. `opened` is the version of a
    product, `landing` that of a legacy object; a trial's frame has neither. `lock` keeps expiry off a landing for as
    long as the pinned input is in use.
    """

    source: Input
    version: int | str
    relation: str
    scan: Callable[[], pl.LazyFrame]
    classes: Mapping[str, Classification] | None = None
    opened: OpenVersion | None = None
    landing: Landing | None = None
    lock: FolderLock | None = field(default=None, compare=False, repr=False)

    @property
    def place(self) -> str | None:
        """The folder of the port, or of the object's landings."""
        if self.opened is not None:
            return str(self.opened.port.path)
        return str(self.landing.folder.parent) if self.landing is not None else None

    @property
    def rows(self) -> int | None:
        """The number of its rows."""
        return self.opened.rows if self.opened is not None else self.landing.rows if self.landing is not None else None

    @property
    def bytes(self) -> int | None:
        """The size of its files."""
        if self.opened is not None:
            return self.opened.publication.bytes
        return self.landing.rows_bytes if self.landing is not None else None

    @property
    def complete_through(self) -> date | None:
        """The day up to which a landing is complete."""
        return self.landing.complete_through if self.landing is not None else None


@dataclass(frozen=True)
class PinnedSources:
    """Everything that a build reads, pinned.

    `inputs` are the transform's, by the name that it gives them; `references` are the products that the gate looks
    values up in, by their id.
    """

    inputs: Mapping[str, PinnedInput]
    references: Mapping[str, PinnedInput]

    @property
    def read(self) -> tuple[PinnedInput, ...]:
        """What is read, each source once."""
        return tuple({item.source: item for item in (*self.references.values(), *self.inputs.values())}.values())

    @property
    def vector(self) -> dict[str, int | str]:
        """The snapshot vector that a commit records: the version of everything that is read."""
        found = {**self.references, **self.inputs}
        return dict(sorted((item.source.ref, item.version) for item in found.values()))


def pin_product(home: Path, product: ProductDefinition) -> PinnedSources:
    """Pin everything that a build of the product reads at its newest version.

    Each source is pinned once, so that the transform and the gate read the same version of it.
    Raises OrphanedInput for an input that the workspace does not declare, and InputNotPublished.
    """
    references = referenced_inputs(product.contract.clauses)
    sources = {*product.inputs.values(), *references.values()}
    refuse_orphaned_inputs(product.contract, sources)
    pinned = pin(home, sources)
    return PinnedSources(
        {name: pinned[source] for name, source in product.inputs.items()},
        {name: pinned[source] for name, source in references.items()},
    )


def pin(home: Path, sources: Iterable[Input]) -> dict[Input, PinnedInput]:
    """Pin every source at its newest version.

    Raises InputNotPublished, naming the source, if one has nothing to read yet.
    """
    return {source: _pin_one(home, source) for source in sources}


def superseded_landings(home: Path, pinned: Iterable[PinnedInput], theirs: Mapping[str, int | str]) -> list[str]:
    """Return landings that were replaced since they were pinned, where another publication read another one."""
    ours = [(item.source, item.version) for item in pinned if isinstance(item.source, LegacyInput)]
    return [
        f"{source.ref} has been landed again"
        for source, version in ours
        if theirs.get(source.ref, version) != version
        and (now := current_landing(home, source.domain, source.system, source.object)) is not None
        and now.fingerprint != version
    ]


def _pin_one(home: Path, source: Input) -> PinnedInput:
    try:
        return _pin_landing(home, source) if isinstance(source, LegacyInput) else _pin_product(home, source)
    except NotPublished as error:
        raise InputNotPublished(source, error) from error


def _pin_landing(home: Path, source: LegacyInput) -> PinnedInput:
    landing, lock = _lock_landing(home, source)
    complete = landing.complete_through
    known = f", {'date ' + sql_literal(complete.isoformat()) if complete else 'null::date'} as {COMPLETE_THROUGH}"
    files = ", ".join(sql_literal(str(path)) for path in landing.rows_paths)
    relation = f"(select *{known} from read_parquet([{files}]))"
    return PinnedInput(
        source,
        landing.fingerprint,
        relation,
        lambda: _scan_landing(landing),
        landed_classes(landing),
        landing=landing,
        lock=lock,
    )


def _lock_landing(home: Path, source: LegacyInput) -> tuple[Landing, FolderLock | None]:
    """Return the current landing with a lock against expiry; a read-only home has none, and nothing expires there."""
    while True:
        landing = current_landing(home, source.domain, source.system, source.object)
        if landing is None:
            raise NotPublished(f"The landing of {source.ref}", None, ())
        if not os.access(landing.folder, os.W_OK):
            return landing, None
        lock = FolderLock(landing.folder)
        newest = current_landing(home, source.domain, source.system, source.object)
        if newest is not None and newest.fingerprint == landing.fingerprint:
            return landing, lock
        lock.release()  # It was replaced meanwhile, and may have expired before it was locked.


def _pin_product(home: Path, source: ProductInput) -> PinnedInput:
    product = f"{source.domain}.{source.name}"
    opened = open_version(port_at(home, product, source.major))
    return PinnedInput(
        source,
        opened.version,
        opened.duckdb_relation_sql(),
        opened.scan_polars,
        published_classes(opened.port, opened.publication),
        opened=opened,
    )


def _scan_landing(landing: Landing) -> pl.LazyFrame:
    import polars as pl

    complete = pl.lit(landing.complete_through, dtype=pl.Date).alias(COMPLETE_THROUGH)
    return pl.scan_parquet(landing.rows_paths, glob=False).with_columns(complete)


def newest_vector(home: Path, sources: Iterable[Input]) -> dict[str, int | str]:
    """Return the snapshot vector that a build would pin now; nothing is opened.

    Raises InputNotPublished, naming the source, if one has nothing to read yet.
    """
    return dict(sorted((source.ref, _newest(home, source)) for source in set(sources)))


def _newest(home: Path, source: Input) -> int | str:
    if isinstance(source, LegacyInput):
        landing = current_landing(home, source.domain, source.system, source.object)
        name: str = f"The landing of {source.ref}"
        version: int | str | None = landing.fingerprint if landing else None
    else:
        port = port_at(home, f"{source.domain}.{source.name}", source.major)
        made = latest(port)
        name, version = port.name, made.version if made else None
    if version is None:
        raise InputNotPublished(source, NotPublished(name, None, ()))
    return version
