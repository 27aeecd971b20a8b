"""Days as standards of messages write them: eight digits, or six whose century the standard decides."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

from bankmesh.sources.bank_messages.message_records import BadField

_DAY = re.compile("[0-9]{8}")


@lru_cache(maxsize=4096)
def read_day(name: str, text: str) -> str:
    """Return YYYYMMDD as an ISO date. Raises BadField, which names the field, for anything else."""
    try:
        if _DAY.fullmatch(text):
            return dt.date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        pass
    raise BadField(f"{name} is no day of the calendar")


def read_short_day(name: str, text: str) -> str:
    """Return YYMMDD of the years from 2000 as an ISO date, and nothing for nothing. Raises BadField."""
    return read_day(name, f"20{text}") if text else ""
