"""Parsing of legacy files: bytes to lines, lines to records, text to typed columns."""
