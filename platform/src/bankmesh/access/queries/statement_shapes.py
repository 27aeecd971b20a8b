"""The syntax trees of DuckDB's `json_serialize_sql` that a statement over a product may have.

Every kind of node is listed with its fields. A node, a field or a type that is not listed refuses the statement, so
what a new version of DuckDB adds to its grammar is refused until it is listed here. Not listed on purpose: table
functions, SHOW, DESCRIBE and SUMMARIZE, recursive CTEs, AT, prepared parameters, DEFAULT, and user-defined types.
"""

from __future__ import annotations

from typing import Any, Final

_EXPRESSION = frozenset({"class", "type", "alias", "query_location"})
_TABLE = frozenset({"type", "alias", "sample", "query_location"})
_QUERY = frozenset({"type", "modifiers", "cte_map"})
_WINDOW = (
    "function_name schema catalog children partitions orders start end start_expr end_expr offset_expr default_expr "
    "ignore_nulls filter_expr exclude_clause distinct arg_orders"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _fields(common: frozenset[str], names: str) -> frozenset[str]:
    return common | _words(names)


EXPRESSIONS: Final = {
    "BETWEEN": _fields(_EXPRESSION, "input lower upper"),
    "CASE": _fields(_EXPRESSION, "case_checks else_expr"),
    "CAST": _fields(_EXPRESSION, "child cast_type try_cast"),
    "COLLATE": _fields(_EXPRESSION, "child collation"),
    "COLUMN_REF": _fields(_EXPRESSION, "column_names"),
    "COMPARISON": _fields(_EXPRESSION, "left right"),
    "CONJUNCTION": _fields(_EXPRESSION, "children"),
    "CONSTANT": _fields(_EXPRESSION, "value"),
    "FUNCTION": _fields(
        _EXPRESSION, "function_name schema catalog children filter order_bys distinct is_operator export_state"
    ),
    "LAMBDA": _fields(_EXPRESSION, "lhs expr"),
    "OPERATOR": _fields(_EXPRESSION, "children"),
    "POSITIONAL_REFERENCE": _fields(_EXPRESSION, "index"),
    "STAR": _fields(
        _EXPRESSION, "relation_name exclude_list replace_list columns expr qualified_exclude_list rename_list"
    ),
    "SUBQUERY": _fields(_EXPRESSION, "subquery_type subquery child comparison_type"),
    "WINDOW": _fields(_EXPRESSION, _WINDOW),
}
"""The fields of each class of expression."""

OPERATORS: Final = _words(
    "ARRAY_EXTRACT ARRAY_SLICE COMPARE_IN COMPARE_NOT_IN GROUPING_FUNCTION OPERATOR_COALESCE OPERATOR_IS_NOT_NULL "
    "OPERATOR_IS_NULL OPERATOR_NOT OPERATOR_TRY OPERATOR_UNPACK STRUCT_EXTRACT"
)
"""The types of the class OPERATOR: they have no function name."""

NODES: Final = {
    # queries
    "SELECT_NODE": _fields(
        _QUERY,
        "select_list from_table where_clause group_expressions group_sets aggregate_handling having sample qualify",
    ),
    "SET_OPERATION_NODE": _fields(_QUERY, "setop_type left right setop_all"),
    # tables
    "BASE_TABLE": _fields(_TABLE, "schema_name table_name column_name_alias catalog_name at_clause"),
    "EMPTY": _TABLE,
    "EXPRESSION_LIST": _fields(_TABLE, "expected_names expected_types values"),
    "JOIN": _fields(
        _TABLE,
        "left right condition join_type ref_type using_columns delim_flipped duplicate_eliminated_columns",
    ),
    "PIVOT": _fields(_TABLE, "source aggregates unpivot_names pivots groups column_name_alias include_nulls"),
    "SUBQUERY": _fields(_TABLE, "subquery column_name_alias"),
    # modifiers
    "ASCENDING": frozenset({"type", "null_order", "expression"}),
    "DESCENDING": frozenset({"type", "null_order", "expression"}),
    "DISTINCT_MODIFIER": frozenset({"type", "distinct_on_targets"}),
    "LIMIT_MODIFIER": frozenset({"type", "limit", "offset"}),
    "LIMIT_PERCENT_MODIFIER": frozenset({"type", "limit", "offset"}),
    "ORDER_DEFAULT": frozenset({"type", "null_order", "expression"}),
    "ORDER_MODIFIER": frozenset({"type", "orders"}),
    # types
    "ARRAY_TYPE_INFO": frozenset({"type", "alias", "extension_info", "child_type", "size"}),
    "DECIMAL_TYPE_INFO": frozenset({"type", "alias", "extension_info", "width", "scale"}),
    "LIST_TYPE_INFO": frozenset({"type", "alias", "extension_info", "child_type"}),
    "STRUCT_TYPE_INFO": frozenset({"type", "alias", "extension_info", "child_types"}),
    "UNBOUND_TYPE_INFO": _fields(frozenset(), "type alias extension_info name catalog schema user_type_modifiers"),
}
"""The fields of each other node that names its type."""

VALUE: Final = frozenset({"type", "is_null", "value"})
"""The fields of a literal. What is below `value` is data of the statement's text and is not searched."""

PARTS: Final = frozenset(
    _words(names)
    for names in (
        "alias star_expr values",
        "aliases key_targets materialized query",
        "catalog column schema table",
        "entries pivot_enum pivot_expressions unpivot_names",
        "first second",
        "id type_info",
        "is_percentage method sample_size seed",
        "key value",
        "map",
        "named_param_map node",
        "then_expr when_expr",
    )
)
"""The sets of fields of the nodes without a type: a CTE, a WHEN, an entry of PIVOT and the like."""

MUST_BE_EMPTY: Final = _words(
    "at_clause catalog catalog_name duplicate_eliminated_columns expected_types export_state extension_info "
    "key_targets named_param_map pivot_enum schema schema_name"
)
"""Fields whose every use is refused: other catalogs and schemas, AT, parameters, and the state of aggregates."""

TYPES: Final = _words(
    "ARRAY BIGINT BIGNUM BIT BLOB BOOLEAN DATE DECIMAL DOUBLE FLOAT HUGEINT INTEGER INTEGER_LITERAL INTERVAL LIST MAP "
    "NULL SMALLINT STRING_LITERAL STRUCT TIME TIMESTAMP TIMESTAMP_MS TIMESTAMP_NS TIMESTAMP_S TINYINT UBIGINT UHUGEINT "
    "UINTEGER UNBOUND UNION USMALLINT UTINYINT UUID VARCHAR"
) | {"TIME WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"}
"""The types of literals and casts."""

NAMED_TYPES: Final = frozenset({"json"})
"""The types that DuckDB's parser leaves to be looked up by name."""

COLLATIONS: Final = frozenset({"nocase", "noaccent", "nocase.noaccent", "nfc", "binary"})


def kind_of(node: dict[str, Any]) -> str:
    """Return the class of an expression, or the type of another node; empty for a part without a type of its own."""
    kind = node.get("class") or node.get("type")
    return kind if isinstance(kind, str) else ""


def is_known(node: dict[str, Any]) -> bool:
    """Return whether a node is of a listed kind and has listed fields only."""
    if "class" in node:
        known = EXPRESSIONS.get(node["class"])
        typed = node["class"] != "OPERATOR" or node.get("type") in OPERATORS
        return known is not None and typed and node.keys() <= known
    if isinstance(node.get("type"), str):
        return node.keys() <= NODES.get(node["type"], frozenset())
    return node.keys() <= VALUE if "is_null" in node else frozenset(node) in PARTS
