"""ISO 20022 messages: statements (camt.053), notifications (camt.054) and credit transfers (pain.001).

document ──► elements (streamed) ──► fields by their names in all versions ──► conversion
                     └──► totals of each statement or payment, which must agree
"""
