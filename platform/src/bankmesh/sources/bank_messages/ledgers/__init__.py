"""Files with control totals on several levels: NACHA ACH and BAI2.

ledger_formats  declarations
nacha_fields, nacha_records, nacha_parser  ACH files: batches of entries with addenda
bai2_fields, bai2_records, bai2_parser     cash management reports: groups of accounts
"""
