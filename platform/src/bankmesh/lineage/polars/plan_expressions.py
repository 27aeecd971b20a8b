"""Dependencies of the value of an expression over a frame whose columns are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.lineage.model import TransformationSubtype
from bankmesh.lineage.polars.frame_values import NONE, FrameValue, Slack, deciding, made_by, merged, sources_of
from bankmesh.lineage.polars.plan_tree import ExpressionKind, InputRole, bottom_up
from bankmesh.lineage.polars.polars_functions import (
    MOVES_VALUES,
    Effect,
    effect_of_aggregate,
    effect_of_function,
    effect_of_unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bankmesh.lineage.polars.frame_values import PlanFrame
    from bankmesh.lineage.polars.plan_tree import Expression

_DECIDES = {
    InputRole.CONDITION: TransformationSubtype.CONDITIONAL,
    InputRole.SORT: TransformationSubtype.SORT,
    InputRole.WINDOW: TransformationSubtype.WINDOW,
}


def value_of(expression: Expression, frame: PlanFrame) -> FrameValue:
    """Return the value of an expression over a frame."""
    done: dict[Expression, FrameValue] = {}
    for part in bottom_up(expression, _inputs):
        value = _EVALUATE[part.form](part, [done[found] for found in _inputs(part)], frame)
        done[part] = value if value.lengths is None or _keeps_lengths(part) else replace(value, lengths=None)
    return done[expression]


def _keeps_lengths(part: Expression) -> bool:
    return part.form is ExpressionKind.COLUMN or part.name == "implode"


def columns_in(expression: Expression) -> frozenset[str]:
    """Return the columns that an expression names."""
    parts = bottom_up(expression, lambda part: [found for _, found in part.inputs])
    return frozenset(part.name for part in parts if part.form is ExpressionKind.COLUMN)


def _inputs(expression: Expression) -> list[Expression]:
    if expression.form is ExpressionKind.WINDOW and expression.scalar:
        # Its function reads rows in the window's own order, not in the frame's: it is evaluated separately.
        return [found for role, found in expression.inputs if role is not InputRole.VALUE]
    return [found for _, found in expression.inputs]


def _roles(
    part: Expression, inputs: list[FrameValue]
) -> tuple[list[FrameValue], list[tuple[TransformationSubtype, FrameValue]]]:
    """Split the inputs into values and those that only decide which value is taken."""
    pairs = [(role, value) for (role, _), value in zip(part.inputs, inputs, strict=True)]
    values = [value for role, value in pairs if role is InputRole.VALUE]
    return values, [(_DECIDES[role], value) for role, value in pairs if role is not InputRole.VALUE]


def _decided(value: FrameValue, deciders: Iterable[tuple[TransformationSubtype, FrameValue]]) -> FrameValue:
    listed = list(deciders)
    found = NONE.union(*(deciding([decider], how) for how, decider in listed))
    return value.decided_by(found, [decider for _, decider in listed])


def _by_place(value: FrameValue, frame: PlanFrame) -> FrameValue:
    """Return the value of something that depends on the positions of rows."""
    return value.decided_by(frame.order) if value.placed else value


# --- Leaves ------------------------------------------------------------------------------------------------------


def _column(part: Expression, _: list[FrameValue], frame: PlanFrame) -> FrameValue:
    return replace(frame.column(part.name), placed=True, single=False, uneven=False, resized=NONE)


def _literal(_: Expression, __: list[FrameValue], ___: PlanFrame) -> FrameValue:
    return FrameValue(single=True)


def _length(_: Expression, __: list[FrameValue], frame: PlanFrame) -> FrameValue:
    # The engine counts rows over any available column.
    return FrameValue(single=True, slack=Slack(more=frame.reachable))


# --- Row by row --------------------------------------------------------------------------------------------------


def _computed(_: Expression, inputs: list[FrameValue], __: PlanFrame) -> FrameValue:
    return merged(value.whole() for value in inputs).through(TransformationSubtype.TRANSFORMATION)


def _ternary(part: Expression, inputs: list[FrameValue], _: PlanFrame) -> FrameValue:
    values, deciders = _roles(part, inputs)
    chosen = _decided(merged(values).through(TransformationSubtype.TRANSFORMATION), deciders)
    return replace(chosen, single=all(value.single for value in inputs), placed=any(v.placed for v in inputs))


def _struct(part: Expression, inputs: list[FrameValue], _: PlanFrame) -> FrameValue:
    """`struct.with_fields` and `struct.eval`: new fields, made from the struct or from columns."""
    struct, *new = inputs
    fields = dict(struct.fields or {}) if part.name == "with_fields" else {}
    for name, value in zip(part.fields[1:], new, strict=True):
        # The plan does not show which field `pl.field()` names, so it may be any.
        fields[name] = merged([struct.whole(), value.whole()]).through(TransformationSubtype.TRANSFORMATION)
    whole = merged([struct.whole(), *(value.whole() for value in new)]).through(TransformationSubtype.TRANSFORMATION)
    apart = part.name != "with_fields" or struct.fields is not None
    return replace(whole, fields=fields if apart else None)


def _exploded(_: Expression, inputs: list[FrameValue], __: PlanFrame) -> FrameValue:
    (value,) = inputs
    taken = value.through(TransformationSubtype.TRANSFORMATION)
    return replace(taken, single=False, resized=value.resized | deciding([value], TransformationSubtype.JOIN))


# --- Functions ---------------------------------------------------------------------------------------------------


def _function(part: Expression, inputs: list[FrameValue], frame: PlanFrame) -> FrameValue:
    arguments = part.argument if isinstance(part.argument, tuple) else ()
    effect = effect_of_function(part.name, arguments)
    if effect is None:
        return FrameValue(unknown=f"the function {part.name} of Polars is not known")
    if part.name in _STRUCTS:
        return _STRUCTS[part.name](part, arguments, inputs)
    made = _affected(effect, part, inputs, frame)
    return _counted_values(part, made) if part.name == "value_counts" else made


def _aggregate(part: Expression, inputs: list[FrameValue], frame: PlanFrame) -> FrameValue:
    effect = effect_of_aggregate(part.name)
    if effect is None:
        return FrameValue(unknown=f"the aggregate {part.name} of Polars is not known")
    made = _affected(effect, part, inputs, frame)
    if part.name == "implode":
        return replace(made, lengths=inputs[0].resized)
    if part.name == "len":
        # The result is the number of rows for every column, so the engine counts any column.
        return replace(made, slack=made.slack | Slack(more=frame.reachable, less=sources_of(made.found)))
    return made


def _unreadable(part: Expression, inputs: list[FrameValue], frame: PlanFrame) -> FrameValue:
    effect = effect_of_unreadable(part.name)
    if effect is None:
        return FrameValue(unknown=f"Polars does not show an expression ({part.name[:40]})")
    return replace(_affected(effect, part, inputs, frame), uneven=not effect.single)


def _affected(effect: Effect, part: Expression, inputs: list[FrameValue], frame: PlanFrame) -> FrameValue:
    values, deciders = _roles(part, inputs)
    value = merged(values)
    if part.name not in MOVES_VALUES:
        value = value.whole()
    made = _decided(value.through(effect.how, masking=effect.masking), deciders)
    if part.name == "top_k":
        made = made.decided_by(deciding(values[:1], TransformationSubtype.SORT))
    if effect.by_place:
        made = _by_place(made, frame)
    if effect.resizes is not None:
        made = replace(made, resized=made.resized | deciding(values, effect.resizes), single=False)
    if effect.single:
        made = replace(made, single=True, placed=False, uneven=False, resized=NONE)
    return made


def _as_struct(part: Expression, _: tuple[object, ...], inputs: list[FrameValue]) -> FrameValue:
    whole = merged(value.whole() for value in inputs).through(TransformationSubtype.TRANSFORMATION)
    apart = len(part.fields) == len(inputs)
    return replace(whole, fields=dict(zip(part.fields, inputs, strict=True)) if apart else None)


def _field(_: Expression, arguments: tuple[object, ...], inputs: list[FrameValue]) -> FrameValue:
    return inputs[0].field_named(str(arguments[0]))


def _renamed_fields(part: Expression, arguments: tuple[object, ...], inputs: list[FrameValue]) -> FrameValue:
    (struct,) = inputs
    if struct.fields is None:
        return struct
    given = arguments[0]
    old = list(struct.fields)
    if part.name.endswith("PrefixFields"):
        new = [f"{given}{name}" for name in old]
    elif part.name.endswith("SuffixFields"):
        new = [f"{name}{given}" for name in old]
    elif isinstance(given, list) and len(given) == len(old):
        new = [str(name) for name in given]
    else:
        return struct.whole().through(TransformationSubtype.TRANSFORMATION)
    return replace(struct, fields=dict(zip(new, struct.fields.values(), strict=True)))


def _dropped_fields(_: Expression, arguments: tuple[object, ...], inputs: list[FrameValue]) -> FrameValue:
    (struct,) = inputs
    names = arguments[0]
    if struct.fields is None or not isinstance(names, list):
        return struct.whole().through(TransformationSubtype.TRANSFORMATION)
    left = {name: part for name, part in struct.fields.items() if name not in names}
    found = NONE.union(*(made_by(part.found, TransformationSubtype.TRANSFORMATION) for part in left.values()))
    return replace(struct, found=found, fields=left, slack=struct.slack | Slack(more=sources_of(struct.found)))


_STRUCTS: dict[str, Callable[[Expression, tuple[object, ...], list[FrameValue]], FrameValue]] = {
    "as_struct": _as_struct,
    "StructFunction.FieldByName": _field,
    "StructFunction.RenameFields": _renamed_fields,
    "StructFunction.PrefixFields": _renamed_fields,
    "StructFunction.SuffixFields": _renamed_fields,
    "StructFunction.DropFields": _dropped_fields,
}


def _counted_values(part: Expression, value: FrameValue) -> FrameValue:
    """Return the fields of `value_counts`, which gives structs of a value and its count."""
    if len(part.fields) != len(("value", "count")):
        return value
    counted, count = part.fields
    return replace(
        value, fields={counted: value, count: value.through(TransformationSubtype.AGGREGATION, masking=True)}
    )


# --- Rows in another order, or fewer of them: values keep their kind -----------------------------------------------


def _filtered(part: Expression, inputs: list[FrameValue], _: PlanFrame) -> FrameValue:
    values, deciders = _roles(part, inputs)
    kept = _decided(values[0], deciders)
    return replace(
        kept, resized=kept.resized | deciding([decider for _, decider in deciders], TransformationSubtype.FILTER)
    )


def _sorted(part: Expression, inputs: list[FrameValue], _: PlanFrame) -> FrameValue:
    values, deciders = _roles(part, inputs)
    keys = deciders or [(TransformationSubtype.SORT, values[0])]
    return replace(_decided(values[0], keys), placed=False)


def _gathered(part: Expression, inputs: list[FrameValue], frame: PlanFrame) -> FrameValue:
    values, deciders = _roles(part, inputs)
    taken = _decided(_by_place(values[0], frame), deciders)
    places = deciders[0][1]
    if part.scalar:
        return replace(taken.through(TransformationSubtype.AGGREGATION), single=True, placed=False, resized=NONE)
    return replace(
        taken, placed=places.placed, resized=taken.resized | made_by(places.found, TransformationSubtype.FILTER)
    )


def _sliced(part: Expression, inputs: list[FrameValue], frame: PlanFrame) -> FrameValue:
    values, deciders = _roles(part, inputs)
    kept = _decided(_by_place(values[0], frame), deciders)
    return replace(
        kept, resized=kept.resized | deciding([decider for _, decider in deciders], TransformationSubtype.FILTER)
    )


# --- Windows -----------------------------------------------------------------------------------------------------


def _windowed(part: Expression, inputs: list[FrameValue], frame: PlanFrame) -> FrameValue:
    if part.scalar:
        own_order = replace(frame, order=NONE)
        values = [value_of(found, own_order) for found in part.of(InputRole.VALUE)]
        deciders = [(TransformationSubtype.WINDOW, value) for value in inputs]
    else:
        values, deciders = _roles(part, inputs)
    value = _decided(values[0], deciders)
    if part.form is ExpressionKind.ROLLING:
        value = value.through(TransformationSubtype.AGGREGATION)
    return replace(value, placed=True, single=False, uneven=False, resized=NONE)


_EVALUATE: dict[ExpressionKind, Callable[[Expression, list[FrameValue], PlanFrame], FrameValue]] = {
    ExpressionKind.COLUMN: _column,
    ExpressionKind.LITERAL: _literal,
    ExpressionKind.LENGTH: _length,
    ExpressionKind.BINARY: _computed,
    ExpressionKind.CAST: _computed,
    ExpressionKind.TERNARY: _ternary,
    ExpressionKind.AGGREGATE: _aggregate,
    ExpressionKind.FUNCTION: _function,
    ExpressionKind.EXPLODE: _exploded,
    ExpressionKind.FILTER: _filtered,
    ExpressionKind.SORT: _sorted,
    ExpressionKind.GATHER: _gathered,
    ExpressionKind.SLICE: _sliced,
    ExpressionKind.WINDOW: _windowed,
    ExpressionKind.ROLLING: _windowed,
    ExpressionKind.STRUCT: _struct,
    ExpressionKind.UNREADABLE: _unreadable,
}
