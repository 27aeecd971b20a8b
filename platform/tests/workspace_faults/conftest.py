"""Fixtures: a workspace with one domain, `booth`, that a test breaks, and a home that holds nothing."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "products"))
sys.path.insert(0, str(Path(__file__).parent))

from booth_workspace import booth

__all__ = ["booth"]
