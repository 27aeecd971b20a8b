"""Writes the legacy text formats: compressed, byte for byte the same for the same rows."""

from __future__ import annotations

import gzip
import io
from typing import IO, TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    import polars as pl

ROWS_AT_ONCE = 500_000


class CoreBankingFile:
    """A growing `.asc.gz` file: semicolons, CRLF, strings quoted, numbers unquoted, absent values omitted.

    The gzip header has no time and no name, so equal rows give equal bytes. Rows are formatted and
    compressed in slices, so memory does not grow with the file.
    """

    def __init__(self, path: Path, header: str) -> None:
        """Open `path` and write the header line, given without its line end."""
        self.rows = 0
        self._raw = path.open("wb")
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=self._raw, mtime=0)
        self._gzip.write(f"{header}\r\n".encode("ascii"))

    def append(self, frame: pl.DataFrame, *, quoted: bool = True) -> None:
        """Write rows; `quoted=False` is for frames whose strings already carry their quotes."""
        for part in frame.iter_slices(ROWS_AT_ONCE):
            buffer = io.BytesIO()
            part.write_csv(
                buffer,
                include_header=False,
                separator=";",
                line_terminator="\r\n",
                quote_style="non_numeric" if quoted else "never",
                float_precision=2,
            )
            self._gzip.write(buffer.getbuffer())
        self.rows += frame.height

    def __enter__(self) -> Self:
        """Give the open file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._gzip.close()
        self._raw.close()


def quoted_header(*names: str) -> str:
    """Return a header line with every name in quotes."""
    return ";".join(f'"{name}"' for name in names)


def write_core_banking(path: Path, frame: pl.DataFrame) -> int:
    """Write a whole core-banking file and return its number of rows."""
    with CoreBankingFile(path, quoted_header(*frame.columns)) as file:
        file.append(frame)
        return file.rows


def write_crm(path: Path, frame: pl.DataFrame, *, final_newline: bool = False) -> int:
    """Write a whole CRM file: commas, CRLF, nothing quoted unless needed; most end without a line end."""
    text = frame.write_csv(line_terminator="\r\n")
    data = text.encode("ascii")
    if not final_newline:
        data = data.removesuffix(b"\r\n")
    path.write_bytes(gzip.compress(data, compresslevel=1, mtime=0))
    return frame.height


def write_csv(
    path: Path,
    frames: Iterable[pl.DataFrame],
    *,
    line_end: str = "\n",
    header: str | None = None,
    separator: str = ",",
    final_newline: bool = True,
    float_precision: int | None = None,
) -> int:
    """Write frames one after the other as one text file, compressed if its name ends in `.gz`.

    Absent values are left empty and fields are quoted where they must be. The header line is that of the
    frames unless given; an empty one is not written. Returns the number of rows.
    """
    rows = 0
    with path.open("wb") as raw, _compressed(path, raw) as file:
        if header:
            file.write(f"{header}{line_end}".encode())
        for number, frame in enumerate(frames):
            data = frame.write_csv(
                include_header=header is None and number == 0,
                separator=separator,
                line_terminator=line_end,
                float_precision=float_precision,
            ).encode()
            file.write(data if final_newline else data.removesuffix(line_end.encode()))
            rows += frame.height
    return rows


def _compressed(path: Path, raw: IO[bytes]) -> IO[bytes]:
    if path.suffix != ".gz":
        return raw
    return cast("IO[bytes]", gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0))
