"""Small fixed-width declarations and files, and what lands from them."""

import polars as pl

from bankmesh.sources import land, read_system

PLAIN = """\
system: host
description: A system.
owner: team
format: {kind: fixed_width, encoding: ascii, record_length: 22, padding: right%s}
objects:
  thing:
    description: Things.
    files: ["thing.txt*"]
    rejects_tolerated: 100%%
    columns:
      n: {start: 1, length: 4, type: long, required: true, classification: internal, description: A number.}
      t: {start: 5, length: 6, type: string, classification: restricted, description: A text.}
      a: {start: 11, length: 8, type: "decimal(9,2)", decimals: 2, minus: trailing, classification: internal, description: A.}
"""
BATCHES = """\
system: host
description: A system.
owner: team
format:
  kind: fixed_width
  encoding: ascii
  record_length: 30
  padding: right
  selector: {start: 1, length: 2}
  records:
    opening: {value: "00", role: header, totals: [{count: batch, start: 11, length: 4}]}
    batch: {value: "10"}
    item: {value: ["20", "21"]}
    closing:
      value: "99"
      role: trailer
      totals:
        - {count: [opening, batch, item, closing], start: 3, length: 6}
        - {sum: amount, of: item, start: 9, length: 12, decimals: 2}
objects:
  batch:
    description: Batches.
    files: ["day.txt"]
    record: batch
    line_as: line
    rejects_tolerated: 100%
    columns:
      batch_id: {start: 3, length: 5, type: long, required: true, classification: internal, description: Key.}
      day: {from: opening, start: 3, length: 8, type: date, format: "%Y%m%d", classification: internal, description: Day.}
  item:
    description: Items.
    files: ["day.txt"]
    record: item
    may_be_empty: true
    line_as: line
    line_above_as: {batch: batch_line}
    file_as: source
    rejects_tolerated: 100%
    columns:
      amount: {start: 8, length: 9, type: "decimal(12,2)", decimals: 2, required: true, classification: internal, description: A.}
      name: {start: 17, length: 10, type: string, classification: internal, description: Name.}
      batch: {from: batch, start: 3, length: 5, type: long, as: batch_id, classification: internal, description: Key.}
      kind: {start: 1, length: 2, type: string, codes: {"20": DEBIT, "21": CREDIT}, classification: internal, description: K.}
    unused: [{start: 3, length: 5}]
"""
DAY = (
    f"{'0020240531':10}{'0002':20}",
    f"{'1000001':30}",
    f"{'20':7}{'000000150a':23}",
    f"{'21':7}{'000000250':23}",
    f"{'1000002':30}",
    f"{'20':7}{'000000001':23}",
    f"{'99000007000000000401':30}",
)


def declared(base, text):
    (base / "host.yaml").write_text(text, encoding="utf-8")
    return read_system(base / "host.yaml").objects


def landed(obj, base, content=None, file=None, block_bytes=1 << 20):
    if content is not None:
        (base / (file or obj.files[0].rstrip("*"))).write_bytes(content)
    target = base / f"out-{len(list(base.iterdir()))}"
    target.mkdir()
    return land(obj, base, target, block_bytes=block_bytes)


def rows_of(landing):
    return pl.read_parquet(landing.rows_paths).rows()


def rejects_of(landing):
    return pl.read_parquet(landing.rejects_paths).select("line", "raw_text", "reason", "column").rows()


def file_of(*records: str, end: str = "\n", last: str = "\n") -> bytes:
    return (end.join(records) + last).encode()
