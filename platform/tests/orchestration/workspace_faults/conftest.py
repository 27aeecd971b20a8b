"""Fixtures: a workspace with one domain, `booth`, that a test breaks, and a home that holds nothing."""

from booth_workspace import booth
from vault_workspace import two

__all__ = ["booth", "two"]
