"""A bank's legacy systems, played: deterministic exports in the formats and with the quirks of real ones."""

from demo_bank.export import Summary, generate

__all__ = ["Summary", "generate"]
