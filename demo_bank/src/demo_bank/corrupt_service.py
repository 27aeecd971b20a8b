"""Damage to the files of the service desk."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from demo_bank.damage import Damage, existing, rewrite_line

FOLDER: Final = Path("retail_banking_demo")
BAD_DATE_LINE: Final = 60  # another line than that of the duplicate, so that one export can have both


def duplicate_complaint(folder: Path) -> Damage:
    """Give a complaint the id of the one above it, as two desks with separate numbering do."""
    file = _complaints(folder)

    def change(above: bytes, line: bytes) -> bytes:
        what, _, client = line.rsplit(b",", 2)
        return b",".join([what, above.rsplit(b",", 2)[1], client])

    number = rewrite_line(file, change)
    return Damage("duplicate-complaint", file, number, f"has the complaint_id of line {number - 1}")


def bad_complaint_date(folder: Path) -> Damage:
    """Date a complaint on a day that does not exist."""
    file = _complaints(folder)
    number = rewrite_line(file, lambda _, line: b"31-02-2014" + line[len(b"31-02-2014") :], BAD_DATE_LINE)
    return Damage("bad-complaint-date", file, number, "date_received is 31-02-2014")


def _complaints(folder: Path) -> Path:
    return existing(folder / FOLDER / "crm_events.csv.gz")
