"""What Arrow buffers hold beside the values that they show: nothing that a mask or a row filter has hidden."""

from __future__ import annotations

import io
from datetime import date

import polars as pl
import pytest
from relation_samples import Party, Recorder, party_rows

from bankmesh.access.relations.detached_batches import detach_columns

HIDDEN = b"CANARY"
NUMBER = 7_391_400_000_123


def buffers(frame: pl.DataFrame) -> bytes:
    """All bytes behind a frame, as views share them and as a stream of Arrow sends them."""
    found = io.BytesIO()
    for level in (pl.CompatLevel.newest(), pl.CompatLevel.oldest()):
        for column in frame.to_arrow(compat_level=level).columns:
            for chunk in column.chunks:
                for buffer in chunk.buffers():
                    found.write(b"" if buffer is None else buffer.to_pybytes())
    frame.write_ipc_stream(found)
    return found.getvalue()


@pytest.fixture
def batch() -> pl.DataFrame:
    """Every second row is null, over memory that holds what it was; `start` is the beginning of a hidden text."""
    kept = pl.Series([True, False] * 50)
    whole = pl.DataFrame(
        {
            "text": [f"a visible text that is long {n}" if keep else f"CANARY text {n}" for n, keep in enumerate(kept)],
            "number": [n if keep else NUMBER for n, keep in enumerate(kept)],
            "day": [date(2024, 1, 1) if keep else date(1713, 1, 1) for keep in kept],
            "tags": [["a", None] if keep else ["CANARY in a list"] for keep in kept],
            "flag": [True] * 100,
            "full": [f"CANARY as a whole {n}" for n in range(100)],
        }
    )
    shown = whole.with_columns(pl.when(kept).then(pl.col(name)).alias(name) for name in whole.columns[:-1])
    return shown.with_columns(start=pl.col("full").str.slice(-3)).drop("full")


def test_nulls_and_shortened_texts_keep_hidden_values_in_memory_until_they_are_detached(batch) -> None:
    assert HIDDEN in buffers(batch)
    assert NUMBER.to_bytes(8, "little") in buffers(batch)
    detached = detach_columns(batch, batch.columns)
    assert detached.equals(batch, null_equal=True)
    assert detached.schema == batch.schema
    assert HIDDEN not in buffers(detached)
    assert NUMBER.to_bytes(8, "little") not in buffers(detached)


def test_a_slice_does_not_share_the_rows_around_it(batch) -> None:
    whole = pl.DataFrame({"text": ["CANARY before, a long text", "seen, also a long text", "CANARY after, long, too"]})
    detached = detach_columns(whole.slice(1, 1), ["text"])
    assert detached["text"].to_list() == ["seen, also a long text"]
    assert HIDDEN not in buffers(detached)
    assert detach_columns(batch.clear(), batch.columns).equals(batch.clear())


def test_columns_that_are_not_named_stay_as_they_are(batch) -> None:
    assert detach_columns(batch, ["number"]).equals(batch, null_equal=True)
    assert detach_columns(batch, []).equals(batch, null_equal=True)


def test_rows_of_a_relation_hold_no_hidden_value_in_their_buffers(tmp_path) -> None:
    party = Party.publish(tmp_path, party_rows(range(300)))
    masked = dict.fromkeys(("name", "national_id", "phone", "referrer", "balance"), "null") | {"postcode": "show"}
    for outcomes in (None, masked | {"id": "show", "tags": "show", "visits": "show"}):
        for engine in ("streaming", "in-memory"):
            rows = party.relation(Recorder(), outcomes).scan().collect(engine=engine)
            found = buffers(rows.drop("phone") if "phone" in rows.columns else rows)
            assert rows.height == 100
            assert HIDDEN not in found
