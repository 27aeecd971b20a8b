"""Everything that leaves with a read: results in several forms, texts of errors with all that they refer to, output."""

from __future__ import annotations

import io
import json
import pickle
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leak.canaries import CanaryBook, Leak


@dataclass
class Evidence:
    """The bytes of one read, each part with what it is."""

    parts: list[tuple[str, bytes]] = field(default_factory=list)
    seen_by_functions: list[object] = field(default_factory=list)
    """Values that were handed to the reader's own Python functions."""

    def add(self, what: str, value: object) -> None:
        """Keep a value in the forms in which it could be read."""
        for form, data in _forms(value):
            self.parts.append((f"{what} as {form}" if form else what, data))

    def add_error(self, error: BaseException) -> None:
        """Keep an error: its traceback, and everything that its chain of causes holds."""
        self.add("traceback", "".join(traceback.format_exception(error)))
        for each in _chain(error):
            held = (str(each), repr(each), each.args, each.__dict__, getattr(each, "__notes__", ()))
            self.add(f"error {type(each).__name__}", repr(held))

    def add_file(self, path: Path) -> None:
        """Keep a file that a read wrote: its bytes, and what they say."""
        data = path.read_bytes()
        self.add(path.suffix, data)
        if data[:4] == b"PAR1":
            self.add("rows of the file", pl.read_parquet(path))
            import pyarrow.parquet as pq

            self.add("metadata of the file", repr((pq.read_metadata(path).to_dict(), pq.read_schema(path).metadata)))

    def spy(self, value: Any) -> Any:
        """Return the value, and keep it: a function of the reader has seen it."""
        self.seen_by_functions.append(value)
        return value

    def leaks(self, book: CanaryBook) -> list[tuple[str, Leak]]:
        """Return the hidden values in it, each with the part that holds it."""
        parts = [*self.parts, ("values seen by a function", repr(self.seen_by_functions).encode())]
        return [(what, leak) for what, data in parts for leak in book.search(data)]


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__]
        waiting += getattr(each, "exceptions", ())
        waiting += [value for value in (*each.args, *vars(each).values()) if isinstance(value, BaseException)]


def _forms(value: object) -> Iterator[tuple[str, bytes]]:
    match value:
        case bytes():
            yield "", value
        case str():
            yield "", value.encode("utf-8", "surrogatepass")
        case pl.DataFrame():
            with pl.Config(
                fmt_float="full"
            ):  # shortened, a number that a mask has rounded would look like a hidden one
                yield "text", str(value).encode()
            yield "rows", repr(value.rows()).encode("utf-8", "surrogatepass")
            yield "statistics", repr([(c.name, str(c.dtype), c.flags) for c in value.get_columns()]).encode()
        case pa.Table():
            sink = io.BytesIO()
            with pa.ipc.new_stream(sink, value.schema) as writer:
                writer.write_table(value)
            yield "stream", sink.getvalue()
            yield "rows", repr(value.to_pylist()).encode()
            yield "schema", repr((value.schema, value.schema.metadata)).encode()
        case dict() | list() | tuple():
            yield "text", repr(value).encode()
            yield "JSON", json.dumps(value, default=repr).encode()
        case _:
            yield "repr", repr(value).encode()
            try:
                yield "pickle", pickle.dumps(value)
            except Exception as error:  # noqa: BLE001 - a refusal is what is expected; its text is kept
                yield "refusal", repr(error).encode()
