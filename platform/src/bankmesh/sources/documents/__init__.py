"""Files of nested records: JSON lines, JSON and XML documents, messages of ISO 20022, and sheets of Excel workbooks.

    document ──► records (by path, streamed) ──► one text for each column ──► conversion

Every reader is a `RecordReader`: it counts records apart from what it lands, and refuses a document that is cut
short.
"""
