"""What a reader gets of a governed relation, what is recorded, and what is refused."""

import gc
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from relation_samples import OUTCOMES, FixedKeys, Party, Recorder, party_rows

from bankmesh.access.errors import AccessDenied, AuditUnavailable
from bankmesh.access.masks.key_provider import KeyFile
from bankmesh.access.relations.governed_relation import GovernedRelation, ReadFailed

ENGINES = ["streaming", "in-memory"]


@pytest.fixture(scope="module")
def party(tmp_path_factory):
    return Party.publish(tmp_path_factory.mktemp("home"), party_rows(range(30)))


def test_a_reader_gets_permitted_rows_and_columns_in_the_order_and_types_of_the_contract(party):
    relation = party.relation(Recorder())
    found = relation.scan().collect()
    assert found.columns == [name for name, outcome in OUTCOMES.items() if outcome != "withhold"]
    assert found.schema == relation.schema == relation.scan().collect_schema()
    assert found["id"].to_list() == list(range(0, 30, 3))
    assert found["name"].unique().to_list() == ["***"]
    assert found["phone"].to_list()[1] == "***0003"
    assert found["born"].to_list()[1] == date(1953, 1, 1)
    assert found["visits"].to_list() == [number % 7 for number in range(0, 30, 3)]
    assert found["referrer"].n_unique() == 5
    assert found["referrer"].str.contains("^[0-9a-f]{64}$").all()


@pytest.mark.parametrize("engine", ENGINES)
def test_each_collect_is_a_read_on_record(party, engine):
    recorder = Recorder()
    frame = party.relation(recorder).scan(["postcode", "id"])
    assert recorder.reads == []
    assert frame.collect(engine=engine).columns == ["postcode", "id"]
    frame.filter(pl.col("id") > 10).collect(engine=engine)
    assert [read.columns for read in recorder.reads] == [("postcode", "id")] * 2
    assert [read.ended for read in recorder.reads] == [(10, False), (6, False)]


def test_a_join_with_itself_is_two_reads(party):
    recorder = Recorder()
    frame = party.relation(recorder).scan(["id", "postcode"])
    assert frame.join(frame, on="id").collect().height == 10
    assert [read.ended for read in recorder.reads] == [(10, False)] * 2


def test_a_withheld_column_is_refused_with_its_reasons_and_who_could_change_them(party):
    relation, recorder = party.relation(Recorder()), Recorder()
    with pytest.raises(AccessDenied) as refused:
        relation.scan(["id", "national_id"])
    assert "may not read column national_id for the purpose analytics" in str(refused.value)
    assert "policy on national_id" in str(refused.value)
    assert "retail-data" in refused.value.next_step
    with pytest.raises(AccessDenied, match="has no column nothing"):
        relation.read_batches(["nothing"])
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        relation.scan().select("national_id").collect()
    assert recorder.reads == []


def test_a_refused_decision_gives_nothing(party):
    recorder = Recorder()
    relation = party.relation(recorder, outcomes={})
    assert relation.schema == {}
    for columns in (None, [], ["id"]):
        with pytest.raises(AccessDenied, match="no column may be read"):
            relation.scan(columns)
        with pytest.raises(AccessDenied, match="no column may be read"):
            relation.read_batches(columns)
    assert recorder.reads == []


def test_nothing_is_read_if_the_read_cannot_be_recorded(party):
    relation = party.relation(Recorder(failure=AuditUnavailable("retail.party", "the disk is full")))
    with pytest.raises(AuditUnavailable):
        relation.scan().collect()


def test_a_missing_key_refuses_pseudonyms_and_nothing_else(party, tmp_path):
    recorder = Recorder()
    for keys in (None, KeyFile(tmp_path / "none.json")):
        relation = party.relation(recorder, keys=keys)
        with pytest.raises(AccessDenied, match="pseudonyms need a key"):
            relation.scan().collect()
        assert recorder.reads == []
        assert relation.scan(["id"]).collect().height == 10
        recorder.reads.clear()


def test_a_version_that_cannot_be_read_says_no_more_than_that(tmp_path):
    party = Party.publish(tmp_path, party_rows(range(6)))
    recorder = Recorder()
    relation = party.relation(recorder)
    frame = relation.scan()
    for file in party.opened.files():
        file.write_bytes(b"PAR1 CANARY no parquet PAR1")
    with pytest.raises(ReadFailed) as failed:
        frame.collect()
    error = failed.value
    assert str(error) == "retail.party: version 0 could not be read."
    assert error.__cause__ is None
    assert error.__context__ is None
    assert recorder.reads[0].ended == (0, True)


def test_a_reader_that_stops_early_ends_the_read_as_cancelled(party):
    recorder = Recorder()
    batches = party.relation(recorder).read_batches(["id"], batch_size=2)
    assert next(batches).height > 0
    del batches
    gc.collect()
    assert recorder.reads[0].ended[1] is True


def test_an_error_of_the_reader_ends_the_read_as_cancelled(party):
    recorder = Recorder()
    frame = party.relation(recorder).scan(["phone"])
    with pytest.raises(pl.exceptions.PolarsError):
        frame.filter(pl.col("phone").str.to_integer() > 0).collect()
    assert recorder.reads[0].ended[1] is True


def test_only_so_many_rows_as_are_wanted_are_read(party):
    recorder = Recorder()
    relation = party.relation(recorder)
    for engine in ENGINES:
        assert relation.scan(["id"]).head(4).collect(engine=engine)["id"].to_list() == [0, 3, 6, 9]
        assert relation.scan(["id"]).head(0).collect(engine=engine).height == 0
    assert {read.ended for read in recorder.reads} <= {(4, False), (0, False)}
    rows = relation.read_batches(["id"], pl.col("id") > 3, 4)
    assert pl.concat(rows)["id"].to_list() == [6, 9]


def test_batches_are_about_as_large_as_wanted(party):
    heights = [batch.height for batch in party.relation(Recorder()).read_batches(["id"], batch_size=3)]
    assert sum(heights) == 10
    assert max(heights) <= 3


def test_values_that_are_looked_up_are_recorded(party):
    recorder = Recorder()
    frame = party.relation(recorder).scan()
    frame.filter((pl.col("id") == 3) | pl.col("id").is_in([6, 9]), pl.col("phone") == "***0003").collect()
    assert set(recorder.reads[0].lookups["id"]) == {3, 6, 9}
    assert "phone" not in recorder.reads[0].lookups


def test_a_statement_and_a_way_are_recorded(party):
    recorder = Recorder()
    list(party.relation(recorder).read_batches(["id"], way="sql", statement="select id from product"))
    assert (recorder.reads[0].way, recorder.reads[0].statement) == ("sql", "select id from product")


def test_a_decision_on_another_product_is_refused(party):
    decision = replace(party.relation(Recorder()).decision, port="retail.account")
    with pytest.raises(ValueError, match="of one port"):
        GovernedRelation(decision, party.contract, party.opened, Recorder(), FixedKeys())
