"""Writing of a lazy frame as the Parquet files of a candidate, cast to the types that the contract promises."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.build_casts import count_losses, plan_casts
from bankmesh.contracts.column_types import nan_columns, polars_schema
from bankmesh.contracts.delivered_types import polars_delivered
from bankmesh.contracts.polars_casts import cast_or_null, is_lost
from bankmesh.errors import TransformError
from bankmesh.products.candidates.candidate_files import DATA_FILE, WrittenCandidate, require_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import polars as pl

    from bankmesh.contracts.build_casts import Cast
    from bankmesh.contracts.model import Contract


def write_candidate(frame: pl.LazyFrame, contract: Contract, folder: Path) -> WrittenCandidate:
    """Stream the rows of `frame` into `folder`, in the contract's columns and types.

    Raises TransformError if it is not a lazy frame, or delivers other columns than promised; CastsRefused if it
    delivers a type that cannot become the promised one. Polars' own errors are not caught: they may quote values.
    """
    import polars as pl

    if not isinstance(frame, pl.LazyFrame):
        raise TransformError(contract.port, *_describe_other(frame))
    stored = frame.collect_schema()
    require_columns(stored.names(), contract)
    casts = plan_casts(contract, {name: polars_delivered(dtype) for name, dtype in stored.items()})
    tally = _Tally(casts)
    promised = frame.select(*_cast_columns(casts, stored)).map_batches(
        tally.count_batch, streamable=True, schema=polars_schema(contract)
    )
    options: dict[str, Any] = {"compression": "zstd", "engine": "streaming", "statistics": _statistics(contract)}
    if contract.partitioning:
        target = pl.PartitionBy(folder, key=contract.partitioning.column, include_key=False)
        promised.sink_parquet(target, mkdir=True, **options)
    else:
        promised.sink_parquet(folder / DATA_FILE, **options)
    return tally.written()


# How to turn the frames of other libraries into a lazy frame, by the module of their class.
_LAZY = {
    "polars": "Return it as `frame.lazy()`.",
    "pandas": "Return it as `polars.from_pandas(frame).lazy()`.",
    "pyarrow": "Return it as `polars.from_arrow(table).lazy()`.",
    "duckdb": "Return it as `relation.pl(lazy=True)`.",
    "narwhals": "Return it as `frame.to_native().lazy()`.",
}
_SPELLED = {"polars": "Polars", "duckdb": "DuckDB", "narwhals": "Narwhals", "pyspark": "Spark"}


def _describe_other(delivered: object) -> tuple[str, str]:
    """Return what a transform returned in place of a lazy frame, with its library, and what to do about it."""
    if delivered is None:
        return "the transform returned nothing", "End it with `return` and a Polars LazyFrame."
    kind = type(delivered)
    library = kind.__module__.partition(".")[0].lstrip("_")
    named = kind.__name__ if library == "builtins" else f"{_SPELLED.get(library, library)} {kind.__name__}"
    return f"the transform returned a {named}, not a Polars LazyFrame", _LAZY.get(library, "Return a Polars LazyFrame.")


def _statistics(contract: Contract) -> Mapping[str, bool]:
    """Return the statistics to write: no bounds if a column may hold NaN, which Polars omits and readers would skip."""
    bounded = not nan_columns(contract)
    return {"min": bounded, "max": bounded, "null_count": True}


def _cast_columns(casts: tuple[Cast, ...], stored: pl.Schema) -> Iterator[pl.Expr]:
    """Yield each column as promised, null where its value is lost; then, for each checked one, whether it is lost."""
    import polars as pl

    for cast in casts:
        yield cast_or_null(pl.col(cast.column), cast.delivered, stored[cast.column], cast.promised)
    for cast in (cast for cast in casts if cast.is_checked):
        value = pl.col(cast.column)
        made = cast_or_null(value, cast.delivered, stored[cast.column], cast.promised)
        yield is_lost(value, made, cast.delivered).alias(_flag(cast))


@dataclass
class _Tally:
    """A counter of rows and losses, batch by batch, on the very rows that go to the file.

    The streaming engine calls `count_batch` from several threads, which append to the lists in any order.
    """

    casts: tuple[Cast, ...]
    rows: list[int] = field(default_factory=list)
    lost: list[dict[str, int]] = field(default_factory=list)

    def count_batch(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Count the batch and return its promised columns."""
        self.rows.append(batch.height)
        self.lost.append({c.column: int(batch[_flag(c)].sum()) for c in self.casts if c.is_checked})
        return batch.select(cast.column for cast in self.casts)

    def written(self) -> WrittenCandidate:
        """Return rows and losses of all batches."""
        lost: Counter[str] = Counter()
        for counts in self.lost:
            lost.update(counts)
        return WrittenCandidate(sum(self.rows), count_losses(self.casts, lost))


def _flag(cast: Cast) -> str:
    return f"{cast.column}\0lost"
