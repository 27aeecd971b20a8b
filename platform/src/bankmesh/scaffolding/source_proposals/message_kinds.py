"""The kind of bank messages that a file certainly holds, by what it begins with."""

from __future__ import annotations

import re

FIX_BEGINNING = re.compile(rb"8=FIX[A-Z0-9.]{1,8}([^A-Za-z0-9=.\r\n])9=[0-9]{1,7}\1(?:35)=[A-Za-z0-9]{1,2}\1")
"""What a FIX message begins with; its group is the delimiter."""

_SIGNS = (
    ("camt053", re.compile(rb"<(?:[\w.-]+:)?BkToCstmrStmt[\s>]")),
    ("camt054", re.compile(rb"<(?:[\w.-]+:)?BkToCstmrDbtCdtNtfctn[\s>]")),
    ("pain001", re.compile(rb"<(?:[\w.-]+:)?CstmrCdtTrfInitn[\s>]")),
    ("nacha", re.compile(rb"\A101.{31}094101.{54}\r?$", re.MULTILINE)),
    ("bai2", re.compile(rb"\A01,[^,/\n]*,[^,/\n]*,[0-9]{6},[0-9]{0,4},(?:.*\n88,)?[^\n]*,2/\s*\n02,")),
    ("fix", FIX_BEGINNING),
    ("mt940", re.compile(rb"^:60[FM]:[CD][0-9]{6}[A-Z]{3}", re.MULTILINE)),
    ("mt942", re.compile(rb"^:34F:[A-Z]{3}", re.MULTILINE)),
)
"""The root element of ISO 20022; the header of NACHA (record length, blocks, format) and BAI2 (version 2, a group); the
first tags of SWIFT and FIX. None of them begins a file of another kind."""


def find_message_kind(beginning: bytes) -> str | None:
    """Return the kind of messages that a file begins with, None for another file."""
    return next((kind for kind, sign in _SIGNS if sign.search(beginning)), None)
