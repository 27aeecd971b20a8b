"""The rows of one side of a comparison: a published version, or the table that a refused candidate would have made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bankmesh.products.candidates.gate_relations import candidate_relation, kept_relation, table_relation
from bankmesh.products.candidates.port_settings import partition_column
from bankmesh.products.governed_tables import is_whole
from bankmesh.products.inputs.input_classifications import published_classes
from bankmesh.products.version_diffs.diff_queries import files_relation
from bankmesh.products.version_diffs.version_diff import ComparedSide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.access.relations.governed_relation import GovernedRelation
    from bankmesh.contracts.model import Classification, Contract
    from bankmesh.ports import OpenVersion
    from bankmesh.products.candidates.refused_candidates import RefusedCandidate


@dataclass(frozen=True)
class RowSource:
    """Where the rows of a side are.

    Attributes:
        side: the version or candidate.
        shape: a SQL relation that has its columns and types.
        files: its Parquet files; None if its rows can only be read through `shape`.
        partition_column: the column whose values are in the names of the files' folders; None if there is none.
        classifications: by column, as the contract had them that it was built under; None if that is not known.
        is_mixed: whether its files may have different columns.
        readable: the columns that the reader may compare; None for all, of comparisons by the platform itself.
        governed: the rows as the reader may see them; None for a candidate, and for the platform itself.
    """

    side: ComparedSide
    shape: str
    files: frozenset[Path] | None
    partition_column: str | None
    classifications: Mapping[str, Classification] | None = field(hash=False)
    is_mixed: bool = False
    readable: frozenset[str] | None = None
    governed: GovernedRelation | None = None

    @property
    def copied(self) -> GovernedRelation | None:
        """Its rows, if they are filtered or masked for the reader, so that its files must not be queried."""
        return None if self.governed is None or self._is_whole else self.governed

    @property
    def queried(self) -> GovernedRelation | None:
        """Its rows, if the reader sees them as they are: its files may be queried, and the read is recorded."""
        return self.governed if self._is_whole else None

    @property
    def _is_whole(self) -> bool:
        return self.governed is not None and is_whole(self.governed.decision, tuple(self.readable or ()))

    def readable_of(self, types: Mapping[str, str]) -> dict[str, str]:
        """Return those of its columns that the reader may compare."""
        return {name: kind for name, kind in types.items() if self.readable is None or name in self.readable}

    def relation(self, files: frozenset[Path], types: Mapping[str, str]) -> str:
        """Return the relation of these files, or of all rows if it has no files; `types` are those of its columns."""
        if self.files is None:
            return self.shape
        return files_relation(files, types, self.partition_column, by_name=self.is_mixed)


def version_source(contract: Contract, opened: OpenVersion) -> RowSource:
    """Return the rows of a published version."""
    partitions = _files(opened)
    return RowSource(
        ComparedSide(opened.version, None, opened.published_at.isoformat()),
        shape=opened.duckdb_relation_sql(),
        files=frozenset().union(*partitions.values()) if opened.has_plain_files else None,
        partition_column=partition_column(contract) if set(partitions) - {""} else None,
        classifications=published_classes(opened.port, opened.publication),
    )


def governed_source(contract: Contract, relation: GovernedRelation) -> RowSource:
    """Return the rows of a published version that a reader may see."""
    columns = frozenset(relation.decision.readable)
    return replace(version_source(contract, relation.opened), readable=columns, governed=relation)


def candidate_source(contract: Contract, refused: RefusedCandidate, newest: OpenVersion) -> RowSource:
    """Return the table that a refused candidate would have made of the newest version."""
    side = ComparedSide(None, refused.name, refused.refused_at.isoformat(), refused.base_version)
    shape = candidate_relation(contract, refused.path)
    if refused.partitions is not None and not newest.has_plain_files:
        rest = kept_relation(contract, newest.port, refused.partitions, newest.version)
        table = table_relation(shape, rest)
        return RowSource(side, table, files=None, partition_column=None, classifications=refused.classifications)
    built = frozenset(path for path in refused.path.rglob("*.parquet") if path.is_file())
    kept: frozenset[Path] = frozenset()
    if refused.partitions is not None:
        left = (files for value, files in _files(newest).items() if value not in refused.partitions)
        kept = frozenset().union(*left)
    column = partition_column(contract) if built or kept else None
    if built:
        shape = files_relation([min(built)], {column: "DATE"} if column else {}, column)
    return RowSource(
        side,
        shape=shape,
        files=built | kept,
        partition_column=column,
        classifications=refused.classifications,
        is_mixed=bool(built and kept),
    )


def _files(opened: OpenVersion) -> dict[str, frozenset[Path]]:
    """Return the files of a version by partition."""
    folder = opened.port.path
    # The log writes paths relative to the table's folder, as URIs.
    return {
        value: frozenset(folder / unquote(path) for path in paths) for value, paths in opened.partition_files().items()
    }
