"""What libraries find out again although nothing changed, kept for a process of tests and its children.

Whenever dbt sees another project it parses some five hundred macros of its own, each twice, which takes most of the time
of a small project. The cache is dbt's, made for its own tests: syntax trees by the text that they were parsed from.
"""

from __future__ import annotations

import os


def keep_library_caches() -> None:
    """Parse the text of each macro once, from here to the end of this process.

    The source of a behaviour flag is not looked up: it only appears in dbt's telemetry, and to find it, dbt inspects the
    whole stack, which is deep in a test.
    """
    from dbt_common.behavior_flags import BehaviorFlagRendered
    from dbt_common.tests import enable_test_caching

    enable_test_caching()
    BehaviorFlagRendered._default_source = staticmethod(lambda: "not looked up")


def verify_extension() -> None:
    """Let the children of this process find the signature of DuckDB's extension verified, as after a first connection.

    A child verifies it: this process may not use DuckDB, whose threads do not survive a fork.
    """
    from bankmesh.ports import connect, delta_extension_path, duckdb_session

    file = duckdb_session._file_of(delta_extension_path())
    child = os.fork()
    if child == 0:
        code = 1
        try:
            connect().close()
            code = 0
        finally:
            os._exit(code)
    if os.waitpid(child, 0)[1]:
        raise AssertionError("DuckDB does not load its extension.")
    duckdb_session._VERIFIED.add(file)
