"""What dbt finds out again although nothing changed, kept for a process of tests.

Whenever dbt sees another project it parses some five hundred macros of its own, each twice, which takes most of the time
of a small project. The cache is dbt's, made for its own tests: syntax trees by the text that they were parsed from.
"""

from __future__ import annotations


def keep_library_caches() -> None:
    """Parse the text of each macro once, from here to the end of this process.

    The source of a behaviour flag is not looked up: it only appears in dbt's telemetry, and to find it, dbt inspects the
    whole stack, which is deep in a test.
    """
    from dbt_common.behavior_flags import BehaviorFlagRendered
    from dbt_common.tests import enable_test_caching

    enable_test_caching()
    BehaviorFlagRendered._default_source = staticmethod(lambda: "not looked up")
