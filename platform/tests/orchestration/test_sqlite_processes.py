"""Dagster's SQLite files, kept open by several processes at once: none loses what another has stored."""

from __future__ import annotations

import os
import threading
import time

import event_writer
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from event_writer import faults, materialization, message, open_handles, start_writer, texts

from bankmesh.orchestration.held_storage import HeldEventLogStorage


class TestManyProcesses:
    def test_writing_one_run_lose_nothing(self, folder, log):
        kinds = ("held", "stock", "held")
        writers = [start_writer(kind, folder, "run", f"{number}", 40) for number, kind in enumerate(kinds)]
        seen = 0
        while any(writer.poll() is None for writer in writers):
            found = len(texts(log, "run"))
            assert found >= seen
            seen = found
        assert [writer.communicate() and writer.returncode for writer in writers] == [0] * len(kinds)
        assert sorted(texts(log, "run")) == sorted(f"{name} {number}" for name in range(3) for number in range(40))
        assert len(log.fetch_materializations(event_writer.KEY, limit=1000).records) == 120
        assert faults(folder) == {}

    def test_threads_lose_nothing_either(self, folder, log):
        def write(name):
            for number in range(40):
                log.store_event(materialization(f"run {name % 2}", f"{name} {number}"))

        threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(texts(log, "run 0")) == len(texts(log, "run 1")) == 80
        assert len(log.fetch_materializations(event_writer.KEY, limit=1000).records) == 160
        assert faults(folder) == {}

    @pytest.mark.parametrize("after", [1, 61])
    def test_a_writer_that_is_killed_loses_nothing_it_has_stored(self, folder, log, after):
        log.store_event(message("run", "before"))
        writer = start_writer("held", folder, "run", "killed", 100_000)
        stored = [int(writer.stdout.readline()) for _ in range(after)]
        writer.kill()
        stored += [int(line) for line in writer.communicate()[0].splitlines()]
        log.store_event(message("run", "after"))
        log.dispose()
        for reader in (SqliteEventLogStorage(str(folder)), HeldEventLogStorage(str(folder))):
            found = texts(reader, "run")
            assert found[0] == "before"
            assert found[-1] == "after"
            # One event may have been stored that the writer had no time to report.
            assert found[1:-1][: len(stored)] == [f"killed {number}" for number in stored]
            assert len(found) - 2 - len(stored) in {0, 1}
        assert faults(folder) == {}


class TestFork:
    def test_parent_and_child_write_on(self, folder, log):
        log.store_event(message("run", "before"))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for number in range(30):
                    log.store_event(materialization("run", f"child {number}"))
                code = 0
            finally:
                os._exit(code)
        for number in range(30):
            log.store_event(materialization("run", f"parent {number}"))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(texts(log, "run")) == 61
        assert len(log.fetch_materializations(event_writer.KEY, limit=1000).records) == 60
        assert faults(folder) == {}

    def test_no_file_is_open_across_it(self, folder, log):
        log.store_event(message("run", "before"))
        assert open_handles(folder)
        child = os.fork()
        if child == 0:
            os._exit(len(open_handles(folder)))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        log.store_event(message("run", "after"))
        assert texts(log, "run") == ["before", "after"]

    def test_a_thread_that_writes_meanwhile_leaves_the_child_no_lock(self, folder, log):
        stop = threading.Event()

        def write():
            while not stop.is_set():
                log.store_event(materialization("run", "thread"))

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for number in range(8):
                child = os.fork()
                if child == 0:
                    code = 1
                    try:
                        log.store_event(message("run", f"child {number}"))
                        code = 0
                    finally:
                        os._exit(code)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        finally:
            stop.set()
            thread.join()
        found = texts(log, "run")
        assert [text for text in found if text != "thread"] == [f"child {number}" for number in range(8)]
        assert len(log.fetch_materializations(event_writer.KEY, limit=1000).records) == found.count("thread")
        assert faults(folder) == {}


class TestWatching:
    def test_events_arrive_while_another_process_has_the_file_open(self, folder, log):
        log.store_event(message("run", "first"))
        seen = []
        log.watch("run", None, lambda entry, _cursor: seen.append(entry.user_message))
        writer = start_writer("held", folder, "run", "watched", 5)
        expected = ["first", *(f"watched {number}" for number in range(5))]
        deadline = time.monotonic() + 40
        while seen != expected and time.monotonic() < deadline:
            time.sleep(0.05)
        assert writer.wait(40) == 0
        assert seen == expected

    def test_events_arrive_before_the_log_is_written_back(self, folder, log):
        seen = []
        writer = HeldEventLogStorage(str(folder))
        writer.store_event(message("run", "first"))
        log.watch("run", None, lambda entry, _cursor: seen.append(entry.user_message))
        writer.store_event(message("run", "second"))
        deadline = time.monotonic() + 20
        while len(seen) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert seen == ["first", "second"]
        writer.dispose()
