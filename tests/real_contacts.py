"""The contacts of the CRM's real export, read in plain Python."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

YEARS_AHEAD = 20


def known_contacts(crm: Path) -> list[tuple[int | None, str, dt.date]]:
    """Party, count that it adds to, and day in core banking's calendar, of every complaint and call.

    A party is None where the log names no client and nobody has the telephone; no two clients share one.
    """
    phones = {row["phone"].replace("-", ""): int(row["client_id"][1:]) for row in _rows(crm, "completedclient")}
    found: list[tuple[int | None, str, dt.date]] = []
    for row in _rows(crm, "crm_events"):
        day, month, year = map(int, row["date_received"].split("-"))
        found.append((int(row["client_id"]), "complaint_count", dt.date(year - YEARS_AHEAD, month, day)))
    for row in _rows(crm, "crm_call_center_logs"):
        year, month, day = map(int, row["date_received"].split("-"))
        client = row["rand_client"]
        party = phones.get(row["phonefinal"]) if client == "-1.0" else int(float(client))
        found.append((party, "call_count", dt.date(year - YEARS_AHEAD, month, day)))
    return found


def _rows(crm: Path, name: str) -> list[dict[str, str]]:
    with gzip.open(crm / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
