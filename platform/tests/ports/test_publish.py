"""Publishing and reading back in one process."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import deltalake
import polars as pl
import pyarrow as pa
import pytest
from port_samples import (
    MONTHLY,
    RETENTION,
    SCHEMA,
    frame,
    ids_read,
    provenance,
    publish_all,
    publish_months,
    sql,
    write_months,
)

from bankmesh.errors import NotPublished, PortError, PublishConflict
from bankmesh.ports import (
    Port,
    Publication,
    ReplaceAll,
    ReplacePartitions,
    at_version,
    latest,
    measure_files,
    open_version,
    port_at,
    publish,
    published_by,
    published_ports,
    read_history,
    rest_relation_sql,
    stage,
)


def test_nothing_is_published_at_first(port: Port) -> None:
    assert read_history(port) == ()
    assert latest(port) is None
    assert published_by(port, "run") is None
    with pytest.raises(NotPublished, match="no published version yet"):
        open_version(port)
    with pytest.raises(NotPublished, match="Readable versions: none"):
        at_version(port, 3)


def test_a_candidate_cannot_be_seen(port: Port) -> None:
    publish_all(port, [1])
    candidate = stage(port)
    frame([2, 3]).write_parquet(candidate.path / "0.parquet")
    assert ids_read(port) == [1]


def test_a_version_explains_itself(port: Port) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    made = publish_all(port, range(5), run_id="first", configuration=RETENTION)
    assert (made.version, made.rows, made.provenance) == (0, 5, provenance("first"))
    assert before <= made.published_at <= datetime.now(UTC)
    assert made == latest(port) == published_by(port, "first") == at_version(port, 0)
    table = deltalake.DeltaTable(str(port.path))
    assert table.metadata().name == "retail.party"
    assert table.metadata().description == "Customers, one row each."
    assert table.transaction_version("retail.party@1") == 0
    assert table.metadata().configuration["delta.logRetentionDuration"] == "interval 30 days"


def test_old_versions_stay_as_they_were(port: Port) -> None:
    for count in range(1, 5):
        publish_all(port, range(count), run_id=f"run {count}")
    assert [found.version for found in read_history(port)] == [3, 2, 1, 0]
    assert [ids_read(port, version) for version in range(4)] == [list(range(n)) for n in range(1, 5)]
    assert ids_read(port) == [0, 1, 2, 3]
    with pytest.raises(NotPublished, match="Readable versions: 0, 1, 2, 3"):
        open_version(port, 9)


def test_partitions_are_replaced_and_others_kept(port: Port) -> None:
    publish_months(port, {"2024-01-01": [1, 2], "2024-02-01": [3], "2024-03-01": [4]})
    made = publish_months(port, {"2024-02-01": [30, 31], "2024-04-01": [5]}, also=["2024-03-01"])
    assert ids_read(port) == [1, 2, 5, 30, 31]
    assert made.bytes == sum(path.stat().st_size for path in open_version(port).files())
    assert open_version(port).schema == MONTHLY
    rest = rest_relation_sql(port, 0, "month", ["2024-02-01", "2024-03-01"])
    assert sql(f"select id from {rest} order by 1") == [(1,), (2,)]
    assert sql(f"select count(*) from {rest_relation_sql(port, 0, 'month', [])}") == [(4,)]


def test_a_partition_of_an_emptied_table_can_be_filled(port: Port) -> None:
    publish_months(port, {"2024-01-01": [1]})
    assert publish_months(port, {}, also=["2024-01-01"]).rows == 0
    assert ids_read(port) == []
    assert publish_months(port, {"2024-02-01": [2]}).rows == 1
    assert ids_read(port) == [2]


@pytest.mark.parametrize("write_empty_file", [True, False])
def test_a_version_without_rows_can_be_read(port: Port, *, write_empty_file: bool) -> None:
    candidate = stage(port)
    if write_empty_file:
        frame([]).write_parquet(candidate.path / "0.parquet")
    files = measure_files(candidate, SCHEMA, None, ["id"])
    publish(port, candidate, files, SCHEMA, replace=ReplaceAll(), provenance=provenance())
    assert ids_read(port) == []
    assert open_version(port).scan_polars().collect_schema() == frame([]).schema
    publish_all(port, [1])
    assert (ids_read(port, 0), ids_read(port)) == ([], [1])


def test_commits_of_others_are_no_versions(port: Port) -> None:
    publish_all(port, [1, 2])
    table = deltalake.DeltaTable(str(port.path))
    table.alter.set_table_properties({"delta.appendOnly": "false"})
    table.optimize.compact()
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert [found.version for found in read_history(port)] == [0]
    assert ids_read(port) == [1, 2]
    assert publish_all(port, [3]).version > 1
    assert ids_read(port) == [3]


def test_a_vacuum_by_hand_is_told_to_readers_of_old_versions(port: Port) -> None:
    publish_all(port, [1])
    publish_all(port, [2])
    table = deltalake.DeltaTable(str(port.path))
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert ids_read(port) == [2]
    with pytest.raises(PortError, match="version 0 can no longer be read, 1 of its files"):
        open_version(port, 0)


def test_without_asking_any_publication_in_between_is_a_conflict(port: Port) -> None:
    publish_all(port, [1])
    slow = stage(port)
    publish_all(port, [2])
    with pytest.raises(PublishConflict, match="version 1 was published after this build began"):
        publish_all(port, [3], candidate=slow)
    assert ids_read(port) == [2]


def test_the_caller_decides_whether_to_follow(port: Port) -> None:
    slow, refused = stage(port), stage(port)
    publish_all(port, [2], run_id="quick")
    asked: list[Publication] = []
    assert publish_all(port, [3], candidate=slow, on_moved=asked.append).version == 1
    assert [found.provenance.run_id for found in asked] == ["quick"]

    def refuse(newest: Publication) -> None:
        raise PublishConflict(port.name, f"version {newest.version} is better")

    with pytest.raises(PublishConflict, match="version 1 is better"):
        publish_all(port, [4], candidate=refused, on_moved=refuse)
    assert ids_read(port) == [3]


def test_a_publisher_that_keeps_losing_gets_through_in_the_end(port: Port) -> None:
    slow = stage(port)
    asked: list[int] = []

    def beaten_again(newest: Publication) -> None:
        asked.append(newest.version)
        if len(asked) < 4:
            publish_all(port, [newest.version])

    publish_all(port, [0])
    publish_all(port, [99], candidate=slow, on_moved=beaten_again)
    assert ids_read(port) == [99]
    assert asked == [0, 1, 2, 3]


def test_publishing_a_candidate_twice_commits_once(port: Port) -> None:
    candidate = stage(port)
    first = publish_all(port, [1], candidate=candidate)
    files = measure_files(candidate, SCHEMA, None, ["id"])
    again = publish(port, candidate, files, SCHEMA, replace=ReplaceAll(), provenance=provenance())
    assert first == again
    assert len(read_history(port)) == 1


def test_files_outside_the_partitions_are_refused(port: Port) -> None:
    candidate = stage(port)
    write_months(candidate, {"2024-01-01": [1], "2024-02-01": [2]})
    files = measure_files(candidate, MONTHLY, "month", [])
    with pytest.raises(PortError, match=r"1 partitions that this run does not build \(month 2024-02-01\)"):
        publish(
            port,
            candidate,
            files,
            MONTHLY,
            replace=ReplacePartitions("month", ("2024-01-01",)),
            provenance=provenance(),
        )
    assert latest(port) is None


def test_a_file_that_vanished_is_not_published(port: Port) -> None:
    candidate = stage(port)
    frame([1]).write_parquet(candidate.path / "0.parquet")
    files = measure_files(candidate, SCHEMA, None, [])
    (candidate.path / "0.parquet").unlink()
    with pytest.raises(PortError, match=r"0\.parquet of candidate .* was removed or changed"):
        publish(port, candidate, files, SCHEMA, replace=ReplaceAll(), provenance=provenance())


def test_nulls_in_a_required_column_are_refused(port: Port) -> None:
    rows = pl.DataFrame({"id": [1, None], "name": ["a", "b"]})
    with pytest.raises(PortError, match="nulls in id, which the contract requires"):
        publish_all(port, [], rows=rows)


def test_a_column_may_be_added_by_replacing_everything(port: Port) -> None:
    publish_all(port, [1])
    wider = SCHEMA.append(pa.field("city", pa.string()))
    publish_all(port, [], rows=frame([1]).with_columns(city=pl.lit("Graz")), schema=wider)
    assert open_version(port, 0).schema == SCHEMA
    assert open_version(port, 1).schema == wider
    assert ids_read(port, 0) == ids_read(port) == [1]


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (SCHEMA.remove(1), "column name was removed"),
        (
            SCHEMA.set(0, pa.field("id", pa.int32(), nullable=False)),
            "column id is no longer long, but integer",
        ),
        (SCHEMA.set(0, pa.field("id", pa.int64())), "column id may now be null"),
    ],
)
def test_other_changes_of_schema_need_another_major(port: Port, schema: pa.Schema, problem: str) -> None:
    publish_all(port, [1])
    rows = frame([1]).select(schema.names).cast({"id": pl.Int32} if "int32" in str(schema) else {})
    with pytest.raises(PortError, match=f"{problem}.*raise the contract's major"):
        publish_all(port, [], rows=rows, schema=schema)
    assert ids_read(port) == [1]


def test_a_run_over_some_partitions_cannot_change_the_schema(port: Port) -> None:
    publish_months(port, {"2024-01-01": [1]})
    wider = MONTHLY.append(pa.field("city", pa.string()))
    candidate = stage(port)
    folder = candidate.path / "month=2024-02-01"
    folder.mkdir()
    frame([2]).with_columns(city=pl.lit("Graz")).write_parquet(folder / "0.parquet")
    files = measure_files(candidate, wider, "month", [])
    replace = ReplacePartitions("month", ("2024-02-01",))
    with pytest.raises(PortError, match=r"city changed.*Rebuild all partitions"):
        publish(port, candidate, files, wider, replace=replace, provenance=provenance())
    with pytest.raises(PortError, match="partitioned by month, which cannot change"):
        publish_all(port, [1])


def test_table_properties_follow_the_contract(port: Port) -> None:
    publish_all(port, [1], configuration=RETENTION)
    longer = {"delta.logRetentionDuration": "interval 90 days"}
    assert publish_all(port, [2], configuration=longer).version == 2
    assert publish_all(port, [3], configuration=longer).version == 3
    metadata = deltalake.DeltaTable(str(port.path)).metadata()
    assert metadata.configuration["delta.logRetentionDuration"] == "interval 90 days"
    assert [found.version for found in read_history(port)] == [3, 2, 0]


def test_versions_before_a_checkpoint_can_be_read(port: Port) -> None:
    for number in range(12):
        publish_all(port, [number], configuration={"delta.checkpointInterval": "5"})
    assert len(list((port.path / "_delta_log").glob("*.checkpoint.parquet"))) == 2
    assert len(read_history(port)) == 12
    assert [ids_read(port, version) for version in (0, 5, 11)] == [[0], [5], [11]]


def test_ports_are_found(tmp_path: Path) -> None:
    for product, major in (("retail.party", 1), ("retail.party", 10), ("retail.account", 2)):
        publish_all(port_at(tmp_path, product, major), [1])
    stage(port_at(tmp_path, "retail.party", 11))
    found = [(port.product, port.major, port.name) for port in published_ports(tmp_path)]
    assert found == [
        ("retail.account", 2, "retail.account@2"),
        ("retail.party", 1, "retail.party"),
        ("retail.party", 10, "retail.party@10"),
    ]
    for wrong in ("party", "../x.y", "a.b.c"):
        with pytest.raises(ValueError, match=r"domain\.product"):
            port_at(tmp_path, wrong, 1)


def test_importing_ports_is_cheap() -> None:
    heavy = "{'deltalake', 'pyarrow', 'polars', 'duckdb'}"
    script = f"import sys, bankmesh.ports; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_versions_are_numbered_rightly_whatever_is_committed_meanwhile(port: Port) -> None:
    publish_all(port, [0], run_id="0")
    stale = deltalake.DeltaTable(str(port.path))
    publish_all(port, [1], run_id="1")
    # What delta-rs itself says here is why commits are read as files.
    assert [entry["version"] for entry in stale.history()] == [0, -1]
    assert [(found.version, found.provenance.run_id) for found in read_history(port)] == [(1, "1"), (0, "0")]
