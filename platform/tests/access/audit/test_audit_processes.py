"""One chain for each process: forks, threads, kills, and records that are on the disk."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time

import pytest
from audit_samples import SUBJECTS, decision, published, records
from child_processes import kill_child, run_child, start_child, wait_for_child
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.access.audit import audit_chain
from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.chain_anchors import ChainAnchors
from bankmesh.access.audit.chain_file import ChainFile, chain_files, opened_for_reading
from bankmesh.access.audit.chain_verification import ChainState, verify_chain
from bankmesh.access.audit.log_verification import verify_log
from bankmesh.access.model import STRICT_AUDIT
from bankmesh.settings import access_database


@pytest.fixture(autouse=True)
def _closed():
    yield
    close_chains()


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return published(tmp_path_factory.mktemp("port"))


def recorder(home, opened, **options):
    return AuditLog(home, **options).recorder_for(decision(), opened, subjects=SUBJECTS)


def read(home, opened):
    recorder(home, opened).begin(["id"], "scan").end(1, False)


def test_a_forked_child_begins_a_chain_of_its_own(tmp_path, opened):
    read(tmp_path, opened)
    in_both = recorder(tmp_path, opened).begin(["id"], "scan")

    def work():
        read(tmp_path, opened)
        in_both.end(2, False)
        close_chains()

    for _ in range(3):
        run_child(work)
    in_both.end(1, False)
    close_chains()

    report = verify_log(tmp_path)
    assert report.is_intact
    assert report.interrupted == ()
    assert sorted(chain.records for chain in report.chains) == [5, 5, 5, 6]
    processes = {record["process"] for record in records(tmp_path) if record["kind"] == "open"}
    assert len(processes) == 4


def test_processes_that_begin_at_once_make_one_key_and_register_one_after_another(tmp_path, opened):
    go = tmp_path / "go"

    def work():
        while not go.exists():
            time.sleep(0.001)
        read(tmp_path / "home", opened)
        close_chains()

    children = [start_child(work) for _ in range(6)]
    go.touch()
    assert [wait_for_child(child) for child in children] == [0] * 6
    report = verify_log(tmp_path / "home")
    assert report.is_intact
    assert [chain.records for chain in report.chains] == [4] * 6
    assert len(list((tmp_path / "home/access/keys").glob("audit.*.pub.pem"))) == 1


def test_a_fork_while_threads_write_loses_nothing(tmp_path, opened):
    stop = threading.Event()

    def work():
        while not stop.is_set():
            read(tmp_path, opened)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            run_child(lambda: (read(tmp_path, opened), close_chains()))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    close_chains()
    report = verify_log(tmp_path)
    assert report.is_intact
    assert len(report.chains) == 4


def test_a_chain_begins_although_somebody_looks_whether_its_file_is_in_use(tmp_path, monkeypatch):
    opened_by = os.open

    def open_and_look(path, *arguments):
        descriptor = opened_by(path, *arguments)
        looking = opened_by(path, os.O_RDONLY)
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.1, os.close, [looking]).start()
        return descriptor

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", open_and_look)
        file = ChainFile(tmp_path / "audit" / "chain.jsonl")
    with opened_for_reading(file.path) as (_, is_running):
        assert is_running
    file.close()


def test_threads_share_a_chain(tmp_path, opened):
    threads = [threading.Thread(target=lambda: [read(tmp_path, opened) for _ in range(100)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_chains()
    report = verify_log(tmp_path)
    assert report.is_intact
    assert [chain.records for chain in report.chains] == [1_202]
    begun = {f"{chain_files(tmp_path)[0].stem}:{r['sequence']}" for r in records(tmp_path) if r["kind"] == "begin"}
    assert {r["read"] for r in records(tmp_path) if r["kind"] == "end"} == begun


@pytest.mark.parametrize("after", [0.05, 0.3, 1.4])
def test_a_kill_leaves_an_interrupted_read_and_no_fault(tmp_path, opened, after):
    def work():
        while True:
            recorder(tmp_path, opened).begin(["id"], "scan")
            read(tmp_path, opened)

    started = start_child(work)
    while not chain_files(tmp_path) or not records_of(tmp_path):
        time.sleep(0.01)
    assert verify_log(tmp_path).chains[0].state is ChainState.RUNNING
    kill_child(started, after)

    report = verify_log(tmp_path)
    assert report.is_intact
    assert [chain.state for chain in report.chains] == [ChainState.KILLED]
    assert len(report.interrupted) > 0
    assert report.interrupted[0].port == "retail.party"
    assert report.under_way == 0


def records_of(home):
    return chain_files(home)[0].read_bytes().count(b"\n") > 2


@pytest.fixture(scope="module")
def killed(tmp_path_factory, opened):
    """The chain of a process that was killed before its first anchor."""
    home = tmp_path_factory.mktemp("killed")

    def work():
        for _ in range(5):
            read(home, opened)
        os.kill(os.getpid(), signal.SIGKILL)

    assert wait_for_child(start_child(work)) == -signal.SIGKILL
    with ChainAnchors(access_database(home)) as anchors:
        (registration,) = anchors.registrations(home)
        return chain_files(home)[0].read_bytes(), registration, anchors.anchors_of(home, registration.chain)


@given(st.data())
@settings(max_examples=50)
def test_a_torn_last_line_is_reported_as_such(killed, data):
    content, registration, anchors = killed
    assert content.count(b"\n") == 11
    assert anchors == []
    opening = content.index(b"\n") + 1
    kept = content[: data.draw(st.integers(opening, len(content)))]
    torn = len(kept) - kept.rindex(b"\n") - 1

    report = verify_chain(registration.chain, kept.splitlines(keepends=True), registration, anchors, is_running=False)

    assert report.faults == ()
    assert report.torn_bytes == torn
    assert report.unanchored == kept.count(b"\n")


def test_heads_are_anchored_while_a_process_runs(tmp_path, opened):
    read(tmp_path, opened)
    until = time.monotonic() + 10
    while verify_log(tmp_path).chains[0].unanchored and time.monotonic() < until:
        time.sleep(0.05)
    report = verify_log(tmp_path).chains[0]
    assert (report.state, report.unanchored, report.records) == (ChainState.RUNNING, 0, 3)


@pytest.fixture
def synced(monkeypatch):
    """The size of the file at each fdatasync."""
    found = []

    def fdatasync(descriptor):
        found.append(os.fstat(descriptor).st_size)
        real(descriptor)

    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", fdatasync)
    return found


@pytest.mark.parametrize("how", ["setting", "obligation"])
def test_in_strict_mode_a_record_is_on_the_disk_before_the_answer(tmp_path, opened, synced, monkeypatch, how):
    monkeypatch.setattr(audit_chain, "GROUP_SECONDS", 60)  # the thread alone would be late
    strict = decision(obligations=frozenset({STRICT_AUDIT})) if how == "obligation" else decision()
    if how == "setting":
        monkeypatch.setenv("BANKMESH_AUDIT", "strict")
    begun = AuditLog(tmp_path).recorder_for(strict, opened).begin(["id"], "scan")
    assert synced[-1] == chain_files(tmp_path)[0].stat().st_size
    begun.end(1, False)
    assert synced[-1] == chain_files(tmp_path)[0].stat().st_size


def test_records_reach_the_disk_in_groups_within_a_tenth_of_a_second(tmp_path, opened, synced):
    read(tmp_path, opened)
    (file,) = chain_files(tmp_path)
    synced.clear()
    for _ in range(200):
        read(tmp_path, opened)
    written = time.monotonic()
    size = file.stat().st_size
    while not synced or synced[-1] < size:
        assert time.monotonic() - written < 5
        time.sleep(0.001)
    assert audit_chain.GROUP_SECONDS <= 0.1
    assert len(synced) < 100
