"""Column lineage of SQL: which columns of which tables each column of a query's result depends on, and how.

It is derived from the query's text and the columns of the tables that it reads, without data and without a database,
in DuckDB's dialect as sqlglot parses it. Names are resolved as DuckDB resolves them. Columns that cannot be resolved
are underivable, with the reason; nothing is guessed.

The terms (those of OpenLineage's facet `columnLineage` 1-2-0):

DIRECT, by column: a value is made of the input's value.
    IDENTITY        the value itself, renamed or not, through any number of subqueries; also the columns of UNION, the
                    left side of INTERSECT and EXCEPT, the keys of a group, the values of UNPIVOT
    TRANSFORMATION  computed row by row: operators, functions, casts, comparisons, the branches of CASE, every argument
                    of `coalesce`, a field of a struct, an element of a list (`unnest`), `list_filter` and the like; a
                    value of another row (`lag`, `lead`); the USING column of a full join, which is a coalesce
    AGGREGATION     made of several rows: arguments of aggregates, in a group or a window (`first_value` and `nth_value`
                    too), `within group (order by x)` of a percentile, the cells of PIVOT, `array(select ...)`
    masking         nothing of the value itself remains: a hash (`md5`, `sha1`, `sha256`, `hash`) or a count of values

INDIRECT, by column: the input decides which value is taken.
    CONDITIONAL     the conditions of CASE and IF, `filter (where ...)`, both sides of the comparison in `nullif`, what
                    is pivoted on
    WINDOW          PARTITION BY, ORDER BY and frame of a window
    SORT            ORDER BY in an aggregate, and the second argument of `arg_max` and `arg_min`

INDIRECT, of all columns alike (`rows`, never repeated by column): the input decides which rows exist.
    JOIN            ON, USING, NATURAL of joins of any kind, SEMI and ANTI too; the list that `unnest` or
                    `generate_series` expands into rows
    FILTER          WHERE, HAVING, QUALIFY, both sides of INTERSECT and EXCEPT, and the columns that UNPIVOT leaves
                    nulls out of. A subquery in such a condition (IN, EXISTS, scalar) is part of it: all that it depends
                    on is a FILTER, whatever it is inside.
    GROUP_BY        keys of groups; DISTINCT, DISTINCT ON, UNION without ALL, and the columns that PIVOT groups by
    SORT            ORDER BY of the outermost query, or of one with LIMIT, OFFSET or DISTINCT ON

A column may depend on one source in several ways; all are kept. `count(*)` depends on no column, only on the rows.
A subquery in a SELECT list gives its value to its column. Its filters, joins and groups go to `rows`, although they
affect that column alone, so `rows` may list too much. EXISTS there has no value, only its rows. An ORDER BY inside the
query, without LIMIT, is treated as having no effect, although `list(x)` over it depends on the order.

Underivable are: the columns of recursive common table expressions (the query does not show how often a value was
iterated), those of table functions that read files, those of a PIVOT without a list of values (one entry, named `*`),
and what depends on them. If the rows depend on something unknown, every column is underivable.

    lineage_of_query ──► StepLineage           one query
    lineage_of_models ──► ModelLineage         dbt models in order, composed; `path` returns a path between columns
    find_repeated_names ──► RepeatedName       ambiguous column names on which the result of a model depends

A name is repeated if a relation in FROM, a SELECT list, or two tables together have it twice. DuckDB then chooses one
of the columns silently. Values made of such a column carry the name, as they carry dependencies, so that only names
that reach the result count.

    tables ─► scopes ─► expressions ─► stars, pivots ─► sources ─► setoperations, queries ─► reading ─► models
"""

from __future__ import annotations

from bankmesh.lineage.sql.errors import LineageOfSqlError, QueryNotUnderstood, TableNotDescribed
from bankmesh.lineage.sql.model_chains import CompiledModel, ModelLineage, find_repeated_names, lineage_of_models, path
from bankmesh.lineage.sql.query_lineage import EVERY_OTHER, RESULT, lineage_of_query
from bankmesh.lineage.sql.relation_values import RepeatedName

__all__ = [
    "EVERY_OTHER",
    "RESULT",
    "CompiledModel",
    "LineageOfSqlError",
    "ModelLineage",
    "QueryNotUnderstood",
    "RepeatedName",
    "TableNotDescribed",
    "find_repeated_names",
    "lineage_of_models",
    "lineage_of_query",
    "path",
]
