"""Imports Great Expectations without its side effects on the process."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def calm_import() -> Iterator[None]:
    """Import Great Expectations inside this block, at least for the first time.

    Great Expectations logs every class that it registers and, later, texts of errors, which can quote data values. Its
    logger is therefore silenced permanently; the gate's results hold all information. It also turns Python's warnings
    into log lines for the whole process, which is undone, and reports its use, which is disabled. Two of its
    expectations need `scipy.stats`, which is loaded when one of them runs.
    """
    _load_on_use("scipy", "stats")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)
    before = warnings.showwarning
    yield
    if warnings.showwarning is not before:
        logging.captureWarnings(capture=False)


def _load_on_use(package: str, name: str) -> None:
    """Load `package.name` when an attribute of it is first read; no effect if it is already loaded."""
    full = f"{package}.{name}"
    spec = importlib.util.find_spec(full) if full not in sys.modules else None
    if spec is None or spec.loader is None:
        return
    loader = spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[full] = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    setattr(sys.modules[package], name, module)
