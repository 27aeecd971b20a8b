"""A simulation of a bank's legacy systems: deterministic exports with the formats and quirks of real ones."""

from demo_bank.export import Summary, generate

__all__ = ["Summary", "generate"]
