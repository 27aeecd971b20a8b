"""FIX messages of our own making."""

from message_samples import columns_of, declared

SOH = "\x01"
COLUMNS = columns_of(
    sender="string", sequence_number="long", sending_time="timestamp", execution_id="string", symbol="string", side="string",
    last_quantity="decimal", last_price="decimal", transaction_time="timestamp", trade_date="date", information="string",
    raw_data="string",
)  # fmt: skip
FILL = "17=E1|55=ACME|54=1|32=100|31=10.25|60=20240102-09:30:00.125|75=20240102|58=done|"


def message(body=FILL, number=1, kind="8", delimiter=SOH, length=None, checksum=None, more="", target="B"):
    """A whole message; `body` is written with `|` for delimiters, `length` and `checksum` replace the right ones."""
    fields = f"35={kind}|34={number}|49=A|56={target}|52=20240102-09:30:01|{more}{body}".replace("|", SOH)
    head = f"8=FIX.4.4{SOH}9={len(fields.encode()) if length is None else length}{SOH}"
    total = sum((head + fields).encode()) % 256 if checksum is None else checksum
    return f"{head}{fields}10={total:03}{SOH}".replace(SOH, delimiter)


def reports(base, more="", columns=COLUMNS):
    """The object of execution reports; `more` are options of the format."""
    return declared(base, f"{{kind: fix{more}}}", {"execution_report": columns})["execution_report"]
