"""Great Expectations without its side effects on the process that imports it."""

from __future__ import annotations

import logging
import os
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def calm_import() -> Iterator[None]:
    """Import Great Expectations in here, for the first time at least.

    It logs every class it registers and, later, the texts of errors, which can quote a value of the data: its logger
    is silenced for good, the gate's results say all there is to say. It also turns Python's warnings into log lines
    for the whole process, which is undone, and would report its use, which is forbidden.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)
    before = warnings.showwarning
    yield
    if warnings.showwarning is not before:
        logging.captureWarnings(capture=False)
