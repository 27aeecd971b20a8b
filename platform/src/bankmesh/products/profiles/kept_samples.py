"""The sample of a port's newest version, stored beside its profile as an Arrow file: `_profiles/<candidate>.arrow`.

Only products with partitions have one. It holds what the version's files hold, without values above `internal`, and is
removed when a later version has one, or when the version expires.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from bankmesh.ports.port_locations import PROFILE_FOLDER, SAMPLE_SUFFIX, sample_file
from bankmesh.products.profiles.row_samples import StoredSample, counted_columns
from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    import duckdb

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Port, Publication
    from bankmesh.products.profiles.row_samples import CountedRows

_KEY = b"bankmesh"


def to_store(contract: Contract, rows: CountedRows, connection: duckdb.DuckDBPyConnection) -> StoredSample:
    """Return the rows of a sample of a table with that contract. Raises duckdb.Error."""
    found = connection.execute(f"from {rows.table}").to_arrow_table()
    return StoredSample(found, rows.share, counted_columns(contract))


def keep_sample(port: Port, publication: Publication, sample: StoredSample) -> None:
    """Store the sample of a version that was just published, in place of those of earlier versions. Raises OSError."""
    import pyarrow as pa

    place = sample_file(port, publication.candidate)
    note = json.dumps({"share": sample.share, "columns": dict(sample.columns)})
    rows = sample.rows.replace_schema_metadata({_KEY: note})
    buffer = pa.BufferOutputStream()
    with pa.ipc.new_file(buffer, rows.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(rows)
    write_atomically(place, buffer.getvalue().to_pybytes())
    for other in (port.path / PROFILE_FOLDER).glob(f"*{SAMPLE_SUFFIX}"):
        if other != place:
            other.unlink(missing_ok=True)


def kept_sample(port: Port, publication: Publication, contract: Contract) -> StoredSample | None:
    """Return the stored sample of a version; None if there is none, or one of other columns than the contract has."""
    import pyarrow as pa

    with suppress(OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        with pa.OSFile(str(sample_file(port, publication.candidate))) as file, pa.ipc.open_file(file) as reader:
            rows = reader.read_all()
        note = json.loads((rows.schema.metadata or {})[_KEY])
        if note["columns"] == counted_columns(contract) and 0 < note["share"] <= 1:
            return StoredSample(rows, float(note["share"]), note["columns"])
    return None
