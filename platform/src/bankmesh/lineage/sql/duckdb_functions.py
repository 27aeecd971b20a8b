"""Effects of DuckDB's functions on a value: masking, aggregating many rows into one, or picking one of many.

sqlglot has classes for most of DuckDB's aggregates, but not for all, and for none that is called as a method
(`x.sum()`). Hence the lists of names, which a test compares with `duckdb_functions()`.
"""

from __future__ import annotations

from sqlglot import exp

from bankmesh.lineage.sql.relation_values import folded

_AGGREGATES = frozenset(
    {
        *("any_value", "approx_count_distinct", "approx_quantile", "approx_top_k", "arbitrary", "arg_max"),
        *("arg_max_null", "arg_max_nulls_last", "arg_min", "arg_min_null", "arg_min_nulls_last", "argmax", "argmin"),
        *("array_agg", "avg", "bit_and", "bit_or", "bit_xor", "bitstring_agg", "bool_and", "bool_or", "corr", "count"),
        *("count_if", "count_star", "countif", "covar_pop", "covar_samp", "cume_dist", "dense_rank", "entropy", "favg"),
        *(
            "fill",
            "first",
            "first_value",
            "fsum",
            "group_concat",
            "histogram",
            "histogram_exact",
            "kahan_sum",
            "kurtosis",
        ),
        *(
            "kurtosis_pop",
            "lag",
            "last",
            "last_value",
            "lead",
            "list",
            "listagg",
            "mad",
            "max",
            "max_by",
            "mean",
            "median",
            "min",
        ),
        *(
            "min_by",
            "mode",
            "nth_value",
            "ntile",
            "percent_rank",
            "product",
            "quantile",
            "quantile_cont",
            "quantile_disc",
        ),
        *("rank", "rank_dense", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope"),
        *("regr_sxx", "regr_sxy", "regr_syy", "reservoir_quantile", "row_number", "sem", "skewness", "stddev"),
        *("stddev_pop", "stddev_samp", "string_agg", "sum", "sum_no_overflow", "sumkahan", "var_pop", "var_samp"),
        *("variance",),
    }
)
_PICKING = frozenset({"arg_max_null", "arg_max_nulls_last", "arg_min_null", "arg_min_nulls_last"})
_HASHING = frozenset({"hash", "md5", "md5_number", "md5_number_lower", "md5_number_upper", "sha1", "sha256"})
_COUNTING = frozenset({"approx_count_distinct", "count", "count_if", "countif", "regr_count"})
_HASHES = (exp.MD5, exp.MD5Digest, exp.MD5NumberLower64, exp.MD5NumberUpper64, exp.SHA, exp.SHA2)
_COUNTS = (exp.Count, exp.CountIf, exp.ApproxDistinct, exp.RegrCount)
_PICKS = (exp.ArgMax, exp.ArgMin)
# The value of a single other row: no aggregate.
_ANOTHER_ROW = (exp.Lag, exp.Lead)
# For these the ORDER BY of WITHIN GROUP is the value itself.
_ORDERED_SETS = (exp.PercentileCont, exp.PercentileDisc, exp.Quantile, exp.Mode, exp.Median)


def function_name(node: exp.Expr) -> str:
    """Return the name of a function that sqlglot has no class for, else an empty string."""
    return folded(node.name) if isinstance(node, exp.Anonymous) else ""


def is_aggregate(node: exp.Expr) -> bool:
    """Return whether a function makes its value from several rows, in a group or in a window."""
    if isinstance(node, _ANOTHER_ROW):
        return False
    return isinstance(node, exp.AggFunc) or function_name(node) in _AGGREGATES


def is_masking(node: exp.Expr) -> bool:
    """Return whether nothing of the value itself remains: a hash, or a count."""
    return isinstance(node, (*_HASHES, *_COUNTS)) or function_name(node) in _HASHING | _COUNTING


def picked_by(node: exp.Expr) -> tuple[list[exp.Expr], list[exp.Expr]] | None:
    """Return the value and the ordering arguments of `arg_max(value, by)` and the like; None for other functions."""
    if isinstance(node, _PICKS):
        return [node.this], [node.expression] if node.expression else []
    if function_name(node) in _PICKING:
        return node.expressions[:1], node.expressions[1:]
    return None


def orders_its_value(node: exp.Expr) -> bool:
    """Return whether `function(...) within group (order by x)` is computed from x, as a percentile is."""
    return isinstance(node, _ORDERED_SETS)


def has_aggregate(node: exp.Expr) -> bool:
    """Return whether an expression of a SELECT list has aggregates of its own query; window functions do not count."""
    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Window):
        return any(has_aggregate(child) for child in windowed(node).iter_expressions())
    return is_aggregate(node) or any(has_aggregate(child) for child in node.iter_expressions())


def windowed(window: exp.Window) -> exp.Expr:
    """Return the function that a window applies to."""
    node: exp.Expr = window.this
    while isinstance(node, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
        node = node.this
    return node
