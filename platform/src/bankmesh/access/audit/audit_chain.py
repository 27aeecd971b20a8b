"""The audit chain of this process: one for each mesh home, begun at its first record and closed when the process ends.

A record is written with write(2) before `append` returns. A thread calls fdatasync for groups of records, at most
`GROUP_SECONDS` after the first of a group, and anchors the head that is on the disk, at most `ANCHOR_SECONDS` later.
A forked child begins a chain of its own.
"""

from __future__ import annotations

import atexit
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from bankmesh.access.audit.audit_record import (
    FIRST_PREVIOUS,
    FORMAT,
    AuditPosition,
    RecordKind,
    encode_record,
    line_digest,
    now_text,
)
from bankmesh.access.audit.chain_anchors import ChainAnchors
from bankmesh.access.audit.chain_file import ChainFile, ChainFileChanged, chain_file
from bankmesh.access.signing_keys import KeyUse, UnusableKey, load_signing_key
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GROUP_SECONDS = 0.05
ANCHOR_SECONDS = 1.0
UNANCHORED_SECONDS = 60.0
"""How long records are accepted while heads cannot be anchored."""


class ChainUnavailable(Exception):
    """The chain cannot take a record; its text names the cause without a path."""


class AuditChain:
    """A chain of this process; safe for threads."""

    def __init__(self, home: Path, database: str) -> None:
        """Create the file and register the chain. Raises ChainUnavailable."""
        process, started = os.getpid(), datetime.now(UTC)
        self.id = f"{started:%Y%m%dT%H%M%S}-{process}-{secrets.token_hex(4)}"
        self._lock = threading.Lock()
        self._disk = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._sequence, self._previous = 0, FIRST_PREVIOUS
        self._head: AuditPosition | None = None
        self._synced: AuditPosition | None = None
        self._anchored = -1
        self._unanchored_since: float | None = None
        self._anchor_at = 0.0
        self._failure = ""
        self._is_closed = False
        facts = {"host": socket.gethostname(), "process": process, "started_at": started.isoformat()}
        self._opened_at = started.isoformat(timespec="microseconds")
        opening = {**facts, "chain": self.id, "format": FORMAT}
        self._opening = encode_record(0, FIRST_PREVIOUS, self._opened_at, RecordKind.OPEN, opening)
        try:
            self._key = load_signing_key(home, KeyUse.AUDIT)
            self._file = ChainFile(chain_file(home, self.id))
        except (OSError, UnusableKey) as error:
            raise ChainUnavailable(_cause(error)) from error
        try:
            self._anchors = ChainAnchors(database)
            self._anchors.register(self.id, line_digest(self._opening), facts, self._key)
        except (SQLAlchemyError, OSError, BankmeshError) as error:
            self._file.discard()
            raise ChainUnavailable(f"the access database cannot be written: {_cause(error)}") from error
        threading.Thread(target=self._keep_synced, name="audit sync", daemon=True).start()

    @property
    def is_broken(self) -> bool:
        """Whether the chain can take no further record, however long one waits."""
        return bool(self._failure)

    def append(self, kind: RecordKind, fields: Mapping[str, Any], *, wait: bool = False) -> AuditPosition:
        """Write a record; with `wait`, return once it is on the disk. Raises ChainUnavailable."""
        with self._changed:
            head = self._write_record(kind, fields)
            if self._synced is None or self._synced.sequence < head.sequence:
                self._changed.notify()
        if wait:
            self._sync(head.sequence)
        return head

    def close(self) -> None:
        """Write the last record, bring all to the disk, and anchor the head; errors leave the chain without an end."""
        with self._lock:
            if self._is_closed:
                return
            with suppress(ChainUnavailable):
                if self._sequence:
                    self._write_record(RecordKind.CLOSE, {})
            self._is_closed = True
            self._failure = self._failure or "it is closed"
            self._changed.notify()
        self._finish()

    def forget(self) -> None:
        """In a forked child: close what is the parent's, without writing to it."""
        self._is_closed = True
        self._failure = "it is another process's"
        self._file.close()

    def hold(self) -> None:
        """Before a fork: wait until no thread is writing."""
        self._disk.acquire()
        self._lock.acquire()

    def release(self) -> None:
        """After a fork, in the parent."""
        self._lock.release()
        self._disk.release()

    def _write_record(self, kind: RecordKind, fields: Mapping[str, Any]) -> AuditPosition:
        self._require_usable()
        if self._sequence == 0:
            self._write(self._opening, self._opened_at)
        at = now_text()
        return self._write(encode_record(self._sequence, self._previous, at, kind, fields), at)

    def _write(self, line: bytes, at: str) -> AuditPosition:
        try:
            self._file.append(line)
        except ChainFileChanged as error:
            self._failure = str(error)
            self._changed.notify()  # the thread ends and closes the file
            raise ChainUnavailable(self._failure) from error
        except OSError as error:
            raise ChainUnavailable(_cause(error)) from error
        if self._unanchored_since is None:
            self._unanchored_since = time.monotonic()
        head = self._head = AuditPosition(self.id, self._sequence, line_digest(line), at)
        self._sequence, self._previous = head.sequence + 1, head.digest
        return head

    def _require_usable(self) -> None:
        if self._failure:
            raise ChainUnavailable(self._failure)
        since = self._unanchored_since
        if since is not None and time.monotonic() - since > UNANCHORED_SECONDS:
            raise ChainUnavailable("its heads could not be anchored in the access database for a minute")

    def _sync(self, sequence: int) -> None:
        """Bring the records up to this one to the disk; callers that wait meanwhile share one fdatasync."""
        with self._disk:
            if self._synced is not None and self._synced.sequence >= sequence:
                return
            with self._lock:
                head = self._head
            if head is None:
                return
            try:
                self._file.sync()
            except OSError as error:
                # What the kernel has dropped after a failed fdatasync, no second one would report.
                self._failure = f"it cannot be written to the disk: {_cause(error)}"
                raise ChainUnavailable(self._failure) from error
            self._synced = head

    def _anchor(self) -> None:
        """Anchor the head that is on the disk."""
        with self._disk:
            self._anchor_at = time.monotonic() + ANCHOR_SECONDS
            if self._synced is not None and self._synced.sequence > self._anchored:
                self._anchors.anchor(self._synced, self._key)
                self._anchored = self._synced.sequence
            with self._lock:
                is_whole = self._anchored == self._sequence - 1
                self._unanchored_since = None if is_whole else time.monotonic()

    def _keep_synced(self) -> None:
        """Serve the thread until the chain is closed or broken."""
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work)
                if self._failure:
                    break
            time.sleep(GROUP_SECONDS)
            with suppress(ChainUnavailable, SQLAlchemyError):
                self._sync(self._sequence - 1)
                if time.monotonic() >= self._anchor_at:
                    self._anchor()

        if not self._is_closed:  # the chain is broken; what it has on the disk is anchored all the same
            self._finish()

    def _finish(self) -> None:
        """Bring all records to the disk, anchor the head, and close the file."""
        with suppress(ChainUnavailable, SQLAlchemyError):
            self._sync(self._sequence - 1)
            self._anchor()
        with self._disk:
            self._file.close()
            self._anchors.close()

    def _has_work(self) -> bool:
        return bool(self._failure) or self._anchored < self._sequence - 1


class _ProcessChains:
    """The chains of this process by home and database."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._chains: dict[tuple[Path, str], AuditChain] = {}
        self._held: list[AuditChain] = []
        os.register_at_fork(
            before=self._before_fork, after_in_parent=self._after_fork_in_parent, after_in_child=self._after_fork
        )
        atexit.register(self.close)

    def chain_of(self, home: Path, database: str) -> AuditChain:
        """Return the chain, which is begun if there is none. Raises ChainUnavailable."""
        with self._lock:
            found = self._chains.get((home, database))
            if found is None:
                found = self._chains[home, database] = AuditChain(home, database)
            return found

    def abandon(self, home: Path, database: str, chain: AuditChain) -> None:
        """Begin another chain at the next record, if this one cannot go on."""
        with self._lock:
            if self._chains.get((home, database)) is chain:
                del self._chains[home, database]

    def close(self) -> None:
        with self._lock:
            while self._chains:
                self._chains.popitem()[1].close()

    def _before_fork(self) -> None:
        self._lock.acquire()
        self._held = list(self._chains.values())
        for chain in self._held:
            chain.hold()

    def _after_fork_in_parent(self) -> None:
        for chain in self._held:
            chain.release()
        self._lock.release()

    def _after_fork(self) -> None:
        for chain in self._held:
            chain.forget()
        self._held, self._chains, self._lock = [], {}, threading.RLock()


_PROCESS = _ProcessChains()


def append_record(
    home: Path,
    database: str,
    kind: RecordKind,
    fields: Mapping[str, Any],
    *,
    wait: bool = False,
    begun: AuditPosition | None = None,
) -> AuditPosition:
    """Append a record to this process's chain of the home.

    `begun` is the record of the read that this one ends: the chain that it lies in must still be in use. Only a forked
    child ends a read in another chain than its parent began it in. Raises ChainUnavailable.
    """
    chain = _PROCESS.chain_of(home, database)
    if begun is not None and begun.chain != chain.id and chain_process(begun.chain) == os.getpid():
        raise ChainUnavailable("the chain in which the read began is no longer in use")
    try:
        return chain.append(kind, fields, wait=wait)
    except ChainUnavailable:
        if chain.is_broken:
            _PROCESS.abandon(home, database, chain)
        raise


def chain_process(chain: str) -> int:
    """Return the id of the process that a chain is of, by its name."""
    return int(chain.split("-")[1])


def close_chains() -> None:
    """Close the chains of this process, as at its end; the next record begins another one."""
    _PROCESS.close()


def _cause(error: BaseException) -> str:
    """Return what went wrong without a path, an address or a value."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, UnusableKey):
        return f"its key {error.problem}"
    original = getattr(error, "orig", None)
    return type(original or error).__name__
