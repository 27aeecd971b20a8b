"""The sample of the table that a candidate becomes: drawn once, for the profile and for the clause `profile`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.ports import TableCounts, rest_counts
from bankmesh.ports.version_history import newest_removal
from bankmesh.products.profiles.kept_samples import kept_sample, to_store
from bankmesh.products.profiles.row_samples import SampledTable, sample_rows

if TYPE_CHECKING:
    import duckdb

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import CandidateFiles, Port, Publication
    from bankmesh.products.profiles.row_samples import CountedRows, StoredSample


class CandidateSample:
    """A sample that is drawn when it is first needed, on one connection."""

    def __init__(self, contract: Contract, table: SampledTable) -> None:
        self._contract, self._table = contract, table
        self._rows: CountedRows | None = None

    def rows(self, connection: duckdb.DuckDBPyConnection) -> CountedRows:
        """Return the temporary table of the sampled rows. Raises duckdb.Error."""
        if self._rows is None:
            self._rows = sample_rows(self._contract, self._table, connection)
        return self._rows

    def to_store(self, connection: duckdb.DuckDBPyConnection) -> StoredSample | None:
        """Return the rows to store for the next run over some partitions; None for a product without partitions."""
        if self._contract.partitioning is None:
            return None
        return to_store(self._contract, self.rows(connection), connection)


def candidate_sample(
    contract: Contract,
    port: Port,
    relations: tuple[str, str],
    files: CandidateFiles,
    partitions: tuple[str, ...] | None,
    published: Publication | None,
) -> CandidateSample:
    """Return the sample for a candidate of these files. `relations` are the candidate, and the table that it becomes.

    Nulls are counted by footers and by the log. The rows that a run over some partitions leaves as they are come from
    the sample of the version before, if it is stored.
    """
    candidate, whole = relations
    column = contract.partitioning.column if contract.partitioning is not None else None
    if candidate == whole or column is None or partitions is None or published is None:
        counts = TableCounts(files.rows, files.nulls)
        return CandidateSample(contract, SampledTable(whole, whole, counts, partition_column=column))
    rest = rest_counts(port, published.version, column, partitions)
    earlier = kept_sample(port, published, contract) if newest_removal(port, published.version) is None else None
    total = None if rest is None else _sum(rest, files)
    return CandidateSample(contract, SampledTable(whole, candidate, total, earlier, column, partitions))


def _sum(rest: TableCounts, files: CandidateFiles) -> TableCounts:
    nulls = {name: rest.nulls[name] + count for name, count in files.nulls.items() if name in rest.nulls}
    return TableCounts(rest.rows + files.rows, nulls)
