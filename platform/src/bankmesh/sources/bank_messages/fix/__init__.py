"""FIX execution reports in logs.

fix_format    declarations
fix_fields    the fields of execution reports
fix_messages  one message: its fields, body length, checksum, repeating groups
fix_sequence  sequence numbers of a session that are missing or repeated
fix_parser    all of it, for one file
"""
