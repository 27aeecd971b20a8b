"""A semicolon CSV as a spreadsheet in a Czech or German locale saves it, read by declaration alone."""

import datetime as dt
from decimal import Decimal

import polars as pl

DECLARED = """
Číslo účtu: {type: long, required: true, as: account, classification: confidential, description: Account.}
Částka: {type: "decimal(12,2)", required: true, as: amount, classification: confidential, description: Amount in CZK.}
Kurz: {type: double, as: rate, classification: public, description: Rate.}
Kusů: {type: integer, as: pieces, thousands: null, classification: internal, description: Pieces.}
Splatnost: {type: date, format: ["%d.%m.%Y", "%-d.%-m.%Y", "%Y-%m-%d"], as: due, classification: internal, description: Due.}
Zaplaceno: {type: boolean, codes: {PRAVDA: true, NEPRAVDA: false}, as: paid, classification: internal, description: Paid.}
Poznámka: {type: string, as: remark, classification: restricted, description: Remark.}
"": {type: string, pattern: "^$", as: trailing_1, classification: public, description: Column without a heading.}
"^$": {type: string, header_pattern: true, pattern: "^$", as: trailing_2, classification: public, description: Another.}
"""
WRITTEN = """
rejects_tolerated: 5
missing: ["#N/A"]
format: {delimiter: ";", quote: '"', encoding: utf-8-sig, multiline: true, decimal: ",", thousands: "\\u00a0"}
"""
EXPORT = (
    b"\xef\xbb\xbf"
    b"\xc4\x8c\xc3\xadslo \xc3\xba\xc4\x8dtu;\xc4\x8c\xc3\xa1stka;Kurz;Kus\xc5\xaf;Splatnost;Zaplaceno;Pozn\xc3\xa1mka;;\r\n"
    b'100023;1\xc2\xa0234\xc2\xa0567,50;25,415;12;31.01.2024;PRAVDA;"1. spl\xc3\xa1tka\n\nzbytek ""hotov\xc4\x9b""; 2 d\xc3\xadly";;\r\n'
    b"100\xc2\xa0024;-0,05;1,5E-05;;1.2.2024;NEPRAVDA;;;\r\n"
    b"100025;1234,5;#N/A;7;2024-02-29;PRAVDA;x;;\r\n"
    b"100026;12\xc2\xa034,50;1;1\xc2\xa0000;31.02.2024;ANO;\xc3\xa9;;\r\n"
    b"100027;1;1;1;1.3.2024;PRAVDA;x;y;\r\n"
    b"100028;1;1;1;1.3.2024;PRAVDA;x\r\n"
    b";;;;;;;;\r\n"
)


def test_every_value_is_read_as_it_is_meant_or_rejected_with_its_line(exports, rejects_of):
    obj = exports.declare(DECLARED, more=WRITTEN, file="thing.csv")
    for block_bytes in (1, 100, 1 << 20):
        landing = exports.land(obj, EXPORT, block_bytes=block_bytes)
        rows = pl.read_parquet(landing.rows_paths).drop("trailing_1", "trailing_2").rows()
        assert rows == [
            (100023, Decimal("1234567.50"), 25.415, 12, dt.date(2024, 1, 31), True,
             '1. splátka\n\nzbytek "hotově"; 2 díly'),
            (100024, Decimal("-0.05"), 1.5e-5, None, dt.date(2024, 2, 1), False, None),
            (100025, Decimal("1234.50"), None, 7, dt.date(2024, 2, 29), True, "x"),
        ]  # fmt: skip
        assert [(line, reason) for line, _, reason, _ in rejects_of(landing)] == [
            (7, ('Částka: cannot be read as decimal(12,2) with decimal "," and thousands "\u00a0"; '
                "Kusů: cannot be read as integer; "
                'Splatnost: cannot be read as date written "%d.%m.%Y" or "%-d.%-m.%Y" or "%Y-%m-%d"; '
                "Zaplaceno: not in the code table, which knows PRAVDA, NEPRAVDA")),
            (8, '"": does not match the pattern'),
            (9, "7 fields instead of 9"),
            (10, "Číslo účtu: required, but missing; Částka: required, but missing"),
        ]  # fmt: skip
        assert (landing.rows_in, landing.rows, landing.rejects, landing.balanced) == (7, 3, 4, True)
