"""A product as a principal: what its inputs, and the targets of its relationships, let it read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.access.duties.model import RefusedRead
from bankmesh.access.duties.readers import admits_product, allows_purpose
from bankmesh.access.model import ColumnOutcome
from bankmesh.access.policies.probe_readers import product_reader
from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.lineage.lineage_graph import ROWS
from bankmesh.lineage.model import ColumnRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.access.duties.model import Decide, ProductFlow
    from bankmesh.access.registry import ReaderRegistry
    from bankmesh.contracts.model import Contract
    from bankmesh.errors import Place


def find_refused_reads(
    flow: ProductFlow, contracts: Mapping[str, Contract], registry: ReaderRegistry, decide: Decide
) -> tuple[RefusedRead, ...]:
    """Return the columns that a product reads and may not, sorted; `contracts` are those of the workspace, by port.

    A product reads the values of its inputs as they are, so each column must be shown to it, for each of its purposes
    that the input allows. A relationship looks values up in its target: the number of those that it does not find would
    reveal a column that the product cannot read. Targets without a contract have a fault of their own.
    """
    reads: dict[str, set[tuple[ColumnRef, Place | None]]] = {}
    for one in flow.flows:
        reads.setdefault(one.source.dataset, set()).add((one.source, None))
    for clause in flow.contract.clauses:
        rule = clause.rule
        if isinstance(rule, MissingReferences) and rule.product in contracts:
            aims = {(ColumnRef(rule.product, column), clause.place) for column in rule.target_columns}
            reads.setdefault(rule.product, set()).update(aims)
    found: set[RefusedRead] = set()
    for port, columns in reads.items():
        found.update(_refused(flow.contract, flow.inputs.get(port) or contracts[port], columns, registry, decide))
    return tuple(sorted(found, key=lambda one: (one.source, one.purpose, str(one.place), one.problem)))


def _refused(
    reader: Contract,
    source: Contract,
    reads: Iterable[tuple[ColumnRef, Place | None]],
    registry: ReaderRegistry,
    decide: Decide,
) -> Iterator[RefusedRead]:
    if not admits_product(source, reader):
        named = ", ".join(source.consumers) or "none"
        problem = f"it may be read by products of {source.domain} and by its `consumers`: {named}"
        yield from (RefusedRead(ref, "", problem, place) for ref, place in reads)
        return
    principal = product_reader(reader.port)
    for purpose in (p for p in reader.purposes if allows_purpose(source, p, registry)):
        decision = decide(principal, source.port, purpose)
        for ref, place in reads:
            found = decision.of(ref.column)
            if ref.column == ROWS and not decision.is_refused:
                continue
            if found.outcome is not ColumnOutcome.SHOW:
                why = "; ".join(map(str, decision.reasons if ref.column == ROWS else found.reasons))
                hidden = "withheld" if found.outcome is ColumnOutcome.WITHHOLD else f"masked by {found.mask}"
                problem = f"for {purpose} it is {hidden} from it{': ' if why else ''}{why}"
                yield RefusedRead(ref, purpose, problem, place)
