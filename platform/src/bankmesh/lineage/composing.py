"""Lineage through several steps: what a step depends on, once the steps that made its inputs are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.lineage.model import Dependency, How, Kind, StepLineage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.lineage.model import ColumnRef


def compose(step: StepLineage, before: Mapping[str, StepLineage]) -> StepLineage:
    """`step` in terms of what the datasets in `before` were made from; datasets not among them stay as they are."""
    used = {d.source.dataset for d in (*step.rows, *(d for found in step.columns.values() for d in found))}
    used |= {ref.dataset for ref in step.opaque}
    steps = [before[name] for name in sorted(used & set(before))]
    unresolved = {
        name: f"it is made from {d.source}, which is not known: {before[d.source.dataset].underivable[d.source.column]}"
        for name, found in step.columns.items()
        for d in sorted(found)
        if d.source.dataset in before and d.source.column in before[d.source.dataset].underivable
    }
    columns = {
        name: frozenset(_through(found, before)) if name not in unresolved else frozenset()
        for name, found in step.columns.items()
    }
    return StepLineage(
        columns=columns,
        rows=frozenset(_through(step.rows, before)).union(*(earlier.rows for earlier in steps)),
        opaque=frozenset(_looked_at(step.opaque, before)).union(*(earlier.opaque for earlier in steps)),
        underivable={**step.underivable, **unresolved},
    )


def chain(outer: How, inner: How) -> How:
    """How a column depends on another through two steps, `inner` the earlier one.

    DIRECT only through two DIRECT ones; of these an aggregation tells more than a transformation, and that more than
    an identity. The first INDIRECT one met on the way back names the rest.
    """
    if outer.kind is Kind.INDIRECT:
        return outer
    if inner.kind is Kind.INDIRECT:
        return inner
    return max(outer, inner, key=_TELLS.index)


_TELLS = (How.IDENTITY, How.TRANSFORMATION, How.AGGREGATION)


def _through(found: Iterable[Dependency], before: Mapping[str, StepLineage]) -> Iterator[Dependency]:
    for outer in found:
        earlier = before.get(outer.source.dataset)
        if earlier is None:
            yield outer
            continue
        for inner in earlier.columns.get(outer.source.column, frozenset()):
            how = chain(outer.how, inner.how)
            # An INDIRECT dependency passes no value on, so there is nothing to mask.
            masking = (outer.masking or inner.masking) and how.kind is Kind.DIRECT
            yield Dependency(inner.source, how, masking)


def _looked_at(refs: Iterable[ColumnRef], before: Mapping[str, StepLineage]) -> Iterator[ColumnRef]:
    for ref in refs:
        earlier = before.get(ref.dataset)
        if earlier is None:
            yield ref
        else:
            yield from (d.source for d in earlier.columns.get(ref.column, frozenset()))
