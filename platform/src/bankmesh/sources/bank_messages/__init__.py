"""Bank messages that consist of lines or tagged fields, as kinds of source formats.

message_fields     the fields of each type of record: name, meaning, type, place in the message
message_format     declarations: the format of a kind, and its checks of columns
message_records    one record of a message, and the refusal of a file at a line
message_reader     records of a file to batches of a landing, counted apart from the parser
message_dates      days of eight or six digits
currency_decimals  decimal places of currencies (ISO 4217)
swift              SWIFT MT940 and MT942
ledgers            NACHA ACH and BAI2
fix                FIX execution reports
"""
