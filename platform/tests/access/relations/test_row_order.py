"""The order of rows: files are often sorted by a key, so it reveals the key to a reader who may not see it."""

from datetime import date
from itertools import pairwise

import polars as pl
import pytest
from diff_samples import MONTH, MONTHS, key_column
from relation_samples import OUTCOMES, Party, Recorder, party_rows

from bankmesh.access.relations import governed_relation

COUNT = 300
SCORES = [number / 8 for number in range(0, COUNT, 3)]


@pytest.fixture(scope="module")
def party(tmp_path_factory):
    return Party.publish(tmp_path_factory.mktemp("home"), party_rows(range(COUNT)))


@pytest.mark.parametrize("outcome", ["withhold", "pseudonym", "null"])
def test_the_place_of_a_row_does_not_tell_a_key_that_is_not_shown(party, outcome):
    relation = party.relation(Recorder(), OUTCOMES | {"id": outcome})
    first, second = (relation.scan().collect()["score"].to_list() for _ in range(2))
    assert sorted(first) == sorted(second) == SCORES
    assert first != SCORES
    assert first != second


def test_the_first_rows_are_not_those_of_the_smallest_keys(party):
    recorder = Recorder()
    frame = party.relation(recorder, OUTCOMES | {"id": "pseudonym"}).scan(["score"])
    found = [frame.head(5).collect()["score"].to_list() for _ in range(8)]
    assert {len(scores) for scores in found} == {5}
    assert {score for scores in found for score in scores} <= set(SCORES)
    assert any(sorted(scores) != SCORES[:5] for scores in found)
    assert [read.ended for read in recorder.reads] == [(5, False)] * 8


def test_small_batches_do_not_tell_the_order_of_the_files(party):
    relation = party.relation(Recorder(), OUTCOMES | {"id": "withhold"})
    with pl.Config() as config:
        config.set_streaming_chunk_size(1)
        by_engine = relation.scan(["score"]).collect(engine="streaming")["score"].to_list()
    by_argument = [score for batch in relation.read_batches(["score"], batch_size=1) for score in batch["score"]]
    for found in (by_engine, by_argument):
        assert sorted(found) == SCORES
        assert found != SCORES


@pytest.mark.parametrize(("month", "is_in_order"), [("withhold", False), ("null", False), ("show", True)])
def test_the_place_of_a_row_does_not_tell_its_partition_unless_that_is_shown(tmp_path, month, is_in_order):
    months = [date.fromisoformat(text) for text in MONTHS]
    rows = [{"id": number, "month": months[number % 3]} for number in range(90)]
    columns = {"id": key_column("integer"), "month": MONTH}
    relation = Party.publish(tmp_path, rows, columns).relation(Recorder(), {"id": "show", "month": month}, "")
    found = [number % 3 for number in relation.scan(["id"]).collect()["id"]]
    assert sorted(found) == sorted(number % 3 for number in range(90))
    runs = 1 + sum(one != other for one, other in pairwise(found))
    assert (runs == len(months)) is is_in_order


@pytest.mark.parametrize("batch_size", [1, 7, COUNT])
def test_no_row_is_lost_or_repeated_at_the_border_of_a_batch(party, batch_size, monkeypatch):
    for bound in ("_FEWEST_ROWS", "_MOST_ROWS"):
        monkeypatch.setattr(governed_relation, bound, batch_size)
    relation = party.relation(Recorder(), OUTCOMES | {"id": "withhold"})
    sizes = [batch.height for batch in relation.read_batches(["score"])]
    assert max(sizes) <= batch_size
    whole = [score for batch in relation.read_batches(["score"]) for score in batch["score"]]
    assert sorted(whole) == SCORES
    for rows in (0, 1, 7, 8, COUNT):
        part = list(relation.read_batches(["score"], rows=rows))
        assert sum(batch.height for batch in part) == min(rows, len(SCORES))


def test_a_reader_of_the_key_gets_the_order_of_the_files(party):
    assert party.relation(Recorder()).scan(["score"]).collect()["score"].to_list() == SCORES
