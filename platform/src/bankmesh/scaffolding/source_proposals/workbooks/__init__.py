"""Proposals for workbooks: the sheet, its table, and a column for each heading."""
