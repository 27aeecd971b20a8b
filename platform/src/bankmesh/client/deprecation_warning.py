"""The warning for readers of a deprecated major."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.workspace.deprecation import Deprecation


class DeprecatedMajor(DeprecationWarning):
    """A deprecated major of a product is read.

    Attributes:
        deprecation: the major, its end of support, what replaces it, and its known consumers.

    Python shows deprecation warnings only for the main module. This warning concerns every reader of the data, so it is
    always shown unless `-W` or PYTHONWARNINGS is set.
    """

    def __init__(self, deprecation: Deprecation) -> None:
        self.deprecation = deprecation
        super().__init__(deprecation.notice)


if not sys.warnoptions:
    warnings.simplefilter("always", DeprecatedMajor)

# Python's "once" filter is reset whenever a library changes the filters.
_TOLD: set[str] = set()


def warn_once(deprecation: Deprecation) -> None:
    """Issue the warning at the caller of the client, once for each notice in this process."""
    if deprecation.notice not in _TOLD:
        warnings.warn(DeprecatedMajor(deprecation), stacklevel=3)
        # Recorded after the warning, so that if warnings are errors, the next read raises again.
        _TOLD.add(deprecation.notice)
