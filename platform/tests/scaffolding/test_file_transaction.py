"""Several files change together or not at all: through failures, kills and edits of somebody else."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from folder_contents import contents

from bankmesh import fault_points
from bankmesh.workspace.file_transaction import (
    JOURNAL,
    ChangedMeanwhile,
    FileChange,
    InterruptedMeanwhile,
    RestoreConflict,
    UnusableJournal,
    commit_changes,
    has_interrupted,
    restore_interrupted,
)

POINTS = ["workspace-file"] * 3 + ["workspace-files-written"]
BEFORE = {"edited.sql": b"select 1\r\n", "sub/removed.py": b"\xff no text"}
AFTER = {"edited.sql": b"select 2\r\n", "new/folder/created.yaml": b"a: 1\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, content in BEFORE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "edited.sql").chmod(0o755)
    return tmp_path


def changes(root: Path) -> list[FileChange]:
    return [FileChange(root / name, BEFORE.get(name), AFTER.get(name)) for name in sorted({*BEFORE, *AFTER})]


def test_all_files_change_and_folders_that_become_empty_are_removed(root: Path) -> None:
    (root / "sub/__pycache__").mkdir()
    (root / "sub/__pycache__/removed.cpython-311.pyc").touch()
    commit_changes(root, changes(root))
    assert contents(root) == AFTER
    assert not (root / "sub").exists()
    assert (root / "edited.sql").stat().st_mode & 0o777 == 0o755
    assert not has_interrupted(root)


def test_a_folder_with_other_files_stays(root: Path) -> None:
    (root / "sub/other.py").touch()
    commit_changes(root, changes(root))
    assert (root / "sub/other.py").exists()


def test_nothing_is_written_if_a_file_was_changed_since_the_plan(root: Path) -> None:
    planned = changes(root)
    (root / "sub/removed.py").write_bytes(b"somebody's work")
    with pytest.raises(ChangedMeanwhile, match=r"sub/removed\.py was changed by somebody else"):
        commit_changes(root, planned)
    assert contents(root) == BEFORE | {"sub/removed.py": b"somebody's work"}


@pytest.mark.parametrize("failing", range(len(POINTS) - 1))
def test_a_write_that_fails_leaves_every_file_as_it_was(root: Path, failing: int) -> None:
    seen = []

    def fail(name: str) -> None:
        seen.append(name)
        if len(seen) > failing:
            fault_points.watch(None)
            raise OSError(28, "No space left on device")

    fault_points.watch(fail)
    try:
        with pytest.raises(OSError, match="No space"):
            commit_changes(root, changes(root))
    finally:
        fault_points.watch(None)
    assert contents(root) == BEFORE
    assert not (root / "new").exists()


def commit_and_die(root: Path, at: int) -> None:
    """Commit in a process that is killed at one of the points."""
    seen = []

    def kill(name: str) -> None:
        assert name == POINTS[len(seen)]
        seen.append(name)
        if len(seen) > at:
            os.kill(os.getpid(), signal.SIGKILL)

    fault_points.watch(kill)
    commit_changes(root, changes(root))


def killed(root: Path, at: int) -> None:
    process = multiprocessing.get_context("fork").Process(target=commit_and_die, args=(root, at))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("at", range(len(POINTS)))
def test_a_kill_is_undone_by_the_next_command(root: Path, at: int) -> None:
    killed(root, at)
    assert has_interrupted(root)
    restored = restore_interrupted(root)
    assert len(restored) == at
    assert contents(root) == BEFORE
    assert (root / "edited.sql").stat().st_mode & 0o777 == 0o755
    assert restore_interrupted(root) == ()


def test_an_edit_after_a_kill_is_never_overwritten(root: Path) -> None:
    killed(root, 3)
    (root / "edited.sql").write_bytes(b"select 3\n")
    there = contents(root)
    with pytest.raises(RestoreConflict, match=r"edited\.sql was edited since.*git restore") as refused:
        restore_interrupted(root)
    assert refused.value.edited == ("edited.sql",)
    assert contents(root) == there
    (root / "edited.sql").write_bytes(BEFORE["edited.sql"])  # as `git restore` does
    restore_interrupted(root)
    assert contents(root) == BEFORE
    assert not (root / JOURNAL).exists()


@pytest.mark.parametrize("path", ["../outside.py", "{outside}", "sub/../../outside.py", ""])
@pytest.mark.parametrize("before", ["null", '"ZXZpbA=="'])
def test_a_journal_that_names_files_outside_of_the_workspace_is_refused(root: Path, path: str, before: str) -> None:
    outside = root.parent / "outside.py"
    outside.write_text("x\n")
    digest = hashlib.sha256(b"x\n").hexdigest()
    written = path.format(outside=outside)
    (root / JOURNAL).write_text(f'[{{"path": "{written}", "before": {before}, "after": "{digest}"}}]')
    with pytest.raises(UnusableJournal, match="nothing was restored"):
        restore_interrupted(root)
    assert outside.read_text() == "x\n"
    assert contents(root) == BEFORE | {JOURNAL: (root / JOURNAL).read_bytes()}


@pytest.mark.parametrize(
    "text", ["", "{", '{"a": 1}', "[1]", '[{"path": "a"}]', '[{"path": "a", "before": "!", "after": null}]', "7"]
)
def test_a_journal_of_something_else_is_refused(root: Path, text: str) -> None:
    (root / JOURNAL).write_text(text)
    with pytest.raises(UnusableJournal):
        restore_interrupted(root)


def test_the_journal_of_a_killed_command_is_not_replaced_by_a_later_one(root: Path) -> None:
    (root / JOURNAL).write_text("[]")
    with pytest.raises(InterruptedMeanwhile):
        commit_changes(root, changes(root))
    assert contents(root) == BEFORE | {JOURNAL: b"[]"}
