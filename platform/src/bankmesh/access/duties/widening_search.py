"""The search for columns that widen access: the duties of each input, compared with what a product gives to readers."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from bankmesh.access.duties.model import Duty, Widening
from bankmesh.access.duties.readers import admitted_readers, allows_purpose, readers_with
from bankmesh.access.duties.row_filter_flow import find_row_problem
from bankmesh.access.duties.visibility import is_carried, keeps_mask, spell
from bankmesh.access.model import ColumnDecision, ColumnOutcome
from bankmesh.access.policies.contract_policies import listed_roles
from bankmesh.access.policies.probe_readers import product_reader
from bankmesh.lineage.lineage_graph import ROWS
from bankmesh.lineage.model import ColumnRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.access.duties.model import ColumnFlow, Decide, ProductFlow
    from bankmesh.access.model import AccessDecision, Principal
    from bankmesh.access.registry import ReaderRegistry


def find_widenings(flow: ProductFlow, registry: ReaderRegistry, decide: Decide) -> tuple[Widening, ...]:
    """Return each duty that each column of a product does not keep, sorted, whether or not a grant lifts it.

    Each product is compared with its own inputs alone: if every product keeps its duties, every path does.
    """
    search = _Search(flow, registry, decide)
    found: set[Widening] = set()
    for one in flow.flows:
        found.update(search.widenings(one))
    return tuple(sorted(found))


class _Search:
    """The readers of one product and the decisions about it, each made once."""

    def __init__(self, flow: ProductFlow, registry: ReaderRegistry, decide: Decide) -> None:
        self._flow, self._registry, self._decide = flow, registry, decide
        self._port = flow.contract.port
        self._decided: dict[tuple[Principal, str, str], AccessDecision] = {}

    @cached_property
    def _readers(self) -> tuple[tuple[str, str], ...]:
        return tuple(admitted_readers(self._flow.contract, self._registry))

    def widenings(self, one: ColumnFlow) -> Iterator[Widening]:
        """Yield what one column widens of one column of an input."""
        source = self._flow.inputs[one.source.dataset]
        target = ColumnRef(self._port, one.target)
        for purpose in self._flow.contract.purposes:
            if not allows_purpose(source, purpose, self._registry):
                allowed = f"allows {', '.join(source.purposes) or 'no purpose'}"
                yield Widening(target, one.source, Duty.PURPOSES, (), purpose, f"allows {purpose}", allowed)
        for role, purpose in self._readers:
            if not allows_purpose(source, purpose, self._registry):
                continue
            admitted = listed_roles(source, purpose, self._registry.purposes)
            if role not in admitted:
                given, allowed = f"admits {role} for {purpose}", f"admits {', '.join(admitted) or 'no role'} for it"
                yield Widening(target, one.source, Duty.AUDIENCE, (role,), purpose, given, allowed)
                continue
            for reader in readers_with(role, purpose, self._registry, {source.domain, self._flow.contract.domain}):
                yield from self._compared(one, target, reader, purpose)

    def _compared(self, one: ColumnFlow, target: ColumnRef, reader: Principal, purpose: str) -> Iterator[Widening]:
        """Yield what a reader gains in a column, of value and of rows."""
        given = self._decision(reader, self._port, purpose)
        own = given.of(one.target)
        if own.outcome is ColumnOutcome.WITHHOLD:
            return
        allowed = self._decision(reader, one.source.dataset, purpose)
        there = _of(allowed, one.source.column)
        held = tuple(sorted(reader.roles))
        is_required = self._flow.contract.column(one.target).required
        if not keeps_mask(one.ways, own, there, is_required=is_required):
            yield Widening(
                target,
                one.source,
                Duty.MASKS,
                held,
                purpose,
                spell(own, is_derived=not is_carried(one.ways)),
                spell(there),
            )
        for filtered in (allowed, self._decision(product_reader(self._port), one.source.dataset, purpose)):
            problem = find_row_problem(
                self._flow, one.source.dataset, one.target, given.row_filter, filtered.row_filter
            )
            if problem:
                names = ", ".join(sorted(filtered.row_filter.columns))
                yield Widening(target, one.source, Duty.ROWS, held, purpose, problem, f"filters its rows by {names}")

    def _decision(self, reader: Principal, port: str, purpose: str) -> AccessDecision:
        key = (reader, port, purpose)
        if key not in self._decided:
            self._decided[key] = self._decide(reader, port, purpose)
        return self._decided[key]


def _of(decision: AccessDecision, column: str) -> ColumnDecision:
    """Return the decision on a column; that on the rows is the one on the most revealing column."""
    if column != ROWS:
        return decision.of(column)
    outcome = ColumnOutcome.WITHHOLD if decision.is_refused else ColumnOutcome.SHOW
    return ColumnDecision(ROWS, outcome)
