"""What each column of a product inherits from the products that it is built from, for people to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.lineage.lineage_graph import ROWS
from bankmesh.lineage.model import ColumnRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.access.duties.grant_lifts import AcceptedWidenings
    from bankmesh.access.duties.model import Duty, ProductFlow, Way


@dataclass(frozen=True)
class InheritedDuties:
    """What one column of a product owes to one input.

    Attributes:
        column: the column of the product.
        source: the port of the input.
        from_columns: the columns of the input that it depends on; empty if it depends on its rows alone.
        ways: all the ways in which it depends on them.
        path: the columns on the path from the first of these.
        purposes: the purposes that the input allows.
        roles: the roles that the input admits.
        lifted: the duties that the owner of the input lifts from it.
    """

    column: str
    source: str
    from_columns: tuple[str, ...]
    ways: tuple[str, ...]
    path: tuple[str, ...]
    purposes: tuple[str, ...]
    roles: tuple[str, ...]
    lifted: tuple[Duty, ...]


def list_duties(flow: ProductFlow, widenings: AcceptedWidenings, way: Way) -> Iterator[InheritedDuties]:
    """Yield the duties of each column to each input, in the order of the contract."""
    found: dict[tuple[str, str], list[tuple[str, tuple[str, ...]]]] = {}
    for one in flow.flows:
        entry = found.setdefault((one.target, one.source.dataset), [])
        if one.source.column != ROWS:
            entry.append((one.source.column, tuple(how.value for how in one.ways)))
    order = [column.name for column in flow.contract.columns]
    for (column, port), entries in sorted(found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])):
        source = flow.inputs[port]
        names = tuple(name for name, _ in entries)
        lifts = {lift.duty for lift in widenings.used if (lift.column, lift.source) == (column, port)}
        yield InheritedDuties(
            column,
            port,
            names,
            tuple(sorted({how for _, ways in entries for how in ways})),
            tuple(way(ColumnRef(port, names[0]), column)) if names else (),
            source.purposes,
            tuple(entry.role for entry in source.roles),
            tuple(sorted(lifts)),
        )
