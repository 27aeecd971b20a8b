"""Faults that pass are tried again, twice; those of a contract, a transform, a file or a full disk are not."""

import errno
import sqlite3

import dagster as dg
import pytest
from two_domains import SUPPLIER

from bankmesh.errors import LegacyFileError, NotPublished, PublishConflict, TransformError
from bankmesh.products import product_operation, retry_policy
from bankmesh.products.retry_policy import is_disk_full, is_transient, machine_fault


def _caused(outer, cause):
    outer.__cause__ = cause
    return outer


PASSING = [
    OSError(errno.EIO, "Input/output error"),
    OSError(errno.ESTALE, "Stale file handle"),
    ConnectionResetError("reset"),
    TimeoutError("too long"),
    sqlite3.OperationalError("database is locked"),
    PublishConflict("shop.sale", "another was first"),
    _caused(
        dg.Failure("not landed", allow_retries=False), _caused(LegacyFileError("a", "b", "c"), OSError(errno.EIO, "x"))
    ),
    _caused(dg.Failure("conflict", allow_retries=False), PublishConflict("shop.sale", "another was first")),
]
LASTING = [
    dg.Failure("the gate refused it", allow_retries=False),
    TransformError("shop.sale", "database is locked, says the author", "?"),
    LegacyFileError("a.csv", "is empty", "rows"),
    NotPublished("shop.sale", None, ()),
    FileNotFoundError(errno.ENOENT, "No such file"),
    PermissionError(errno.EACCES, "Permission denied"),
    OSError(errno.ENOSPC, "No space left on device"),
    ValueError("connection reset"),
    sqlite3.OperationalError("no such table: runs"),
    KeyError("month"),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_passes_is_tried_again(error):
    assert is_transient(error)
    assert not is_disk_full(error)


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_what_lasts_is_not(error):
    assert not is_transient(error)


def test_what_merely_happened_while_another_was_handled_is_no_cause():
    error = KeyError("month")
    error.__context__ = ConnectionResetError("reset")
    assert not is_transient(error)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Runtime Error in model sale\n  IO Error: Could not write file 'x': No space left on device", errno.ENOSPC),
        ("IO Error: Could not read from file 'x': Input/output error", errno.EIO),
        ("Conversion Error: Could not convert string 'No space left on device' to INT32", None),
        ("IO Error: No files found that match the pattern 'x'", None),
    ],
)
def test_a_fault_of_the_machine_is_found_in_what_dbt_says_and_its_text_left_out(text, number):
    fault = machine_fault(text)
    assert (fault.errno if fault else None) == number
    assert "'x'" not in str(fault)


def test_waits_grow():
    assert [retry_policy.seconds_to_wait(retry) for retry in (1, 2)] == [5.0, 15.0]


@pytest.fixture
def faulty(monkeypatch, trading):
    """Run bazaar.opening_hour with the faults injected into its publishing, one for each attempt."""
    monkeypatch.setattr(retry_policy, "FIRST_WAIT", 0.01)

    def run(*faults):
        attempts = []
        publish = product_operation.publish

        def fail_first(*arguments, **keywords):
            attempts.append(1)
            if len(attempts) <= len(faults):
                raise faults[len(attempts) - 1]
            return publish(*arguments, **keywords)

        monkeypatch.setattr(product_operation, "publish", fail_first)
        before = trading.versions("bazaar.opening_hour")
        ended = trading.run(SUPPLIER, ["bazaar/opening_hour"])
        return ended, len(attempts), trading.versions("bazaar.opening_hour") - before

    return run


def _message(ended):
    [failure] = [event for event in ended.all_events if event.is_step_failure]
    data = failure.step_failure_data
    return data.user_failure_data.description if data.user_failure_data else data.error.to_string()


def test_two_passing_faults_are_lived_through(faulty):
    ended, attempts, published = faulty(OSError(errno.EIO, "Input/output error"), PublishConflict("x", "y"))
    assert (ended.success, attempts, published) == (True, 3, 1)


def test_a_third_is_not(faulty):
    ended, attempts, published = faulty(*[OSError(errno.ESTALE, "Stale file handle")] * 3)
    assert (ended.success, attempts, published) == (False, 3, 0)
    assert "Stale file handle" in _message(ended)


def test_a_full_disk_is_told_plainly_and_not_tried_again(faulty):
    ended, attempts, published = faulty(OSError(errno.ENOSPC, "No space left on device"))
    assert (ended.success, attempts, published) == (False, 1, 0)
    assert "The disk is full" in _message(ended)
    assert "mesh expire" in _message(ended)


def test_a_fault_of_the_house_is_not_tried_again(faulty):
    ended, attempts, published = faulty(TransformError("bazaar.opening_hour", "it is wrong", "Mend it."))
    assert (ended.success, attempts, published) == (False, 1, 0)
