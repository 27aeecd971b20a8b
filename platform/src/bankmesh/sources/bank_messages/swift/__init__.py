"""SWIFT MT940 and MT942.

swift_format    declarations
swift_fields    the fields of statements, entries and forward balances
swift_tags      a file to messages, and these to tagged fields
swift_values    dates, amounts, balances
swift_entries   subfields of :61: and :86:
swift_totals    headers, balances, totals, pages
swift_messages  all of it, for one file
"""
