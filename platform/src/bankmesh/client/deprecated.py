"""The warning that a reader of a deprecated major gets."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.catalog.deprecation import Deprecation


class DeprecatedMajor(DeprecationWarning):
    """A major of a product is read whose support comes to an end.

    Attributes:
        deprecation: the major, its end of support, what replaces it, and its known consumers.

    Python hides deprecations from all but the main module. This one concerns whoever reads data, so each major is told
    of once in a process, unless `-W` or PYTHONWARNINGS say what to do with warnings.
    """

    def __init__(self, deprecation: Deprecation) -> None:
        self.deprecation = deprecation
        super().__init__(deprecation.notice)


if not sys.warnoptions:
    warnings.simplefilter("once", DeprecatedMajor)
