"""Whether a product reads an input by partition, as its `defs.yaml` may declare under `partition_inputs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.errors import BankmeshError
from bankmesh.products.assets.asset_specs import partitions_of
from bankmesh.testing.trials import try_product

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from bankmesh.contracts.model import Contract


class WithoutPartitions(BankmeshError):
    """A product that has no partitions reads nothing by partition."""

    def __init__(self, product: str) -> None:
        """Say which product."""
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
    """The partitions that come out otherwise when they are built from their own rows of some inputs alone.

    Every partition that the inputs have rows of is built by itself, from rows of that partition, and compared with the
    same partition of a build of all. None that differ is what `partition_inputs` declares; it is shown for these rows
    only, so give rows at both ends of partitions, and rows that belong together in two of them.

    Args:
        contract: of the product.
        inputs: rows of all inputs, as `try_product` takes them.
        columns: by input, the date by which its rows belong to a partition.
        home: a folder that plays `MESH_HOME`.
        options: more arguments of `try_product`, but for `partitions`.

    Raises:
        WithoutPartitions: the product has none.

    Example:
        >>> find_dependent_partitions(contract, frames, {"till.sale": "sold_on"}, home=tmp_path)  # doctest: +SKIP
        ()

    """
    partitioning = contract.partitioning
    definition = partitions_of(partitioning)
    if partitioning is None or definition is None:
        raise WithoutPartitions(contract.port)
    whole = try_product(contract, inputs, home=home / "whole", **options).rows
    found = []
    for partition in definition.get_partition_keys():
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
