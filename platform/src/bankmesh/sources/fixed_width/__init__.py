"""Landing of fixed-width files.

record_stream        records of a file in blocks, without title and end lines
record_types         which type each record has, and what is wrong with those of none
parent_records       the nearest record of another type above each record
field_texts          characters of a field to texts, without padding
control_totals       counts and sums that headers and trailers state
fixed_width_landing  all of it, for one file
"""
