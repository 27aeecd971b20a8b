"""Exact counts of duplicates, by the cheapest method that the key's type allows.

A gate spends most of its time on counting distinct keys by hash, so:

*   A whole-number key with dense values is counted in a bitmap, one bit for each possible value: a sixth of the time of
    `count(distinct ...)`, and a megabyte instead of hundreds.
*   Text and composite keys are grouped by their 64-bit hash. If no two rows share a hash, no two share a key. Only if
    some rows share one are the keys themselves grouped.
*   Everything else is grouped by the key.
"""

# SQL is composed from names of contracts, all of them quoted.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.sql_text import sql_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    FetchRow = Callable[[str], tuple[Any, ...]]

# A bitmap of 2**28 values takes 32 MiB for each thread.
_WIDEST_SPAN = 2**28
# If fewer than one value in 64 is present, clearing and merging the bitmap costs more than hashing.
_SPARSEST = 64
_WHOLE_NUMBERS = frozenset({"integer", "long"})
# Types whose equal values always have equal hashes; double is excluded because of 0.0 and -0.0.
_HASHABLE = frozenset({"string", "integer", "long", "date", "timestamp", "boolean", "decimal"})


def duplicates(fetch: FetchRow, relation: str, columns: Sequence[str], types: Sequence[str]) -> int:
    """Return the rows of `relation` beyond the first for each key; rows with a null in the key are left out.

    `fetch` runs a query and returns its one row. `types` are the contract's names of the columns' types.
    """
    if len(columns) == 1 and types[0] in _WHOLE_NUMBERS:
        counted = _by_bitmap(fetch, relation, sql_name(columns[0]))
        return counted if counted is not None else _by_group(fetch, relation, columns)
    if _HASHABLE.issuperset(types) and not _by_group(fetch, relation, columns, "hash({})"):
        return 0
    return _by_group(fetch, relation, columns)


def shared(fetch: FetchRow, relation: str, kept: str, columns: Sequence[str]) -> int:
    """Return the number of keys that occur both in `relation` and in `kept`.

    The semi join builds its hash table on `relation`, the smaller side, whose range of keys lets DuckDB skip row groups
    of `kept`.
    """
    names = ", ".join(map(sql_name, columns))
    same = " and ".join(f"old.{sql_name(name)} = new.{sql_name(name)}" for name in columns)
    (count,) = fetch(
        f"select count(*) from (select distinct {', '.join(f'old.{sql_name(name)}' for name in columns)}"
        f" from {kept} old semi join (select {names} from {relation}) new on {same})"
    )
    return int(count)


def _by_bitmap(fetch: FetchRow, relation: str, key: str) -> int | None:
    """Return the duplicates of a dense whole-number key; None if its values are too sparse."""
    low, high, count = fetch(f"select min({key}), max({key}), count({key}) from {relation}")
    if not count:
        return 0
    span = high - low + 1
    if span > _WIDEST_SPAN or span > _SPARSEST * count:
        return None
    (distinct,) = fetch(f"select bit_count(bitstring_agg({key}, {low}, {high})) from {relation}")
    return int(count - distinct)


def _by_group(fetch: FetchRow, relation: str, columns: Sequence[str], key: str = "{}") -> int:
    names = ", ".join(map(sql_name, columns))
    complete = " and ".join(f"{sql_name(name)} is not null" for name in columns)
    (count,) = fetch(
        f"select coalesce(sum(n - 1), 0) from (select count(*) as n from {relation} where {complete}"
        f" group by {key.format(names)} having count(*) > 1)"
    )
    return int(count)
