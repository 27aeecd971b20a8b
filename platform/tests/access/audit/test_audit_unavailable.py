"""Where the audit log cannot be written, nothing is read: full disk, quota, read-only disk, permissions, deleted file."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from audit_samples import SUBJECTS, decision, published, records
from child_processes import run_child

from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.chain_file import chain_files
from bankmesh.access.audit.chain_verification import ChainState, Tampering
from bankmesh.access.audit.log_verification import verify_log
from bankmesh.access.errors import AuditUnavailable

NOBODY = 65_534


@pytest.fixture(autouse=True)
def _closed():
    yield
    close_chains()


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return published(tmp_path_factory.mktemp("port"))


@pytest.fixture
def home(tmp_path):
    """A home in which a read has been recorded, on a chain that is in use."""
    return tmp_path


def recorder(home, opened):
    return AuditLog(home).recorder_for(decision(), opened, subjects=SUBJECTS)


def read(home, opened):
    recorder(home, opened).begin(["id"], "scan").end(1, False)


def wait_until(is_so):
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)


def kinds(home):
    return {fault.kind for chain in verify_log(home).chains for fault in chain.faults}


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no mount here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    home = tmp_path / "small"
    home.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(home))
    yield home
    close_chains()
    subprocess.run(["umount", str(home)], check=True)


def fill(home):
    subprocess.run(["dd", "if=/dev/zero", f"of={home / 'filler'}", "bs=4k"], capture_output=True, check=False)


def count_until_refused(record):
    """Record until the disk has no room: its last page has some for a while."""
    for done in range(100):
        try:
            record()
        except AuditUnavailable as refused:
            assert "no space left on device" in str(refused)  # noqa: PT017 - see the loop
            return done
    raise AssertionError("the disk is not full")


def test_on_a_full_disk_no_read_begins_and_the_next_one_goes_on_in_the_same_chain(small_disk, opened):
    read(small_disk, opened)
    fill(small_disk)
    begun = count_until_refused(lambda: recorder(small_disk, opened).begin(["id"], "scan"))
    (small_disk / "filler").unlink()
    read(small_disk, opened)
    close_chains()
    assert [chain.records for chain in verify_log(small_disk).chains] == [1 + 2 + begun + 2 + 1]
    assert verify_log(small_disk).is_intact


def test_on_a_disk_that_is_full_from_the_start_no_chain_begins(small_disk, opened):
    fill(small_disk)
    for _ in range(3):
        with pytest.raises(AuditUnavailable):
            recorder(small_disk, opened).begin(["id"], "scan")
    assert chain_files(small_disk) == []
    (small_disk / "filler").unlink()
    read(small_disk, opened)
    assert verify_log(small_disk).is_intact


def test_the_end_of_a_read_on_a_full_disk_is_an_error_too(small_disk, opened):
    reads = [recorder(small_disk, opened).begin(["id"], "scan") for _ in range(100)]
    fill(small_disk)
    ended = count_until_refused(lambda: reads.pop().end(1, False))
    assert ended < 90
    with pytest.raises(AuditUnavailable):
        reads[-1].end(1, False)
    with pytest.raises(ValueError, match="not ended"):
        _ = reads[-1].receipt
    reads[-1].end(1, True)  # the error of a cancelled read is on its way already


def test_an_incomplete_record_at_a_quota_is_undone(tmp_path, opened):
    def work():
        read(tmp_path, opened)
        (file,) = chain_files(tmp_path)
        size = file.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
        with pytest.raises(AuditUnavailable, match="file too large"):
            recorder(tmp_path, opened).begin(["id"], "scan")
        assert file.stat().st_size == size
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        read(tmp_path, opened)
        close_chains()

    run_child(work)
    assert verify_log(tmp_path).is_intact
    assert len([record for record in records(tmp_path) if record["kind"] == "end"]) == 2


def test_on_a_read_only_disk_no_read_begins(tmp_path, opened):
    home = tmp_path / "home"
    read(home, opened)
    close_chains()
    shown = tmp_path / "shown"
    shown.mkdir()
    mount("--bind", str(home), str(shown))
    try:
        mount("-o", "remount,ro,bind", str(shown))
        with pytest.raises(AuditUnavailable, match="read-only file system"):
            recorder(shown, opened).begin(["id"], "scan")
        assert verify_log(shown).is_intact  # as an auditor verifies a copy
    finally:
        subprocess.run(["umount", str(shown)], check=True)
    assert verify_log(home).is_intact


@pytest.mark.parametrize("locked", ["audit", "access/keys", "access.db"])
def test_without_permission_no_read_begins(opened, locked):
    home = Path(tempfile.mkdtemp())  # below a folder that everybody may enter
    is_root = os.geteuid() == 0

    def work():
        if is_root:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        with pytest.raises(AuditUnavailable):
            recorder(home, opened).begin(["id"], "scan")

    try:
        read(home, opened)
        close_chains()
        for path in (home, *home.rglob("*")):
            if is_root:
                os.chown(path, NOBODY, NOBODY)
        for path in (home / locked, *(home / locked).glob("*")):
            path.chmod(0o555 if path.is_dir() else 0o400 if locked == "access.db" else 0o000)
        run_child(work)
    finally:
        for path in (home, *home.rglob("*")):
            path.chmod(0o700)
        shutil.rmtree(home)


def delete(file):
    file.unlink()


def replace(file):
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)


def shorten(file):
    os.truncate(file, file.stat().st_size - 1)


def lengthen(file):
    with file.open("ab") as stream:
        stream.write(b"{}\n")


def move_folder(file):
    shutil.move(file.parent, file.parent.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (delete, Tampering.MISSING),
        (replace, None),
        (shorten, None),
        (lengthen, Tampering.CHANGED),
        (move_folder, None),
    ],
)
def test_a_file_that_somebody_else_changes_ends_the_chain(home, opened, change, kind):
    read(home, opened)
    under_way = recorder(home, opened).begin(["id"], "scan")
    change(chain_files(home)[0])

    with pytest.raises(AuditUnavailable, match="its file was"):
        recorder(home, opened).begin(["id"], "scan")
    with pytest.raises(AuditUnavailable, match="no longer in use"):
        under_way.end(1, False)

    read(home, opened)  # in another chain
    close_chains()
    assert len(verify_log(home).chains) == 2
    wait_until(lambda: ChainState.RUNNING not in {chain.state for chain in verify_log(home).chains})
    assert {chain.state for chain in verify_log(home).chains} == {ChainState.KILLED, ChainState.CLOSED}
    if kind is not None:
        assert kind in kinds(home)


def test_a_chain_that_somebody_has_changed_while_nothing_was_read_is_closed(home, opened):
    before = threading.enumerate()
    read(home, opened)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "audit sync" and thread not in before]
    wait_until(lambda: verify_log(home).chains[0].unanchored == 0)
    lengthen(chain_files(home)[0])
    with pytest.raises(AuditUnavailable, match="its file was changed"):
        recorder(home, opened).begin(["id"], "scan")
    thread.join(10)
    assert not thread.is_alive()
    assert verify_log(home).chains[0].state is ChainState.KILLED


@pytest.mark.parametrize("url", ["postgresql://reader:hunter2@127.0.0.1:9/access", "sqlite:////proc/access.db"])
def test_without_the_access_database_no_read_begins(home, opened, monkeypatch, url):
    monkeypatch.setenv("BANKMESH_ACCESS_DB", url)
    with pytest.raises(AuditUnavailable) as refused:
        recorder(home, opened).begin(["id"], "scan")
    assert chain_files(home) == []
    assert "hunter2" not in str(refused.value)
    assert "/" not in str(refused.value)


def test_a_refusal_that_cannot_be_recorded_is_an_error(small_disk):
    fill(small_disk)
    with pytest.raises(AuditUnavailable):
        AuditLog(small_disk).denied(None, "retail.party", None, way="get", why="IdentityRefused")
