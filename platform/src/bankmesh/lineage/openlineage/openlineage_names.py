"""Names in OpenLineage events: datasets by where they lie, jobs by what they make, runs by what carries them out.

Datasets are named as the specification's naming page says for their store, so that what other tools say of the same
table meets what we say: `file` and an absolute path, `s3://bucket` and a key without a leading slash. The name that
people use (`retail.party`) goes along as a symlink.
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
    """Who speaks: a URI, as the specification wants it."""
    return f"urn:bankmesh:{installed('bankmesh')}"


def dataset_name(place: str) -> DatasetName:
    """The name of what lies at a path or URI. Raises ValueError for a path that is not absolute.

    Source: the naming page of the OpenLineage specification; of the stores known to `openlineage-python`, those that
    tables can lie in.
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
        raise ValueError(f"{path!r} is no absolute path, so it names no dataset")
    return str(PurePosixPath(path))


def run_id(dagster_run: str, step: str, attempt: int, asset: str) -> str:
    """The UUID of one attempt to make one asset: the same whoever works it out, another for each of the four.

    `attempt` counts from 0.
    """
    return str(uuid.uuid5(_RUNS, "\n".join([dagster_run, step, str(attempt), asset])))


def uuid_of(text: str) -> str:
    """`text` if it is a UUID; else one that stands for it, since OpenLineage knows no other ids of runs."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(_RUNS, text))
