"""Python's garbage collector, set for processes that import half a million objects and keep them.

Dagster, dbt and Great Expectations leave that many, and Python's own thresholds look through all of them eleven times
in a `mesh run` of the demo bank: with these, 43 CPU s in place of 50, and no more memory.
"""

from __future__ import annotations

import gc

_THRESHOLDS = (10_000, 10, 10)


def collect_rarely() -> None:
    """Look for cycles in this process once for ten thousand new objects; Python's own choice is once for 700."""
    gc.set_threshold(*_THRESHOLDS)
