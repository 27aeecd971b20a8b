"""Proposals for EBCDIC files with copybooks."""
