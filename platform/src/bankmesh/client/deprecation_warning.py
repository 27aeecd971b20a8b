"""The warning that a reader of a deprecated major gets."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.workspace.deprecation import Deprecation


class DeprecatedMajor(DeprecationWarning):
    """A major of a product is read whose support comes to an end.

    Attributes:
        deprecation: the major, its end of support, what replaces it, and its known consumers.

    Python hides deprecations from all but the main module. This one concerns whoever reads data, so it is shown unless
    `-W` or PYTHONWARNINGS say what to do with warnings.
    """

    def __init__(self, deprecation: Deprecation) -> None:
        self.deprecation = deprecation
        super().__init__(deprecation.notice)


if not sys.warnoptions:
    warnings.simplefilter("always", DeprecatedMajor)

# Python's own "once" forgets whenever some library touches the filters.
_TOLD: set[str] = set()


def warn_once(deprecation: Deprecation) -> None:
    """Warn whoever called our caller, unless this process has been told the same."""
    if deprecation.notice not in _TOLD:
        warnings.warn(DeprecatedMajor(deprecation), stacklevel=3)
        # Only now: where the warning is an error, the next read is one too.
        _TOLD.add(deprecation.notice)
