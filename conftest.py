"""Imported before any test is collected.

Our folder `platform/` would take the name of the standard library's module in pytest's importlib mode, if that
were not loaded by then.
"""

import platform  # noqa: F401
