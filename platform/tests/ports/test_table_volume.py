"""What a table holds, from its log: whole tables, partitions that are kept, and what erasure has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from port_samples import MONTHLY, publish_all, publish_months, write_months

from bankmesh.ports import TableVolume, measure_files, port_at, stage, volume_after, volume_baseline, withdraw
from bankmesh.ports.publication import REMOVAL_KEY

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_published_is_nothing_to_compare_with(tmp_path: Path) -> None:
    assert volume_baseline(port_at(tmp_path, "retail.account", 1)) is None


def test_the_newest_version_is_compared_with(tmp_path: Path) -> None:
    port = port_at(tmp_path, "retail.account", 1)
    publish_all(port, range(7))
    publish_all(port, range(3))
    found = volume_baseline(port)
    assert (found.version, found.volume) == (1, TableVolume(3, None))


def test_partitions_that_a_candidate_does_not_replace_are_kept(tmp_path: Path) -> None:
    port = port_at(tmp_path, "retail.booking", 1)
    publish_months(port, {"2024-01-01": range(5), "2024-02-01": range(5, 7), "2024-03-01": range(7, 8)})
    assert volume_baseline(port).volume == TableVolume(8, 3)
    candidate = stage(port)
    write_months(candidate, {"2024-02-01": range(9)})
    files = measure_files(candidate, MONTHLY, "month", ())
    assert volume_after(port, files, ("2024-02-01", "2024-03-01")) == TableVolume(14, 2)
    assert volume_after(port, files, None) == TableVolume(9, 1)


def test_what_erasure_removes_is_no_loss(tmp_path: Path) -> None:
    from deltalake import CommitProperties, DeltaTable

    port = port_at(tmp_path, "retail.account", 1)
    publish_all(port, range(10))
    properties = CommitProperties(custom_metadata={REMOVAL_KEY: {"by": "erasure"}})
    DeltaTable(str(port.path)).delete("id < 4", commit_properties=properties)
    found = volume_baseline(port)
    assert (found.version, found.volume.rows) == (0, 6)


def test_a_deletion_that_does_not_say_why_counts_as_loss(tmp_path: Path) -> None:
    from deltalake import DeltaTable

    port = port_at(tmp_path, "retail.account", 1)
    publish_all(port, range(10))
    DeltaTable(str(port.path)).delete("id < 4")
    assert volume_baseline(port).volume.rows == 10


def test_rows_that_a_writer_left_out_of_the_log_are_read_from_the_files(tmp_path: Path) -> None:
    import json

    port = port_at(tmp_path, "retail.booking", 1)
    publish_months(port, {"2024-01-01": range(5), "2024-02-01": range(5, 7)})
    log = port.path / "_delta_log" / f"{0:020d}.json"
    actions = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    for action in actions:
        action.get("add", {}).pop("stats", None)
    log.write_text("".join(json.dumps(action) + "\n" for action in actions), encoding="utf-8")
    assert volume_baseline(port).volume == TableVolume(7, 2)


def test_a_version_that_was_withdrawn_is_none_to_compare_with(tmp_path: Path) -> None:
    port = port_at(tmp_path, "retail.account", 1)
    publish_all(port, range(100))
    publish_all(port, range(1000))
    withdraw(port, 1, by="Jana", reason="doubled")
    assert volume_baseline(port).volume.rows == 100
