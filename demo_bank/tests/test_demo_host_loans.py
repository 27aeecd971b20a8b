"""The extract of the host has the loans of the core-banking export."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from demo_bank.host_loans import HOST_FOLDER, LOANS_FILE, PAGE, STATUS_TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl


def records(data: bytes) -> list[bytes]:
    found = []
    while data:
        end = int.from_bytes(data[:2], "big")
        block, data = data[4:end], data[end:]
        while block:
            size = int.from_bytes(block[:2], "big")
            found.append(block[4:size])
            block = block[size:]
    return found


def packed(data: bytes) -> int:
    digits, sign = data.hex()[:-1], data.hex()[-1]
    assert sign == "c"
    return int(digits)


def test_the_extract_has_the_loans_of_core_banking(
    exports: Path, core: Callable[[str], pl.DataFrame]
) -> None:
    header, *loans, trailer = records(gzip.decompress((exports / HOST_FOLDER / LOANS_FILE).read_bytes()))
    assert header.decode(PAGE) == "H19981231"
    expected = core("loan").rows(named=True)  # every field as text
    assert len(loans) == len(expected) > 0
    amounts = []
    for record, row in zip(loans, expected, strict=True):
        assert len(record) == 58
        assert packed(record[1:5]) == int(row["loan_id"])
        assert int.from_bytes(record[5:9], "big") == int(row["account_id"])
        assert record[9:17].decode(PAGE) == f"19{row['date']}"
        amounts.append(packed(record[17:24]))
        assert amounts[-1] == int(row["amount"]) * 100
        assert packed(record[24:26]) == int(row["duration"])
        payment = record[26:36].hex()[1::2] + record[36:37].hex()[1]
        assert record[36] >> 4 == 0xC
        assert int(payment) == round(float(row["payments"]) * 100)
        assert record[37:38].decode(PAGE) == row["status"]
        assert record[38:].decode(PAGE).rstrip() == STATUS_TEXTS[row["status"]]
    assert trailer[:10].decode(PAGE) == f"T{len(loans):09}"
    assert packed(trailer[10:]) == sum(amounts)
