"""Row filters: the conditions on columns that Cedar leaves when a row is unknown, as a Polars expression.

`filter_compiler.compile_residual` makes a `RowFilter` of the results of partial evaluation; `filter_translation.
filter_expression` makes an expression of it that selects exactly the rows for which Cedar would permit the read.

    attribute_types     which columns Cedar can hold, and its literals as Python values
    residual_conditions the nodes of Cedar's JSON, simplified by what is known of the type of rows
    filter_compiler     policy sets to a `RowFilter` with canonical JSON
    three_valued_logic  conditions that are true, false or an error, as expressions that are never null
    comparisons         comparisons, set tests and `like` on columns and literals
    filter_translation  a `RowFilter` to a Polars expression
"""
