"""Column lineage of Polars transforms, from their own plan: what each output column depends on, and how.

The terms are those of OpenLineage's facet `columnLineage` 1-2-0, as in `lineage.model` and `lineage.sql`. A column may
depend on the same source in more than one way; every way is recorded.

**DIRECT, for one column**: the value is made from the source's.

- IDENTITY: passed on unchanged. Renaming; removing or reordering values, of a frame or in an expression (`filter`,
  `sort_by`, `head`, `gather`, `unique`, `top_k`); keys of a group; union (`concat`); unpivoted values of the same
  type. The key of a join is that of the left frame, of a right join that of the right frame.
- TRANSFORMATION: made from values of one row, or moved from another row: arithmetic, comparison, `cast`, branches of
  `when`, `coalesce`, a full join's common key, functions of text, time, lists and structs, `fill_null`, `shift`,
  `diff`, `hash`, items of a list, and what a Python function does to an expression (`map_elements`, `map_batches`).
- AGGREGATION: made from values of many rows: `sum`, `first`, `count`, running aggregates (`cum_sum`, `rolling_mean`,
  `ewm_*`), `rank`, `is_duplicated`, all results of `group_by(...).agg`, an aggregate that `over` repeats.

`masking` where nothing of the value itself remains: `hash`, `count`, `len`, `n_unique`, `null_count`, `cum_count`,
lengths of lists. `pl.len()` counts rows and depends on no column.

**INDIRECT, for one column**: the source only decides which value is taken.

- CONDITIONAL: the condition of `when`, of `.filter` on an expression, positions given to `gather`, `get` or `slice`.
- WINDOW: what `over` partitions and orders by; the time column of `rolling`.
- SORT: what an expression is sorted by (`sort`, `sort_by`, `max_by`, `top_k`); and keys of the frame's order, if the
  expression depends on row positions (`first`, `shift`, `cum_sum`, `head`, `implode`).
- OPAQUE, not in OpenLineage: a function over a whole frame (`LazyFrame.map_batches`, `map_groups`) may make any column
  from all columns of its input.

**INDIRECT, for all columns alike** (`rows`, not repeated for each column): what decides which rows exist, anywhere in
the plan, also on a side of a join that only filters.

- JOIN: keys of a join of any kind, semi and anti joins too; lists by which `explode` and similar nodes multiply rows;
  over a cross join, a condition that compares both sides, which is how Polars itself writes `join_where`.
- FILTER: other conditions, `drop_nulls`, rows given to `LazyFrame.gather`.
- GROUP_BY: keys of groups and of dynamic and rolling windows, columns that `unique` compares.
- SORT: keys of an order that is part of the result (the plan ends in it), or that decided which rows were taken by
  position (`head`, `tail`, `slice`, `top_k`, `unique(keep="first")`, horizontally concatenated frames). Only orders
  that Polars guarantees to maintain count: joins and `group_by` maintain none by default, and `sort` does not define
  the order of ties.

A constant depends on nothing, and neither does a frame that the code itself contains (a look-up table). A column is
**underivable**, with the reason and without a guess, if it comes from a place that is not an input (a file that the
transform scans), from a function or a node that is not known here, or if the walk and the engine disagree on it
(`probe.cross_check`).

A step is **opaque** if it reads its data before it returns a plan: for example, it collects an input to train a model.
Every column then has an INDIRECT dependency on every column read until then (`StepLineage.opaque`). Columns that the
plan still takes from an input are DIRECT as usual. The code alone (`derive_from_code`) does not show what would be read
of inputs with rows, so every column of every input counts as read; a build that reads through `recorded_sources`
records the exact columns.

Importing this package imports Polars, so code that runs while a code location loads imports it inside functions.
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
