"""A Delta table on a local file system, whose files are named by their paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deltalake import DeltaTable


class LocalDeltaTable(DeltaTable):
    """delta-rs names files by the table's URI, in which a space or an umlaut of the folder is `%20` or `%C3%BC`.

    Polars opens these names as paths and finds nothing. The part below the table's folder is as on disk.
    """

    def __init__(self, folder: Path, version: int | None = None) -> None:
        super().__init__(str(folder), version=version)
        self._folder = folder

    def file_uris(self, *arguments: Any, **named: Any) -> list[str]:  # noqa: ANN401 - as delta-rs takes them
        """Absolute paths of the files."""
        root = self.table_uri.removeprefix("file://").rstrip("/") + "/"
        uris = super().file_uris(*arguments, **named)
        return [str(self._folder / uri.removeprefix("file://").removeprefix(root)) for uri in uris]
