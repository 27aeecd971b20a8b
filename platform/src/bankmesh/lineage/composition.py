"""Lineage through several steps: what a step depends on, once the steps that made its inputs are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.lineage.model import Dependency, StepLineage, TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.lineage.model import ColumnRef


def compose(step: StepLineage, before: Mapping[str, StepLineage], *, read: Iterable[str] = ()) -> StepLineage:
    """`step` in terms of what the datasets in `before` were made from; datasets not among them stay as they are.

    `read` names datasets that the step reads without naming a column of theirs, as `select count(*)` does: what
    decides their rows decides its own. What a step takes from a column that is underivable, or that the earlier step
    does not have, is underivable too; if that decides its rows, all of its columns are.
    """
    met = {ref.dataset for ref in _refs(step)}.union(read)
    steps = [before[name] for name in sorted(met & set(before))]
    of_all = _first_lost([*(d.source for d in sorted(step.rows)), *sorted(step.opaque)], before)
    lost = {
        name: reason
        for name, found in step.columns.items()
        if (reason := _first_lost((d.source for d in sorted(found)), before) or of_all)
    }
    columns = {
        name: frozenset(_through(found, before)) if name not in lost else frozenset()
        for name, found in step.columns.items()
    }
    return StepLineage(
        columns=columns,
        rows=frozenset(_through(step.rows, before)).union(*(earlier.rows for earlier in steps)),
        opaque=frozenset(_looked_at(step.opaque, before)).union(*(earlier.opaque for earlier in steps)),
        underivable={**lost, **step.underivable},
    )


def chain(outer: TransformationSubtype, inner: TransformationSubtype) -> TransformationSubtype:
    """How a column depends on another through two steps, `inner` the earlier one.

    DIRECT only through two DIRECT ones; of these an aggregation tells more than a transformation, and that more than
    an identity. The first INDIRECT one met on the way back names the rest.
    """
    if outer.kind is TransformationType.INDIRECT:
        return outer
    if inner.kind is TransformationType.INDIRECT:
        return inner
    return max(outer, inner, key=_TELLS.index)


_TELLS = (TransformationSubtype.IDENTITY, TransformationSubtype.TRANSFORMATION, TransformationSubtype.AGGREGATION)


def _refs(step: StepLineage) -> Iterator[ColumnRef]:
    for found in (step.rows, *step.columns.values()):
        yield from (dependency.source for dependency in found)
    yield from step.opaque


def _first_lost(refs: Iterable[ColumnRef], before: Mapping[str, StepLineage]) -> str | None:
    """Why one of these columns cannot be followed any further back, None if all can."""
    for ref in refs:
        earlier = before.get(ref.dataset)
        if earlier is not None and ref.column in earlier.underivable:
            return f"it depends on {ref}, which is not known: {earlier.underivable[ref.column]}"
        if earlier is not None and ref.column not in earlier.columns:
            return f"it depends on {ref}, and the lineage of {ref.dataset} has no such column"
    return None


def _through(found: Iterable[Dependency], before: Mapping[str, StepLineage]) -> Iterator[Dependency]:
    for outer in found:
        earlier = before.get(outer.source.dataset)
        if earlier is None:
            yield outer
            continue
        for inner in earlier.columns.get(outer.source.column, frozenset()):
            how = chain(outer.how, inner.how)
            # An INDIRECT dependency passes no value on, so there is nothing to mask.
            masking = (outer.masking or inner.masking) and how.kind is TransformationType.DIRECT
            yield Dependency(inner.source, how, masking)


def _looked_at(refs: Iterable[ColumnRef], before: Mapping[str, StepLineage]) -> Iterator[ColumnRef]:
    for ref in refs:
        earlier = before.get(ref.dataset)
        if earlier is None:
            yield ref
        else:
            yield from (d.source for d in earlier.columns.get(ref.column, frozenset()))
