"""Small declarations of nested records, and what lands from their files."""

import textwrap

import polars as pl

from bankmesh.sources import land, read_system

HEAD = """\
system: api
description: A system.
owner: team
format: {kind: %s}
objects:
  thing:
    description: Things.
    files: ["%s"]
    rejects_tolerated: 100%%
    line_as: line
"""


def declared(folder, kind, columns, *, more="", file="thing.*"):
    """Declare an object `thing` of files of a kind, which may have options: `json_lines, rows: $.items[*]`."""
    text = HEAD % (kind, file) + textwrap.indent(more, "    ") + "    columns:\n"
    text += textwrap.indent(textwrap.dedent(columns).strip("\n"), "      ")
    path = folder / "api.yaml"
    path.write_text(text, encoding="utf-8")
    return read_system(path).objects[0]


def landed(obj, folder, content, *, file="thing.txt", block_bytes=1 << 20):
    """Land the object from one file with that content."""
    (folder / file).write_bytes(content)
    target = folder / f"landing-{len(list(folder.iterdir()))}"
    target.mkdir()
    return land(obj, folder, target, block_bytes=block_bytes)


def rows_of(landing):
    return pl.read_parquet(landing.rows_paths).rows()


def rejects_of(landing):
    """Line and reason of each reject."""
    return pl.read_parquet(landing.rejects_paths).select("line", "reason").rows()


def raw_rejects_of(landing):
    return pl.read_parquet(landing.rejects_paths)["raw_text"].to_list()
