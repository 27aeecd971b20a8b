"""What is known of a column, and of a frame, while a plan is read from its sources upwards."""

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
    """Where what the engine reads may rightly differ from what a result depends on.

    Attributes:
        more: columns that it reads although the result does not depend on them.
        less: columns that it need not read although the result is said to depend on them.
    """

    more: frozenset[ColumnRef] = frozenset()
    less: frozenset[ColumnRef] = frozenset()

    def __or__(self, other: Slack) -> Slack:
        if other is _NO_SLACK or other is self:
            return self
        return other if self is _NO_SLACK else Slack(self.more | other.more, self.less | other.less)


_NO_SLACK = Slack()


def all_slack(slacks: Iterable[Slack]) -> Slack:
    """That of each."""
    found = _NO_SLACK
    for slack in slacks:
        found |= slack
    return found


@dataclass(frozen=True)
class FrameValue:
    """What a column, or an expression, depends on.

    Attributes:
        found: dependencies on columns of sources.
        unknown: why `found` is not all of it.
        fields: of a struct whose fields are told apart, each field's value; their dependencies are all of `found`.
        slack: what the engine may read otherwise.
        placed: its values lie in the order of the frame's rows, so that `first` or `shift` of it depends on that order.
        single: it is one value for the whole frame, or group.
        uneven: it may have another number of values than the frame has rows, which only running it would show.
        resized: what decides how many values there are, if that is not the number of the frame's rows.
        lengths: of lists made from rows, what decides how long they are; None if that is the lists' own affair.
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
        """What is made from it in this way; IDENTITY leaves it as it is."""
        if how is TransformationSubtype.IDENTITY and not masking:
            return self
        fields = self.fields and {name: part.through(how, masking=masking) for name, part in self.fields.items()}
        return replace(self, found=made_by(self.found, how, masking=masking), fields=fields)

    def decided_by(self, found: Dependencies, others: Iterable[FrameValue] = ()) -> FrameValue:
        """The same value, which INDIRECTly depends on something more; what is unknown of `others` is so of it."""
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
        """The same, its fields no longer told apart."""
        return replace(self, fields=None) if self.fields else self

    def field_named(self, name: str) -> FrameValue:
        """One field of a struct: of the whole struct, if its fields are not told apart."""
        if self.fields is None or name not in self.fields:
            return self.whole().through(TransformationSubtype.TRANSFORMATION)
        part = self.fields[name]
        others = Slack(more=sources_of(self.found - part.found))
        return replace(self, found=part.found, fields=part.fields, slack=self.slack | part.slack | others)


def made_by(found: Iterable[Dependency], how: TransformationSubtype, *, masking: bool = False) -> Dependencies:
    """Dependencies of what is made in this way from something that has these."""
    return frozenset(_chained(dependency, how, masking=masking) for dependency in found)


def _chained(dependency: Dependency, how: TransformationSubtype, *, masking: bool) -> Dependency:
    chained = chain(how, dependency.how)
    # An INDIRECT dependency passes no value on, so there is nothing to mask.
    return Dependency(
        dependency.source, chained, (masking or dependency.masking) and chained.kind is TransformationType.DIRECT
    )


def deciding(values: Iterable[FrameValue], how: TransformationSubtype) -> Dependencies:
    """Dependencies of what the values only decide; `how` is INDIRECT."""
    return NONE.union(*(made_by(value.found, how) for value in values))


def merged(values: Iterable[FrameValue]) -> FrameValue:
    """All that any of the values depends on; fields only if all have the same ones."""
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
    # A constant, null say, says nothing of fields.
    structs = [value.fields for value in listed if value.found or value.fields]
    first = structs[0] if structs else None
    if first is None or any(other is None or list(other) != list(first) for other in structs):
        return None
    return {name: merged(fields[name] for fields in structs if fields is not None) for name in first}


def first_unknown(values: Iterable[FrameValue]) -> str | None:
    """The first reason for which one of the values is not known."""
    return next((value.unknown for value in values if value.unknown), None)


def sources_of(found: Iterable[Dependency]) -> frozenset[ColumnRef]:
    """The columns that are depended on."""
    return frozenset(dependency.source for dependency in found)


@dataclass(frozen=True)
class PlanFrame:
    """What is known of a frame at one place of a plan.

    Attributes:
        columns: its columns, in order.
        rows: what decides which rows there are.
        order: what decides their order (SORT), where Polars promises to keep one.
        unknown: why `rows` or `order` are not all of it.
        reachable: all columns of the sources below.
        slack: what the engine may read otherwise, whatever column is asked for.
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
        """A column by name."""
        return self.columns.get(name) or FrameValue(unknown=f"there is no column {name} where it is used")

    def with_columns(self, columns: Mapping[str, FrameValue]) -> PlanFrame:
        """The same rows with these columns."""
        return replace(self, columns=columns, sides=None)

    def restricted_by(self, values: Iterable[FrameValue], how: TransformationSubtype) -> PlanFrame:
        """The same columns, the rows being decided by something more."""
        listed = list(values)
        return replace(
            self,
            rows=self.rows | deciding(listed, how),
            unknown=self.unknown or first_unknown(listed),
            slack=self.slack | all_slack(value.slack for value in listed),
        )

    def by_place(self) -> PlanFrame:
        """The same frame, once rows have been taken by their place: their order has decided which."""
        return replace(self, rows=self.rows | self.order)

    def reading_more(self, refs: Iterable[ColumnRef]) -> PlanFrame:
        """The same frame, for which the engine reads more than it depends on."""
        return replace(self, slack=self.slack | Slack(more=frozenset(refs)))

    def out_of_order(self) -> PlanFrame:
        """The same rows in no order that is promised; the engine has read the keys of the old one all the same."""
        return replace(self, order=NONE).reading_more(sources_of(self.order))


def together(frames: list[PlanFrame]) -> PlanFrame:
    """What is known of rows that come from several frames; no columns."""
    return PlanFrame(
        columns={},
        rows=NONE.union(*(frame.rows for frame in frames)),
        order=NONE.union(*(frame.order for frame in frames)),
        unknown=next((frame.unknown for frame in frames if frame.unknown), None),
        reachable=frozenset(ref for frame in frames for ref in frame.reachable),
        slack=all_slack(frame.slack for frame in frames),
    )
