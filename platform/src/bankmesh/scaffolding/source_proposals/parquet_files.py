"""Proposals for Parquet files: types as stored, and for texts what their values show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.scaffolding.classification_proposal import propose_classification
from bankmesh.scaffolding.source_proposals.column_profile import ColumnProfile
from bankmesh.scaffolding.source_proposals.column_proposal import ColumnProposal, propose_column
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, FileProposal, ProposalOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

_ROWS_AT_ONCE = 1 << 16


def propose_parquet(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for Parquet files. Raises CannotPropose, and LegacyFileError for a damaged file."""
    import polars as pl
    import pyarrow as pa
    from pyarrow import parquet

    profiles: dict[str, ColumnProfile] = {}
    schema: pa.Schema | None = None
    for path in files:
        try:
            with parquet.ParquetFile(path) as file:
                schema = schema or file.schema_arrow
                if file.schema_arrow.names != schema.names:
                    raise CannotPropose(
                        path, "its columns are not those of the first file", "Name files of one object."
                    )
                for batch in file.iter_batches(_ROWS_AT_ONCE):
                    for name, column in zip(batch.schema.names, batch.columns, strict=True):
                        profile = profiles.setdefault(name, ColumnProfile(name))
                        profile.update(pl.Series(values=pl.from_arrow(column)).cast(pl.String, strict=False))
        except (OSError, pa.ArrowException) as error:
            raise LegacyFileError(path, "the file is damaged or no Parquet", "a Parquet file") from error
    if schema is None or not profiles:
        raise CannotPropose(files[0], "it holds no rows", "Give a file with rows.")
    columns = tuple(_propose(files[0], field, profiles[field.name], options) for field in schema)
    return FileProposal({"kind": "parquet"}, columns, next(iter(profiles.values())).rows, {})


def _propose(file: Path, field: pa.Field, profile: ColumnProfile, options: ProposalOptions) -> ColumnProposal:
    import pyarrow as pa

    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return propose_column(profile, day_first=options.day_first)
    declared = _declared_type(kind)
    if declared is None:
        raise CannotPropose(file, f"column {field.name} is stored as {kind}", "No declared type reads it.")
    keys: dict[str, object] = {"type": declared}
    if not profile.absent:
        keys["required"] = True
    found = ColumnProposal(field.name, keys, propose_classification(field.name, profile.shares))
    if pa.types.is_timestamp(kind) and kind.tz is None:
        question = "which time zone are its times in? They are stored without one, and UTC is a guess"
        return replace(found, keys={**keys, "timezone": "UTC"}, questions=(question,))
    return found


def _declared_type(kind: pa.DataType) -> str | None:
    import pyarrow as pa

    types = pa.types
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    tests = {
        "long": types.is_integer, "double": types.is_floating, "boolean": types.is_boolean, "date": types.is_date,
        "timestamp": types.is_timestamp,
    }  # fmt: skip
    return next((name for name, is_kind in tests.items() if is_kind(kind)), None)
