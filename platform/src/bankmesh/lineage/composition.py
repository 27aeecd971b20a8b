"""Composition of lineage over several steps: a step's dependencies in terms of what its inputs were made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.lineage.model import Dependency, StepLineage, TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bankmesh.lineage.model import ColumnRef


def compose(step: StepLineage, before: Mapping[str, StepLineage], *, read: Iterable[str] = ()) -> StepLineage:
    """Return `step` in terms of what the datasets in `before` were made from; other datasets stay as they are.

    `read` names datasets that the step reads without naming a column of theirs, as `select count(*)` does: the
    dependencies of their rows become dependencies of its own rows. A column that depends on an underivable column, or
    on one that the earlier step does not have, is underivable too. If the step's rows depend on such a column, all of
    its columns are underivable.
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
    """Return how a column depends on another through two steps; `inner` is the earlier one.

    The result is DIRECT only if both are. Of two DIRECT kinds, AGGREGATION takes precedence over TRANSFORMATION, and
    TRANSFORMATION over IDENTITY. Otherwise the result is the INDIRECT kind of the later step, else of the earlier one.
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
    """Return why one of these columns cannot be traced further back, None if all can."""
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
