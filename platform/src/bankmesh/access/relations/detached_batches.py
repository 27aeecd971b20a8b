"""Batches whose memory holds nothing but what their reader may see.

Hiding a value in Polars or Arrow does not remove it from memory. A null has a slot, which keeps the value that a mask
hid or a row that was filtered; a text that was shortened is a view of the whole text; a slice is a part of a buffer
that other rows share. A reader's Arrow table, an IPC stream or a pickled frame would hold them all. So each batch is
copied: nulls become zeros or empty texts underneath, and texts get buffers of their own.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable


def detach_columns(batch: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Return an equal batch in which these columns have buffers of their own, where nulls hide nothing."""
    types = {name: batch.schema[name] for name in names}
    nested = [name for name, dtype in types.items() if dtype.is_nested()]
    texts = [name for name, dtype in types.items() if dtype == pl.String]
    copied = batch.select(name for name in types if name not in {*nested, *texts}).gather_every(1)
    flat = batch.with_columns(copied).with_columns(
        _without_remainder(name, dtype) for name, dtype in types.items() if name not in nested
    )
    return flat.with_columns(_rewritten(batch.select(nested))) if nested else flat


def _without_remainder(name: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    if dtype == pl.String:
        filled = pl.concat_str(value.fill_null(""), pl.lit(""))  # two parts, because one alone is not copied
    else:
        zero = pl.lit(False) if dtype == pl.Boolean else pl.lit(0).cast(dtype)  # noqa: FBT003 - a value
        filled = value.fill_null(zero)
    return pl.when(value.is_not_null()).then(filled).alias(name)


def _rewritten(nested: pl.DataFrame) -> pl.DataFrame:
    """Return columns of lists or structs as they are read from a file, which has no values below nulls."""
    file = io.BytesIO()
    nested.write_parquet(file, compression="uncompressed", statistics=False)
    file.seek(0)
    return pl.read_parquet(file)
