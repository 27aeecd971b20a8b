"""A test of whether a product reads an input by partition, as `partition_inputs` in its `defs.yaml` declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.errors import BankmeshError
from bankmesh.products.inputs.partition_bounds import partition_keys
from bankmesh.testing.trials import try_product

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from bankmesh.contracts.model import Contract


class WithoutPartitions(BankmeshError):
    """The product has no partitions, so it cannot read an input by partition."""

    def __init__(self, product: str) -> None:
        """`product` is its port."""
        self.product = product
        super().__init__(
            f"{product} has no partitions: declare `partitioning` in its contract, or test another product."
        )


def find_dependent_partitions(
    contract: Contract,
    inputs: Mapping[str, pl.DataFrame],
    columns: Mapping[str, str],
    *,
    home: Path,
    **options: Any,  # noqa: ANN401 - those of `try_product`
) -> tuple[str, ...]:
    """Return the partitions that differ if they are built from only their own rows of some inputs.

    Each partition for which the inputs have rows is built separately, from rows of that partition, and compared with
    the same partition of a full build. If none differs, `partition_inputs` may declare these inputs. The result holds
    for these rows only, so give rows at both ends of partitions, and related rows in two partitions.

    Args:
        contract: of the product.
        inputs: rows of all inputs, as for `try_product`.
        columns: by input, the date column that assigns its rows to a partition.
        home: a folder to use as `MESH_HOME`.
        options: further arguments of `try_product`, except `partitions`.

    Raises:
        WithoutPartitions: the product has none.

    Example:
        >>> find_dependent_partitions(contract, frames, {"till.sale": "sold_on"}, home=tmp_path)  # doctest: +SKIP
        ()

    """
    partitioning = contract.partitioning
    if partitioning is None:
        raise WithoutPartitions(contract.port)
    whole = try_product(contract, inputs, home=home / "whole", **options).rows
    found = []
    for partition in partition_keys(partitioning):
        own = {
            name: _rows_of(frame, columns[name], partitioning.granularity, partition) if name in columns else frame
            for name, frame in inputs.items()
        }
        expected = _rows_of(whole, partitioning.column, partitioning.granularity, partition)
        if not expected.height and not any(own[name].height for name in columns):
            continue
        trial = try_product(contract, own, home=home / partition, partitions=(partition,), **options)
        if _sorted(trial.rows) != _sorted(expected):
            found.append(partition)
    return tuple(found)


def _rows_of(frame: pl.DataFrame, column: str, granularity: str, partition: str) -> pl.DataFrame:
    import polars as pl

    every = "1mo" if granularity == "month" else "1d"
    return frame.filter(pl.col(column).dt.truncate(every).dt.to_string("%Y-%m-%d") == partition)


def _sorted(frame: pl.DataFrame) -> list[str]:
    return sorted(map(repr, frame.rows()))
