"""Impact of a contract change: products and their columns by lineage, other consumers by recorded reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.lineage.graph_traversal import VALUES, Direction, walk
from bankmesh.lineage.lineage_graph import ROWS
from bankmesh.lineage.model import ColumnRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bankmesh.catalog.recorded_reads import RecordedRead
    from bankmesh.contracts.comparison.contract_change import Change
    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.lineage_graph import Graph


@dataclass(frozen=True)
class AffectedConsumer:
    """One consumer that a breaking change affects.

    Attributes:
        consumer: a product's port, or the name of a consumer that reads through the client.
        how: `values`: values reach these columns of a product; `decides`: they decide its rows or values without
            reaching them; `reads`: recorded reads; `declared` in the contract, without columns.
        columns: of a product, its own columns; of a reader, the columns that it reads.
    """

    consumer: str
    how: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        """Return the consumer as tables show it."""
        named = f": {', '.join(self.columns)}" if self.columns else ""
        return f"{self.consumer} ({self.how}{named})"


def columns_concerned(change: Change, contract: Contract) -> tuple[str, ...]:
    """Return the columns of the contract that a change affects; all of them if it affects the product as a whole."""
    everything = tuple(column.name for column in contract.columns)
    if change.subject in everything:
        return (change.subject,)
    if change.subject == "primary key":
        return contract.primary_key or everything
    clause = next((c for c in contract.clauses if c.name == change.subject), None)
    return clause.columns or everything if clause else everything


def impact(change: Change, old: Contract, graph: Graph, uses: Iterable[RecordedRead]) -> tuple[AffectedConsumer, ...]:
    """Return the consumers that the change affects, products first. `old` is the contract before the change."""
    columns = columns_concerned(change, old)
    return (*_products(graph, old.port, columns), *_readers(uses, old.port, columns), *_declared(old))


def _products(graph: Graph, port: str, columns: Iterable[str]) -> Iterator[AffectedConsumer]:
    start = tuple(ColumnRef(port, column) for column in columns)
    values = walk(graph, start, Direction.DOWNSTREAM, VALUES).columns
    reached = walk(graph, start, Direction.DOWNSTREAM)
    with_values: dict[str, list[str]] = {}
    for ref in values:
        with_values.setdefault(ref.dataset, []).append(ref.column)
    rows = {ref.dataset for ref in reached.depth if ref.column == ROWS}
    deciding: dict[str, list[str]] = {}
    for ref in reached.columns:
        if ref not in values and ref.dataset not in rows:
            deciding.setdefault(ref.dataset, []).append(ref.column)
    for dataset in sorted({*with_values, *deciding, *rows} - {port}):
        if dataset in with_values:
            yield AffectedConsumer(dataset, "values", tuple(sorted(with_values[dataset])))
        if dataset in rows:
            yield AffectedConsumer(dataset, "decides", ("all its rows",))
        elif dataset in deciding:
            yield AffectedConsumer(dataset, "decides", tuple(sorted(deciding[dataset])))


def _readers(uses: Iterable[RecordedRead], port: str, columns: Iterable[str]) -> Iterator[AffectedConsumer]:
    concerned = set(columns)
    read: dict[str, set[str]] = {}
    for use in uses:
        if use.port == port:
            found = concerned if use.columns is None else concerned & set(use.columns)
            read.setdefault(use.consumer, set()).update(found)
    for consumer, found in sorted(read.items()):
        if found:
            yield AffectedConsumer(consumer, "reads", tuple(sorted(found)))


def _declared(contract: Contract) -> Iterator[AffectedConsumer]:
    for consumer in contract.consumers:
        yield AffectedConsumer(consumer, "declared", ())
