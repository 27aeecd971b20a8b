"""Declarations of bank messages, and what lands from them."""

import polars as pl

from bankmesh.sources import land, read_system


def declared(base, written, columns, more=""):
    """Objects of the system `bank` by their type of record; `columns` has their columns, as YAML."""
    text = f"system: bank\ndescription: A system.\nowner: team\nformat: {written}\nobjects:\n"
    for record, given in columns.items():
        text += f'  {record}:\n    description: D.\n    files: ["day.txt*"]\n    record: {record}\n{more}'
        text += "    rejects_tolerated: 100%\n    may_be_empty: true\n    line_as: line\n    columns:\n" + given
    (base / "bank.yaml").write_text(text, encoding="utf-8")
    return {obj.record: obj for obj in read_system(base / "bank.yaml").objects}


def columns_of(**types):
    """Columns by field and type; `decimal` has two places."""
    long = {"decimal": '"decimal(18,2)"'}
    return "".join(
        f"      {name}: {{type: {long.get(kind, kind)}, classification: internal, description: D.}}\n"
        for name, kind in types.items()
    )


def landed(obj, base, content=None, *, file="day.txt", block_bytes=1 << 20):
    if content is not None:
        (base / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    target = base / f"out-{len(list(base.iterdir()))}"
    target.mkdir()
    return land(obj, base, target, block_bytes=block_bytes)


def rows_of(landing):
    return pl.read_parquet(landing.rows_paths).rows(named=True)


def rejects_of(landing):
    return pl.read_parquet(landing.rejects_paths).select("line", "reason").rows()
