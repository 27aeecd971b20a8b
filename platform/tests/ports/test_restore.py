"""Withdrawing and rolling back: readers get the good rows, versions rise, and the log says what, who and why."""

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable
from port_racers import KILLED, race, restore_and_die, run_and_die, withdraw_in_race
from port_samples import SCHEMA, frame, ids_read, publish_all, publish_months

from bankmesh.errors import PortError
from bankmesh.ports import (
    CannotRestore,
    DecisionKind,
    NotHeld,
    Port,
    WithdrawnVersion,
    expire,
    hold_of,
    latest,
    newest_good,
    open_version,
    read_history,
    resume,
    roll_back,
    unresumed,
    withdraw,
    withdrawals,
)

WHO = {"by": "Ada Lovelace", "reason": "amounts in the wrong currency"}
JAN, FEB, MAR = "2024-01-01", "2024-02-01", "2024-03-01"


def _parquet(port: Port) -> dict[str, float]:
    return {str(path.relative_to(port.path)): path.stat().st_mtime_ns for path in port.path.glob("2*/**/*.parquet")}


def _actions(port: Port, version: int, kind: str) -> list[dict]:
    lines = (port.path / "_delta_log" / f"{version:020d}.json").read_text().splitlines()
    return [json.loads(line)[kind] for line in lines if line.startswith(f'{{"{kind}"')]


def test_the_newest_version_is_withdrawn_and_the_one_before_is_back_without_a_copy(port: Port) -> None:
    good = publish_all(port, [1, 2], run_id="good")
    publish_all(port, [3], run_id="bad")
    before = _parquet(port)
    done = withdraw(port, 1, **WHO)
    assert done.publication == latest(port)
    assert done.publication.version == 2
    assert ids_read(port) == [1, 2]
    assert _parquet(port) == before
    assert (done.publication.rows, done.publication.bytes) == (good.rows, good.bytes)
    assert done.publication.fresh_since == good.published_at < done.publication.published_at
    added, first = _actions(port, 2, "add"), _actions(port, 0, "add")
    assert [(a["path"], a["stats"], a["size"]) for a in added] == [(a["path"], a["stats"], a["size"]) for a in first]
    decision = done.publication.decision
    assert (decision.kind, decision.by, decision.reason) == (DecisionKind.WITHDRAW, *WHO.values())
    assert (decision.withdrawn, decision.restored) == ((1,), 0)
    assert decision.at == done.publication.published_at


def test_a_reader_without_us_gets_the_good_rows(port: Port) -> None:
    publish_all(port, [1, 2])
    publish_all(port, [3])
    withdraw(port, 1, **WHO)
    assert pl.read_delta(str(port.path))["id"].to_list() == [1, 2]


def test_a_pinned_reader_is_refused_with_the_reason_unless_it_says_so(port: Port) -> None:
    publish_all(port, [1])
    publish_all(port, [2])
    withdraw(port, 1, **WHO)
    with pytest.raises(WithdrawnVersion, match=r"version 1 is withdrawn .* by Ada Lovelace: amounts .* Read version 2"):
        open_version(port, 1)
    assert open_version(port, 1, withdrawn=True).scan_polars().collect()["id"].to_list() == [2]
    assert open_version(port, 0).rows == 1


def test_an_older_version_is_marked_and_no_row_changes(port: Port) -> None:
    for number in range(3):
        publish_all(port, [number])
    done = withdraw(port, 1, **WHO)
    assert done.publication is None
    assert latest(port).version == 2
    assert ids_read(port) == [2]
    assert list(withdrawals(port)) == [1]
    assert unresumed(port) is None
    with pytest.raises(WithdrawnVersion):
        open_version(port, 1)


def test_a_withdrawn_version_never_comes_back(port: Port) -> None:
    for number in range(4):
        publish_all(port, [number])
    withdraw(port, 2, **WHO)
    assert withdraw(port, 3, **WHO).publication.decision.restored == 1
    assert ids_read(port) == [1]
    with pytest.raises(CannotRestore, match="version 2 is withdrawn"):
        roll_back(port, 2, **WHO)


def test_rolling_back_withdraws_all_that_came_after(port: Port) -> None:
    for number in range(4):
        publish_all(port, [number])
    done = roll_back(port, 1, **WHO)
    assert ids_read(port) == [1]
    assert done.decision.withdrawn == (2, 3)
    assert done.publication.decision.kind is DecisionKind.ROLLBACK
    assert newest_good(port) == latest(port) == done.publication


def test_rows_that_were_restored_can_be_withdrawn_in_turn(port: Port) -> None:
    for number in range(3):
        publish_all(port, [number])
    restored = withdraw(port, 2, **WHO).publication.version
    with pytest.raises(CannotRestore, match=f"version {restored} restored rows .* withdraw 1 instead"):
        withdraw(port, restored, **WHO)
    done = withdraw(port, 1, **WHO)
    assert done.decision.withdrawn == (1, restored)
    assert ids_read(port) == [0]
    assert done.publication.fresh_since == read_history(port)[-1].published_at


@pytest.mark.parametrize(
    ("act", "version", "problem"),
    [
        (withdraw, 0, "no good version before version 0"),
        (withdraw, 7, "no readable version 7"),
        (roll_back, 2, "rows of version 2 already"),
        (roll_back, 7, "no readable version 7"),
    ],
)
def test_what_cannot_be_restored_is_refused_with_what_can(port: Port, act, version: int, problem: str) -> None:
    publish_all(port, [0])
    if version == 0:
        with pytest.raises(CannotRestore, match=f"{problem}.*can be restored: none; publish a good version first"):
            act(port, version, **WHO)
        return
    publish_all(port, [1])
    publish_all(port, [2])
    with pytest.raises(CannotRestore, match=f"{problem}.*can be restored: 0, 1") as caught:
        act(port, version, **WHO)
    assert caught.value.restorable == (0, 1)
    assert len(read_history(port)) == 3


def test_a_version_is_withdrawn_once(port: Port) -> None:
    publish_all(port, [0])
    publish_all(port, [1])
    withdraw(port, 1, **WHO)
    with pytest.raises(CannotRestore, match="version 1 is withdrawn already"):
        withdraw(port, 1, **WHO)


@pytest.mark.parametrize("words", [{"by": "Ada", "reason": " "}, {"by": "", "reason": "why"}])
def test_who_and_why_are_needed(port: Port, words: dict[str, str]) -> None:
    publish_all(port, [0])
    publish_all(port, [1])
    with pytest.raises(PortError, match="name the person who decides and the reason"):
        withdraw(port, 1, **words)
    assert latest(port).version == 1


def test_expired_versions_are_refused_and_restored_files_never_expire(port: Port) -> None:
    publish_all(port, [0])
    publish_all(port, [1])
    publish_all(port, [2])
    withdraw(port, 2, **WHO)
    expired = expire(port, keep_candidates=timedelta(0), retention=timedelta(0))
    assert expired.versions == (0, 1, 2)
    assert ids_read(port) == [1]
    assert pl.read_delta(str(port.path))["id"].to_list() == [1]
    with pytest.raises(CannotRestore, match=r"no readable version 0.*none"):
        roll_back(port, 0, **WHO)
    assert withdrawals(port)[2].reason == WHO["reason"]


def test_a_withdrawal_outlives_the_commit_that_says_so(port: Port) -> None:
    publish_all(port, [0])
    publish_all(port, [1])
    withdraw(port, 1, **WHO)
    publish_all(port, [3])
    publish_all(port, [4])
    for _ in range(2):
        expire(port, keep_candidates=timedelta(0), retention=timedelta(0))
        publish_all(port, [5])
    assert withdrawals(port)[1].by == "Ada Lovelace"


def test_files_removed_by_hand_are_noticed_before_anything_is_changed(port: Port) -> None:
    first = publish_all(port, [0])
    publish_all(port, [1])
    (port.path / first.candidate / "0.parquet").unlink()
    with pytest.raises(CannotRestore, match="1 files of the version to restore are missing"):
        withdraw(port, 1, **WHO)
    assert ids_read(port) == [1]


def test_a_column_that_only_withdrawn_versions_had_goes_with_them(port: Port) -> None:
    publish_all(port, [1])
    wide = SCHEMA.append(pa.field("extra", pa.string()))
    publish_all(port, [2], schema=wide, rows=frame([2]).with_columns(extra=pl.lit("x")))
    withdraw(port, 1, **WHO)
    assert open_version(port).schema.names == SCHEMA.names
    assert ids_read(port) == [1]
    publish_all(port, [3], schema=wide, rows=frame([3]).with_columns(extra=pl.lit("x")))
    assert ids_read(port) == [3]


def test_rows_that_were_erased_do_not_come_back(port: Port) -> None:
    publish_all(port, [1, 2])
    publish_all(port, [1, 2, 3])
    table = DeltaTable(str(port.path))
    note = CommitProperties({"bankmesh_removal": {"reason": "erasure"}}, 0)
    table.delete("id = 2", commit_properties=note)
    publish_all(port, [1, 3])
    publish_all(port, [9])
    with pytest.raises(CannotRestore, match=r"hold rows that were erased, or expired, since.*restored: 3"):
        roll_back(port, 0, **WHO)
    roll_back(port, 3, **WHO)
    assert ids_read(port) == [1, 3]


# --- holding ---


def test_the_product_is_held_while_its_code_is_what_was_withdrawn(port: Port) -> None:
    publish_all(port, [0])
    publish_all(port, [1])
    assert hold_of(port, "c0de") is None
    withdraw(port, 1, **WHO)
    assert hold_of(port, "c0de").reason == WHO["reason"]
    assert hold_of(port, "0ther") is None
    withdrawn = expire(port, keep_candidates=timedelta(0), retention=timedelta(0))
    assert withdrawn.versions
    assert hold_of(port, "c0de") is not None


def test_it_is_resumed_by_a_commit_that_changes_no_row(port: Port) -> None:
    publish_all(port, [0])
    publish_all(port, [1])
    withdraw(port, 1, **WHO)
    before = latest(port)
    resume(port, by="Grace", reason="the source was repaired")
    assert hold_of(port, "c0de") is None
    assert latest(port) == before
    assert ids_read(port) == [0]
    with pytest.raises(NotHeld, match="nothing holds it"):
        resume(port, by="Grace", reason="again")
    assert list(withdrawals(port)) == [1]


def test_what_is_published_next_ends_the_hold(port: Port) -> None:
    publish_all(port, [0])
    publish_all(port, [1])
    withdraw(port, 1, **WHO)
    publish_all(port, [3])
    assert hold_of(port, "c0de") is None


# --- partitions ---


def test_partitions_that_nobody_replaced_since_go_back(port: Port) -> None:
    publish_months(port, {JAN: [1], FEB: [2]})
    publish_months(port, {JAN: [11], FEB: [12], MAR: [13]})
    publish_months(port, {FEB: [22]})
    done = withdraw(port, 1, **WHO)
    assert ids_read(port) == [1, 22]
    assert done.publication.provenance.partitions == (JAN, MAR)
    assert done.holders == (2,)
    assert open_version(port, 2).rows == 3
    restored, kept = done.publication, read_history(port)[1]
    assert restored.fresh_since == kept.published_at
    assert dict(restored.decision.sources) == {JAN: 0, MAR: -1}


def test_partitions_that_were_all_replaced_leave_nothing_to_change(port: Port) -> None:
    publish_months(port, {JAN: [1]})
    publish_months(port, {JAN: [2]})
    publish_months(port, {JAN: [3]})
    assert withdraw(port, 1, **WHO).publication is None
    assert ids_read(port) == [3]


def test_a_partition_that_was_emptied_by_mistake_is_filled_again(port: Port) -> None:
    publish_months(port, {JAN: [1], FEB: [2]})
    publish_months(port, {FEB: [3]}, also=(JAN,))
    withdraw(port, 1, **WHO)
    assert ids_read(port) == [1, 2]


def test_a_version_that_holds_withdrawn_rows_is_no_place_to_go_back_to(port: Port) -> None:
    publish_months(port, {JAN: [1], FEB: [2]})
    publish_months(port, {JAN: [11]})
    publish_months(port, {FEB: [22]})
    withdraw(port, 1, **WHO)
    with pytest.raises(CannotRestore, match=r"version 2 holds rows of a withdrawn version.*restored: 0"):
        roll_back(port, 2, **WHO)
    roll_back(port, 0, **WHO)
    assert ids_read(port) == [1, 2]


def test_rolling_back_leaves_the_files_of_unchanged_partitions_alone(port: Port) -> None:
    publish_months(port, {JAN: [1], FEB: [2]})
    publish_months(port, {JAN: [11], MAR: [13]})
    done = roll_back(port, 0, **WHO)
    assert ids_read(port) == [1, 2]
    assert done.publication.provenance.partitions == (JAN, MAR)
    assert [action["partitionValues"]["month"] for action in _actions(port, done.publication.version, "add")] == [JAN]


def test_partitions_from_behind_a_checkpoint_come_back_with_their_statistics(port: Port) -> None:
    publish_months(port, {JAN: [1], FEB: [2]})
    publish_months(port, {MAR: [3]})
    expire(port, keep_candidates=timedelta(0), retention=timedelta(0))
    publish_months(port, {FEB: [22]})
    withdraw(port, read_history(port)[0].version, **WHO)
    assert ids_read(port) == [1, 2, 3]
    (added,) = _actions(port, latest(port).version, "add")
    assert json.loads(added["stats"])["minValues"] == {"id": 2}


# --- kills and races ---


@pytest.mark.parametrize(("point", "rows"), [("before-restore", [1]), ("after-restore", [0])])
def test_a_kill_leaves_the_one_or_the_other(port: Port, point: str, rows: list[int]) -> None:
    publish_all(port, [0])
    publish_all(port, [1])
    assert run_and_die(restore_and_die, port, 1, point) == KILLED
    assert ids_read(port) == rows
    if point == "before-restore":
        withdraw(port, 1, **WHO)
    assert ids_read(port) == [0]
    assert list(withdrawals(port)) == [1]


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "lockless"])
@pytest.mark.parametrize("_round", range(2))
def test_publishers_and_a_withdrawal_at_once_lose_nothing(port: Port, locked: bool, _round: int) -> None:
    publish_all(port, [0], run_id="0")
    publish_all(port, [1], run_id="1")
    answers = race(withdraw_in_race, [(port, number, locked) for number in range(4)])
    assert answers[0] == "withdrawn"
    newest = latest(port)
    published = [answer for answer in answers[1:] if isinstance(answer, int)]
    if newest.decision is None:
        assert ids_read(port) == [int(newest.provenance.run_id)] * 3
    else:
        assert ids_read(port) == [0]
        assert all(version < newest.version for version in published)
    assert {made.version for made in read_history(port)} >= set(published)
    assert list(withdrawals(port)) == [1]
    if locked:
        assert len(published) == 3


def test_a_home_of_an_earlier_release_is_restored_as_any_other(port: Port) -> None:
    publish_all(port, [0])
    publish_all(port, [1])
    log: Path = port.path / "_delta_log" / f"{1:020d}.json"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        if "commitInfo" in line:
            del line["commitInfo"]["bankmesh"]["contract_digest"], line["commitInfo"]["bankmesh"]["lineage"]
    log.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    withdraw(port, 1, **WHO)
    assert ids_read(port) == [0]
