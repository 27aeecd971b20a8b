"""Column lineage of Polars transforms, from their own plan: what each output column depends on, and how.

The words are those of OpenLineage's facet `columnLineage` 1-2-0, as `lineage.model` has them and as `lineage.sql` uses
them. A column may depend on the same source in more than one way; every way is told.

**DIRECT, for one column**: the value is made from the source's.

- IDENTITY: passed on as it is. Renaming; taking values away or giving them another order, of a frame or in an
  expression (`filter`, `sort_by`, `head`, `gather`, `unique`, `top_k`); keys of a group; union (`concat`); unpivoted
  values of the same type. The key of a join is the left one's, of a right join the right one's.
- TRANSFORMATION: made from values of one row, or moved from another row: arithmetic, comparison, `cast`, branches of
  `when`, `coalesce`, a full join's common key, functions of text, time, lists and structs, `fill_null`, `shift`,
  `diff`, `hash`, items of a list, and what a Python function does to an expression (`map_elements`, `map_batches`).
- AGGREGATION: made from values of many rows: `sum`, `first`, `count`, running ones (`cum_sum`, `rolling_mean`,
  `ewm_*`), `rank`, `is_duplicated`, whatever `group_by(...).agg` gives, an aggregate that `over` repeats.

`masking` where nothing of the value itself remains: `hash`, `count`, `len`, `n_unique`, `null_count`, `cum_count`,
lengths of lists. `pl.len()` counts rows and depends on no column.

**INDIRECT, for one column**: the source only decides which value is taken.

- CONDITIONAL: the condition of `when`, of `.filter` on an expression, places given to `gather`, `get` or `slice`.
- WINDOW: what `over` partitions and orders by; the time column of `rolling`.
- SORT: what an expression is sorted by (`sort`, `sort_by`, `max_by`, `top_k`); and keys of the frame's order, if the
  expression takes values by their place (`first`, `shift`, `cum_sum`, `head`, `implode`).
- OPAQUE, not OpenLineage's: a function over a whole frame (`LazyFrame.map_batches`, `map_groups`) may make any column
  from all columns that it is given.

**INDIRECT, for all columns alike** (`rows`, not repeated for each column): what decides which rows there are, anywhere
in the plan, also on a side that is only looked up.

- JOIN: keys of a join of any kind, semi and anti joins too; what `explode` and its like multiply rows by; over a cross
  join, a condition that compares both sides, which is how Polars itself writes `join_where`.
- FILTER: other conditions, `drop_nulls`, rows given to `LazyFrame.gather`.
- GROUP_BY: keys of groups and of dynamic and rolling windows, columns that `unique` compares.
- SORT: keys of an order that is part of the result (the plan ends in it), or that decided which rows were taken by
  their place (`head`, `tail`, `slice`, `top_k`, `unique(keep="first")`, frames set side by side). Only orders that
  Polars promises to keep count: a join keeps none unless it is told to, nor does `group_by`, and `sort` says nothing
  of ties.

A constant depends on nothing; so does a frame that the code itself holds (a look-up table). **Underivable**, with the
reason and never guessed, is a column that comes from a place that is no input (a file that the transform scans), from a
function or a node that is not known here, or on which the walk and the engine disagree (`probe.cross_check`).

**Opaque** is a step that looks at its data before it returns a plan: it collects an input to train a model, say. Every
column then depends INDIRECTly on every column that was read until then (`StepLineage.opaque`); columns that the plan
still carries from an input are DIRECT as usual. From the code alone (`derive_from_code`) it cannot be known what would
be read of inputs with rows, so every column of every input is taken; a build that reads through `recorded_sources`
knows exactly.

Importing this package imports Polars, so whoever loads a code location does so inside the function that needs it.
"""

from bankmesh.lineage.polars.plan_walk import NotASource, lineage_of_plan
from bankmesh.lineage.polars.recorded_sources import Recording, lineage_of_recorded, recorded_sources
from bankmesh.lineage.polars.source_probe import Probe, cross_check, probe_sources
from bankmesh.lineage.polars.transform_lineage import TransformLineage, derive_from_code

__all__ = [
    "NotASource",
    "Probe",
    "Recording",
    "TransformLineage",
    "cross_check",
    "derive_from_code",
    "lineage_of_plan",
    "lineage_of_recorded",
    "probe_sources",
    "recorded_sources",
]
