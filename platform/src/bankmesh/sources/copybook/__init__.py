"""Files of mainframes: records in EBCDIC, laid out by a COBOL copybook.

copybook_source       words of a copybook, in fixed or free form
copybook_parser       words to data description entries (data_items, picture)
storage_layout        the place and representation of each field in a record
code_pages            characters of the EBCDIC code pages
code_page_evidence    signs between letters that other code pages read as letters
copybook_format       what a declaration says about such files
copybook_declaration  reads that from the declaration
condition_names       code tables of columns from levels 88
column_rules          what a column's type and options must be for its field
stored_numbers        zoned, packed, binary and floating point numbers, for many records at once
field_decoder         a field of many records to values of its column, with faults
record_decoder        declared fields of many records to typed rows
copybook_blocks       records of a file in blocks: of one length, or with record descriptor words
copybook_records      types of records, headers and trailers
copybook_reader       all of it, for one file
"""
