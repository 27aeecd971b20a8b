"""Effects of Polars functions and aggregates on a value.

The columns that an unlisted function gives are underivable, so that a change in a new Polars version is noticed. The
names are the traverser's, as of Polars 2.1; a test compares them with every method of an expression.
"""

from __future__ import annotations

from dataclasses import dataclass

from bankmesh.lineage.model import TransformationSubtype


@dataclass(frozen=True)
class Effect:
    """What a function does to its input values.

    Attributes:
        how: IDENTITY (the value as it is), TRANSFORMATION (of one row's values) or AGGREGATION (of many rows').
        masking: nothing of the value itself remains, as in a hash or a count.
        by_place: the result depends on the order of the rows.
        single: one value comes out.
        resizes: how the number of values that come out depends on what goes in, if it does.
    """

    how: TransformationSubtype
    masking: bool = False
    by_place: bool = False
    single: bool = False
    resizes: TransformationSubtype | None = None


_KEPT = Effect(TransformationSubtype.IDENTITY)
_MOVED = Effect(TransformationSubtype.IDENTITY, by_place=True)
_ROW = Effect(TransformationSubtype.TRANSFORMATION)
_NEIGHBOURS = Effect(TransformationSubtype.TRANSFORMATION, by_place=True)
_COLUMN = Effect(TransformationSubtype.AGGREGATION)
_RUNNING = Effect(TransformationSubtype.AGGREGATION, by_place=True)
_ONE = Effect(TransformationSubtype.AGGREGATION, single=True)
_ONE_BY_PLACE = Effect(TransformationSubtype.AGGREGATION, by_place=True, single=True)
_COUNT = Effect(TransformationSubtype.AGGREGATION, masking=True, single=True)

_PLAIN: dict[Effect, str] = {
    _KEPT: "rechunk set_sorted top_k top_k_by",
    _MOVED: "concat extend_constant gather_every reverse sample shuffle",
    Effect(TransformationSubtype.IDENTITY, by_place=True, resizes=TransformationSubtype.FILTER): "drop_nans drop_nulls",
    Effect(TransformationSubtype.IDENTITY, by_place=True, resizes=TransformationSubtype.GROUP_BY): "unique",
    _ROW: """
        abs acos acosh arccos arccosh arcsin arcsinh arctan arctanh as_list as_struct atan2 bin_intervals cbrt ceil clip
        coalesce cos cosh cot cut degrees erf erfc exp fill_null floor fused log log1p max_horizontal mean_horizontal
        min_horizontal negate pow radians reinterpret repeat_by replace replace_strict round round_sig_figs sign sin
        sinh sqrt sum_horizontal tan tanh to_physical truncate repeat ffi_plugin
    """,
    Effect(TransformationSubtype.TRANSFORMATION, masking=True): "hash",
    _NEIGHBOURS: "diff interpolate pct_change peak_max peak_min shift shift_and_fill",
    _COLUMN: "bin_quantiles bin_ranks hist interpolate_by qcut rank search_sorted",
    _RUNNING: "arg_unique argwhere arg_sort cum_max cum_min cum_prod cum_sum rle rle_id",
    Effect(TransformationSubtype.AGGREGATION, masking=True, by_place=True): "cum_count",
    _ONE: "corr entropy kurtosis product quantile skew min_by max_by",
    _ONE_BY_PLACE: "arg_max arg_min index_of",
    _COUNT: "approx_n_unique null_count",
    Effect(TransformationSubtype.AGGREGATION, resizes=TransformationSubtype.GROUP_BY): "mode",
    Effect(TransformationSubtype.AGGREGATION, by_place=True, resizes=TransformationSubtype.GROUP_BY): "value_counts",
    Effect(
        TransformationSubtype.AGGREGATION, masking=True, by_place=True, resizes=TransformationSubtype.GROUP_BY
    ): "unique_counts",
}

_FAMILIES = {
    "ArrayFunction": _ROW,
    "BitwiseFunction": _ROW,
    "BooleanFunction": _ROW,
    "EwmFunction": _RUNNING,
    "ListFunction": _ROW,
    "RangeFunction": _ROW,
    "RollingFunction": _RUNNING,
    "RollingFunctionBy": _COLUMN,
    "StringFunction": _ROW,
    "StructFunction": _ROW,
    "TemporalFunction": _ROW,
}
"""Effects of the functions of a namespace, unless `_MEMBERS` names them."""

_MEMBERS = {
    "ArrayFunction.Explode": Effect(TransformationSubtype.TRANSFORMATION, resizes=TransformationSubtype.JOIN),
    "ArrayFunction.Length": Effect(TransformationSubtype.TRANSFORMATION, masking=True),
    "BitwiseFunction.And": _ONE,
    "BitwiseFunction.Or": _ONE,
    "BitwiseFunction.Xor": _ONE,
    "BooleanFunction.All": _ONE,
    "BooleanFunction.Any": _ONE,
    "BooleanFunction.HasNulls": _ONE,
    "BooleanFunction.IsEmpty": _ONE,
    "BooleanFunction.IsDuplicated": _COLUMN,
    "BooleanFunction.IsFirstDistinct": _RUNNING,
    "BooleanFunction.IsLastDistinct": _RUNNING,
    "BooleanFunction.IsSorted": _ONE_BY_PLACE,
    "BooleanFunction.IsUnique": _COLUMN,
    "EwmFunction.MeanBy": _COLUMN,
    "EwmFunction.SumBy": _COLUMN,
    "ListFunction.Length": Effect(TransformationSubtype.TRANSFORMATION, masking=True),
    "RangeFunction.IntRange": _NEIGHBOURS,
    "StringFunction.ConcatVertical": _ONE_BY_PLACE,
}

_AGGREGATES = {
    **dict.fromkeys(("max", "mean", "median", "min", "std", "sum", "var"), _ONE),
    **dict.fromkeys(("first", "first_non_null", "last", "last_non_null", "item", "agg_groups"), _ONE_BY_PLACE),
    **dict.fromkeys(("count", "len", "n_unique"), _COUNT),
    "implode": _ONE_BY_PLACE,
}

_UNREADABLE = {
    "anonymousfunction": _NEIGHBOURS,
    "anonymous_streaming_agg": _ONE_BY_PLACE,
    "binary expr": _ROW,
    "business": _ROW,
    "categorical expr": _ROW,
    "cum_fold": _ROW,
    "cum_reduce": _ROW,
    "cumulative_eval": _RUNNING,
    "element": _ROW,
    "extension expr": _ROW,
    "field": _ROW,
    "fold": _ROW,
    "list.eval": _ROW,
    "list.to_map": _ROW,
    "map.contains_key": _ROW,
    "map.entries": _ROW,
    "map.get": _ROW,
    "map.keys": _ROW,
    "map.len": Effect(TransformationSubtype.TRANSFORMATION, masking=True),
    "map.values": _ROW,
    "reduce": _ROW,
    "reshape": _NEIGHBOURS,
    "rolling map": _RUNNING,
    "row_decode": _ROW,
    "row_encode": _ROW,
    "approx_quantile_sketch": _ONE,
    "approx_quantile_estimate": _ONE,
    "array to_struct with a name generator": _ROW,
    "map_field_names with rust callback": _ROW,
    "total order min_by/max_by": _ONE,
}
"""Effects by the text that the traverser gives instead of an expression. Python functions map values to values."""

_BY_NAME = {name: effect for effect, names in _PLAIN.items() for name in names.split()}

_FILLS_FROM_ALL = frozenset({"max", "mean", "min"})

MOVES_VALUES = frozenset({
    "concat", "drop_nulls", "extend_constant", "first", "gather_every", "implode", "item", "last", "max_by", "min_by",
    "reverse", "sample", "set_sorted", "shift", "shuffle", "top_k", "top_k_by", "unique",
})  # fmt: skip
"""Functions and aggregates that return values unchanged, so that the fields of a struct stay separate."""


def effect_of_function(name: str, arguments: tuple[object, ...] = ()) -> Effect | None:
    """Return the effect of a function, None if it is not known."""
    if name == "fill_null_with_strategy":
        return _COLUMN if arguments and arguments[0] in _FILLS_FROM_ALL else _NEIGHBOURS
    if name == "arg_max" and len(arguments) > 1:
        return _RUNNING  # the name that Polars gives to `arg_sort`
    return _BY_NAME.get(name) or _MEMBERS.get(name) or _FAMILIES.get(name.partition(".")[0])


def effect_of_aggregate(name: str) -> Effect | None:
    """Return the effect of an aggregate, None if it is not known."""
    return _AGGREGATES.get(name)


def effect_of_unreadable(reason: str) -> Effect | None:
    """Return the effect of an expression that the traverser does not show, None if its text for it is not known."""
    return _UNREADABLE.get(reason)
