"""Sheets of Excel workbooks (.xlsx), read from their published XML format without a spreadsheet library.

workbook ──► sheet (streamed) ──► typed cells ──► one text for each column ──► conversion
"""
