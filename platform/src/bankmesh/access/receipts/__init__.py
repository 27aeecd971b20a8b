"""Receipts: signed statements of what one read was given, under which decision."""
