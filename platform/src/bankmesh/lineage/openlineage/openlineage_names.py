"""Names in OpenLineage events: datasets by location, jobs by the asset that they make, runs by Dagster run and step.

Datasets follow the naming page of the OpenLineage specification for their store, so that events of other tools about
the same table have the same name: `file` and an absolute path, `s3://bucket` and a key without a leading slash. The
logical name (`retail.party`) is added as a symlink.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from openlineage.client.naming.dataset import DatasetNaming

_RUNS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:bankmesh:openlineage:run")


@dataclass(frozen=True, order=True)
class DatasetName:
    """OpenLineage's name of a dataset."""

    namespace: str
    name: str


def producer() -> str:
    """Return the URI of the events' producer, Bankmesh at its installed version."""
    return f"urn:bankmesh:{installed('bankmesh')}"


def dataset_name(place: str) -> DatasetName:
    """Return the OpenLineage name of the table at a path or URI. Raises ValueError for a path that is not absolute.

    Source: the naming page of the OpenLineage specification, for the stores of `openlineage-python` that can hold
    tables.
    """
    from openlineage.client.naming import dataset as stores

    uri = urlsplit(place)
    key = uri.path.strip("/")
    known: DatasetNaming
    match uri.scheme:
        case "" | "file":
            known = stores.LocalFileSystem(_absolute(uri.path if uri.scheme else place))
        case "s3" | "s3a":
            known = stores.S3(uri.netloc, key)
        case "gs" | "gcs":
            known = stores.GCS(uri.netloc, key)
        case "abfs" | "abfss":
            container, _, host = uri.netloc.partition("@")
            known = stores.ABFSS(container, host.removesuffix(".dfs.core.windows.net"), key)
        case _:
            return DatasetName(f"{uri.scheme}://{uri.netloc}", key)
    return DatasetName(known.get_namespace(), known.get_name())


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError(f"{path!r} is not an absolute path; a dataset is named by an absolute path or a URI")
    return str(PurePosixPath(path))


def run_id(dagster_run: str, step: str, attempt: int, asset: str) -> str:
    """Return the UUID of one attempt to make one asset, derived from the four arguments alone.

    Every process computes the same id for the same arguments. `attempt` counts from 0.
    """
    return str(uuid.uuid5(_RUNS, "\n".join([dagster_run, step, str(attempt), asset])))


def uuid_of(text: str) -> str:
    """Return `text` if it is a UUID, else a UUID derived from it, because OpenLineage accepts no other run ids."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(_RUNS, text))
