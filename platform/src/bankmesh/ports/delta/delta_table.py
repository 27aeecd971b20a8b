"""A Delta table on a local file system, whose files are named by path instead of URI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deltalake import DeltaTable


class LocalDeltaTable(DeltaTable):
    """A table whose file names are paths; delta-rs names them by URIs (`%20` for a space, `%C3%BC` for an umlaut).

    Polars opens these names as paths and finds no file. The part below the table's folder is as on disk.
    """

    def __init__(self, folder: Path, version: int | None = None) -> None:
        super().__init__(str(folder), version=version)
        self._folder = folder

    def file_uris(self, *arguments: Any, **named: Any) -> list[str]:  # noqa: ANN401 - as delta-rs takes them
        """Return the absolute paths of the files."""
        root = self.table_uri.removeprefix("file://").rstrip("/") + "/"
        uris = super().file_uris(*arguments, **named)
        return [str(self._folder / uri.removeprefix("file://").removeprefix(root)) for uri in uris]
