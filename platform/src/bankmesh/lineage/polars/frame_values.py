"""Lineage of a column and of a frame while a plan is read, from its sources upwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from bankmesh.lineage.composition import chain
from bankmesh.lineage.model import Dependency, TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.lineage.model import ColumnRef

Dependencies: TypeAlias = frozenset[Dependency]
NONE: Dependencies = frozenset()


@dataclass(frozen=True)
class Slack:
    """Accepted differences between what the engine reads and what a result depends on.

    Attributes:
        more: columns that it reads although the result does not depend on them.
        less: columns that it need not read although the result depends on them.
    """

    more: frozenset[ColumnRef] = frozenset()
    less: frozenset[ColumnRef] = frozenset()

    def __or__(self, other: Slack) -> Slack:
        if other is _NO_SLACK or other is self:
            return self
        return other if self is _NO_SLACK else Slack(self.more | other.more, self.less | other.less)


_NO_SLACK = Slack()


def all_slack(slacks: Iterable[Slack]) -> Slack:
    """Return the union of the slacks."""
    found = _NO_SLACK
    for slack in slacks:
        found |= slack
    return found


@dataclass(frozen=True)
class FrameValue:
    """What a column, or an expression, depends on.

    Attributes:
        found: dependencies on columns of sources.
        unknown: why `found` is incomplete.
        fields: of a struct with separate fields, each field's value; together they have all dependencies of `found`.
        slack: accepted differences in what the engine reads.
        placed: its values are in the order of the frame's rows, so that its `first` or `shift` depends on that order.
        single: it is one value for the whole frame, or group.
        uneven: its number of values may differ from the frame's rows, which only running it would show.
        resized: what decides how many values there are, if that is not the number of the frame's rows.
        lengths: of lists made from rows, what decides their lengths; None for other lists.
    """

    found: Dependencies = NONE
    unknown: str | None = None
    fields: Mapping[str, FrameValue] | None = None
    slack: Slack = _NO_SLACK
    placed: bool = False
    single: bool = False
    uneven: bool = False
    resized: Dependencies = NONE
    lengths: Dependencies | None = None

    def through(self, how: TransformationSubtype, *, masking: bool = False) -> FrameValue:
        """Return the value that is made from this one in the way `how`; IDENTITY leaves it unchanged."""
        if how is TransformationSubtype.IDENTITY and not masking:
            return self
        fields = self.fields and {name: part.through(how, masking=masking) for name, part in self.fields.items()}
        return replace(self, found=made_by(self.found, how, masking=masking), fields=fields)

    def decided_by(self, found: Dependencies, others: Iterable[FrameValue] = ()) -> FrameValue:
        """Return the value with the INDIRECT dependencies `found`; it is unknown if one of `others` is."""
        listed = list(others)
        fields = self.fields and {name: part.decided_by(found, listed) for name, part in self.fields.items()}
        return replace(
            self,
            found=self.found | found,
            fields=fields,
            unknown=self.unknown or first_unknown(listed),
            slack=self.slack | all_slack(other.slack for other in listed),
        )

    def whole(self) -> FrameValue:
        """Return the value without separate fields."""
        return replace(self, fields=None) if self.fields else self

    def field_named(self, name: str) -> FrameValue:
        """Return one field of a struct; it depends on the whole struct if the fields are not separate."""
        if self.fields is None or name not in self.fields:
            return self.whole().through(TransformationSubtype.TRANSFORMATION)
        part = self.fields[name]
        others = Slack(more=sources_of(self.found - part.found))
        return replace(self, found=part.found, fields=part.fields, slack=self.slack | part.slack | others)


def made_by(found: Iterable[Dependency], how: TransformationSubtype, *, masking: bool = False) -> Dependencies:
    """Return the dependencies of a result that is made in the way `how` from a value with the dependencies `found`."""
    return frozenset(_chained(dependency, how, masking=masking) for dependency in found)


def _chained(dependency: Dependency, how: TransformationSubtype, *, masking: bool) -> Dependency:
    chained = chain(how, dependency.how)
    # An INDIRECT dependency passes no value on, so there is nothing to mask.
    return Dependency(
        dependency.source, chained, (masking or dependency.masking) and chained.kind is TransformationType.DIRECT
    )


def deciding(values: Iterable[FrameValue], how: TransformationSubtype) -> Dependencies:
    """Return the dependencies of a result that the values only decide; `how` is INDIRECT."""
    return NONE.union(*(made_by(value.found, how) for value in values))


def merged(values: Iterable[FrameValue]) -> FrameValue:
    """Return a value with the dependencies of all values; it has fields only if all have the same ones."""
    listed = list(values)
    if len(listed) == 1:
        return listed[0]
    return FrameValue(
        found=NONE.union(*(value.found for value in listed)),
        unknown=first_unknown(listed),
        fields=_common_fields(listed),
        slack=all_slack(value.slack for value in listed),
        placed=any(value.placed for value in listed),
        single=all(value.single for value in listed),
        uneven=any(value.uneven for value in listed),
        resized=NONE.union(*(value.resized for value in listed)),
    )


def _common_fields(listed: list[FrameValue]) -> Mapping[str, FrameValue] | None:
    # A constant, such as null, does not define fields.
    structs = [value.fields for value in listed if value.found or value.fields]
    first = structs[0] if structs else None
    if first is None or any(other is None or list(other) != list(first) for other in structs):
        return None
    return {name: merged(fields[name] for fields in structs if fields is not None) for name in first}


def first_unknown(values: Iterable[FrameValue]) -> str | None:
    """Return the first reason why one of the values is unknown, None if all are known."""
    return next((value.unknown for value in values if value.unknown), None)


def sources_of(found: Iterable[Dependency]) -> frozenset[ColumnRef]:
    """Return the source columns of the dependencies."""
    return frozenset(dependency.source for dependency in found)


@dataclass(frozen=True)
class PlanFrame:
    """The lineage of a frame at one place of a plan.

    Attributes:
        columns: its columns, in order.
        rows: what decides which rows exist.
        order: what decides their order (SORT), where Polars guarantees one.
        unknown: why `rows` or `order` is incomplete.
        reachable: all columns of the sources below.
        slack: accepted differences in what the engine reads, whichever column is selected.
        sides: of a cross join, the columns of its two frames.
    """

    columns: Mapping[str, FrameValue]
    rows: Dependencies = NONE
    order: Dependencies = NONE
    unknown: str | None = None
    reachable: frozenset[ColumnRef] = frozenset()
    slack: Slack = _NO_SLACK
    sides: tuple[frozenset[str], frozenset[str]] | None = None

    def column(self, name: str) -> FrameValue:
        """Return a column by name."""
        return self.columns.get(name) or FrameValue(unknown=f"there is no column {name} where it is used")

    def with_columns(self, columns: Mapping[str, FrameValue]) -> PlanFrame:
        """Return the frame with these columns and the same rows."""
        return replace(self, columns=columns, sides=None)

    def restricted_by(self, values: Iterable[FrameValue], how: TransformationSubtype) -> PlanFrame:
        """Return the frame with the same columns, whose rows also depend on `values`."""
        listed = list(values)
        return replace(
            self,
            rows=self.rows | deciding(listed, how),
            unknown=self.unknown or first_unknown(listed),
            slack=self.slack | all_slack(value.slack for value in listed),
        )

    def by_place(self) -> PlanFrame:
        """Return the frame after rows were taken by position, so that their order decided which."""
        return replace(self, rows=self.rows | self.order)

    def reading_more(self, refs: Iterable[ColumnRef]) -> PlanFrame:
        """Return the frame with additional columns that the engine reads without a dependency on them."""
        return replace(self, slack=self.slack | Slack(more=frozenset(refs)))

    def out_of_order(self) -> PlanFrame:
        """Return the same rows without a guaranteed order; the engine still reads the keys of the previous one."""
        return replace(self, order=NONE).reading_more(sources_of(self.order))


def together(frames: list[PlanFrame]) -> PlanFrame:
    """Return a frame without columns for rows that come from several frames."""
    return PlanFrame(
        columns={},
        rows=NONE.union(*(frame.rows for frame in frames)),
        order=NONE.union(*(frame.order for frame in frames)),
        unknown=next((frame.unknown for frame in frames if frame.unknown), None),
        reachable=frozenset(ref for frame in frames for ref in frame.reachable),
        slack=all_slack(frame.slack for frame in frames),
    )
