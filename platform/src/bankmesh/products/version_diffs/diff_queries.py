"""SQL of a comparison (DuckDB), over three views of compared rows that have the same columns.

`before_rows` and `after_rows` are the rows of files that only one side has, `shared_rows` those of files of both.
Column number i is named `xi`, so that no name of a contract can collide with a name of these queries; columns of the
key come first. All comparisons use `is not distinct from` or `group by`: null equals null and NaN equals NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

BEFORE, AFTER, SHARED = "before_rows", "after_rows", "shared_rows"
_SHOWN_AS_TEXT = ("DATE", "TIMESTAMP", "DECIMAL")


@dataclass(frozen=True)
class RowLayout:
    """The columns of the views: their DuckDB types, those of the key first.

    Attributes:
        types: of all columns.
        width: the number of key columns; 0 if whole rows are compared.
        partition: the number of the partition column; None if there is none.
        shows_key: whether examples are ordered by key; else by its hash, so that their order says nothing about it.
    """

    types: tuple[str, ...]
    width: int
    partition: int | None
    shows_key: bool

    @property
    def values(self) -> range:
        """The numbers of the columns that are not part of the key."""
        return range(self.width, len(self.types))

    def key(self, alias: str = "") -> str:
        """Return the key columns, comma-separated."""
        return ", ".join(f"{alias}x{number}" for number in range(self.width))

    def order(self, alias: str = "") -> str:
        """Return the expression that orders examples."""
        own = ", ".join(f"x{number} := {alias}x{number}" for number in range(self.width))
        return f"struct_pack({own})" if self.shows_key else f"struct_pack(h := hash({self.key(alias)}), {own})"

    def same_key(self, left: str, right: str) -> str:
        """Return the condition that two rows have one key."""
        return " and ".join(f"{left}.x{number} is not distinct from {right}.x{number}" for number in range(self.width))

    def place(self, alias: str = "") -> str:
        """Return the partition of a row; 0 if there are no partitions."""
        return "0" if self.partition is None else f"{alias}x{self.partition}"


def files_relation(
    files: Iterable[Path], types: Mapping[str, str], partition_column: str | None, *, by_name: bool = False
) -> str:
    """Return a relation with the rows of Parquet files; an empty one of these types if there is no file.

    The values of `partition_column` are in the names of the files' folders. With `by_name` files may have different
    columns, and those that a file lacks are null; each file is then opened to plan a query.
    """
    names = [sql_literal(str(path)) for path in sorted(files)]
    if not names:
        columns = ", ".join(f"null::{kind} as {sql_name(name)}" for name, kind in types.items())
        return f"(select {columns} where false)"
    options = f"can_have_nan = true, union_by_name = {str(by_name).lower()}, hive_partitioning = false"
    if partition_column is not None:
        kinds = f"{{{sql_literal(partition_column)}: {types[partition_column]}}}"
        options = options.replace("hive_partitioning = false", f"hive_partitioning = true, hive_types = {kinds}")
    return f"read_parquet([{', '.join(names)}], {options})"


def view_of_rows(view: str, relation: str, types: Mapping[str, str]) -> str:
    """Return the statement that creates one of the three views."""
    columns = "".join(
        f", cast({sql_name(name)} as {kind}) as x{number}" for number, (name, kind) in enumerate(types.items())
    )
    return f"create temp view {view} as select true as here{columns} from {relation}"


def flagged_keys(layout: RowLayout, *, has_shared: bool) -> str:
    """Return the statement that creates `flagged`: keys that cannot pair rows, because a side repeats them.

    Of the keys in shared files only those are among them that also occur in other files.
    """
    key = layout.key()
    parts = [f"select {key} from {view} group by {key} having count(*) > 1" for view in (BEFORE, AFTER)]
    if has_shared:
        others = f"(select {key} from {BEFORE} union all select {key} from {AFTER})"
        parts.append(f"select {key} from {SHARED} s semi join {others} o on {layout.same_key('s', 'o')}")
    return f"create temp table flagged as {' union '.join(f'({part})' for part in parts)}"


def repeated_rows(layout: RowLayout) -> str:
    """Return a query for what each side repeats: keys and rows before, keys and rows after."""
    key = layout.key()
    counted = " union all ".join(
        f"select {key}, {before} as was, {after} as is_now from {view} r"
        f" semi join flagged f on {layout.same_key('r', 'f')}"
        for view, before, after in ((BEFORE, 1, 0), (AFTER, 0, 1), (SHARED, 1, 1))
    )
    sums = f"select {key}, sum(was) as b, sum(is_now) as a from ({counted}) group by {key}"
    return (
        "select count(*) filter (where b > 1), coalesce(sum(b) filter (where b > 1), 0),"
        f" count(*) filter (where a > 1), coalesce(sum(a) filter (where a > 1), 0) from ({sums})"
    )


def pair_rows(layout: RowLayout, examples: int, *, has_flagged: bool) -> str:
    """Return the statement that creates `paired`: the counts of rows paired by key, and keys of changed rows.

    It has one row for each pair of partitions: `p_before`, `p_after`, `added`, `removed`, `changed`, `unchanged`,
    `d<i>` (changed rows whose column i differs), and `picks` (keys of the first changed rows).
    """
    differ = " or ".join(f"d{number}" for number in layout.values) or "false"
    without = f"(select * from {{}} r anti join flagged f on {layout.same_key('r', 'f')})" if has_flagged else "{}"
    flags = "".join(f", b.x{number} is distinct from a.x{number} as d{number}" for number in layout.values)
    keys = "".join(f", a.x{number} as x{number}" for number in range(layout.width))
    joined = (
        f"select b.here as was, a.here as is_now, {layout.place('b.')} as p_before, {layout.place('a.')} as p_after"
        f"{keys}{flags} from {without.format(BEFORE)} b"
        f" full join {without.format(AFTER)} a on {layout.same_key('b', 'a')}"
    )
    both = "was is not null and is_now is not null"
    counts = "".join(f", count(*) filter (where {both} and d{number}) as d{number}" for number in layout.values)
    own = ", ".join(f"x{number} := x{number}" for number in range(layout.width))
    picked = (
        f", arg_min(struct_pack({own}), {layout.order()}, {examples}) filter (where {both} and ({differ})) as picks"
    )
    return (
        "create temp table paired as select p_before, p_after,"
        " count(*) filter (where was is null) as added, count(*) filter (where is_now is null) as removed,"
        f" count(*) filter (where {both} and ({differ})) as changed,"
        f" count(*) filter (where {both} and not ({differ})) as unchanged{counts}{picked if examples else ''}"
        f" from ({joined}) group by p_before, p_after"
    )


def pair_counts(layout: RowLayout) -> str:
    """Return a query for the counts in `paired`."""
    columns = "".join(f", d{number}" for number in layout.values)
    return f"select p_before, p_after, added, removed, changed, unchanged{columns} from paired"


def whole_rows(layout: RowLayout) -> str:
    """Return a query for rows compared as multisets, by partition: partition, added, removed, unchanged.

    With a key only rows of flagged keys are compared, else all.
    """
    names = "".join(f"x{number}, " for number in range(len(layout.types)))
    chosen = f" semi join flagged f on {layout.same_key('r', 'f')}" if layout.width else ""
    sides = " union all ".join(
        f"select {names}{side} as side from {view} r{chosen}" for side, view in enumerate((BEFORE, AFTER))
    )
    # Without a column that both sides have, no row equals one of the other side.
    grouped = (
        f"select {names}count(*) filter (where side = 0) as b, count(*) filter (where side = 1) as a"
        f" from ({sides}) group by {names.removesuffix(', ') or 'side'}"
    )
    return (
        f"select {layout.place()} as place, sum(greatest(a - b, 0)), sum(greatest(b - a, 0)), sum(least(a, b))"
        f" from ({grouped}) group by place"
    )


def shared_counts(layout: RowLayout) -> str:
    """Return a query for the number of rows in shared files: partition, rows."""
    return f"select {layout.place()} as place, count(*) from {SHARED} group by place"


def example_rows(layout: RowLayout, shown: Sequence[int], examples: int) -> str:
    """Return a query for the examples in order: the key, before and after of each shown column, and all flags.

    Dates, timestamps and decimals come as text.
    """
    keys = ", ".join(f"pick.x{number} as x{number}" for number in range(layout.width))
    every = f"select {keys} from (select unnest(picks) as pick from paired)"
    chosen = f"{every} order by {layout.order('pick.')} limit {examples}"
    selected = [_displayed(f"p.x{number}", layout.types[number]) for number in range(layout.width)]
    selected += [_displayed(f"{side}.x{number}", layout.types[number]) for number in shown for side in ("b", "a")]
    selected += [f"b.x{number} is distinct from a.x{number}" for number in layout.values]
    return (
        f"select {', '.join(selected)} from ({chosen}) p join {BEFORE} b on {layout.same_key('b', 'p')}"
        f" join {AFTER} a on {layout.same_key('a', 'p')} order by {layout.order('p.')}"
    )


def _displayed(column: str, kind: str) -> str:
    if not kind.startswith(_SHOWN_AS_TEXT):
        return column
    return f"cast({column} as {'varchar[]' if kind.endswith('[]') else 'varchar'})"
