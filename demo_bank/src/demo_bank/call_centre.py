"""The call centre's log: calls about complaints, on unknown subjects, and without a recorded number.

Quirks of the real file: numbers as floats, -1.0 for unknown client, call and priority, NO_COMPLAINT,
`Unknown`, times of day on 1900-01-01, durations as text, derived columns at the end, and line feeds without
carriage return.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank.calendar_days import LAST_DAY
from demo_bank.draws import IntArray, pick, stream
from demo_bank.population import scaled
from demo_bank.published_service import (
    CALL_PRIORITIES,
    CALL_TYPES,
    CALLS_WITHOUT_COMPLAINT,
    CALLS_WITHOUT_NUMBER,
    OUTCOMES_WITHOUT_COMPLAINT,
)
from demo_bank.service_desk import MOST, PHONE, Complaints, complaint_id, crm_date
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo_bank.bank import Bank

NONE: Final = -1
FEWEST: Final = 12  # of the calls without complaint, of either sort
FIRST_CALL: Final = 34_101
KNOWN_PHONE: Final = 0.95  # of calls without complaint come from a phone number in the CRM
AGENTS: Final = tuple(
    "ALMUT BERTIL CILLA DORKA EIRA FENNA GUDO HEDDA ILVA JORIT KELDA LUMI MERIT NEVEN ODILE RASK".split()
)
NO_AGENT, UNKNOWN = "NO_SERVER", "Unknown"
OUTCOMES: Final = (*OUTCOMES_WITHOUT_COMPLAINT, UNKNOWN)
AGENT, UNKNOWN_OUTCOME = OUTCOMES.index("Agent"), OUTCOMES.index(UNKNOWN)
LINES: Final = (*(f"AA{group:02d}{line:02d}" for group in (1, 2) for line in range(1, 14)), UNKNOWN)
OPENS, CLOSES = 9 * 3600, 17 * 3600
LONGEST: Final = 3_000
ROWS_AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls: `complaint` and `client` are positions or NONE; `call_id` is NONE where no number was kept."""

    complaint: IntArray
    client: IntArray
    call_id: IntArray
    day: IntArray
    outcome: IntArray
    start: IntArray
    seconds: IntArray

    def __len__(self) -> int:
        """Return the number of calls."""
        return len(self.day)


def write_files(
    folder: Path, bank: Bank, calls: Calls, complaints: Complaints, phones: pl.Series, seed: int
) -> dict[str, int]:
    """Write the log; return its rows."""
    frames = _spelled(bank, calls, complaints, phones, seed)
    return {"crm_call_center_logs": write_csv(folder / "crm_call_center_logs.csv.gz", frames)}


def make_calls(bank: Bank, complaints: Complaints, scale: float, seed: int) -> Calls:
    """Draw a call for each complaint made by phone, latest first, then those without complaint."""
    rng = stream(seed, "calls")
    about = np.flatnonzero(complaints.submitted == PHONE)
    without = min(max(FEWEST, scaled(CALLS_WITHOUT_COMPLAINT, scale)), MOST)
    unnumbered = min(max(FEWEST, scaled(CALLS_WITHOUT_NUMBER, scale)), MOST)
    count = len(about) + without + unnumbered
    complaint = np.concatenate([about, np.full(without + unnumbered, NONE)]).astype(np.int64)
    numbered = len(about) + without
    call_id = np.full(count, NONE, dtype=np.int64)
    call_id[:numbered] = FIRST_CALL + np.cumsum(rng.geometric(0.8, numbered))
    outcome = np.full(count, AGENT, dtype=np.int64)
    outcome[len(about) :] = pick(rng, OUTCOMES_WITHOUT_COMPLAINT, count - len(about))
    outcome[numbered:] = UNKNOWN_OUTCOME
    somebody = rng.integers(0, len(bank.population.clients), count)
    caller = np.where(rng.random(count) < KNOWN_PHONE, somebody, NONE)
    caller[: len(about)] = complaints.client[about]
    day = rng.integers(0, LAST_DAY + 1, count)
    day[: len(about)] = complaints.day[about]
    talks = (outcome == AGENT) | (outcome == UNKNOWN_OUTCOME)
    talk = np.minimum(np.exp(rng.normal(5.8, 0.75, count)), LONGEST)
    return Calls(
        complaint=complaint,
        client=caller.astype(np.int64),
        call_id=call_id,
        day=day.astype(np.int64),
        outcome=outcome,
        start=rng.integers(OPENS, CLOSES, count),
        seconds=np.where(talks, talk, rng.integers(1, 8, count)).astype(np.int64),
    )


def _spelled(
    bank: Bank, calls: Calls, complaints: Complaints, phones: pl.Series, seed: int
) -> Iterator[pl.DataFrame]:
    rng = stream(seed, "call details")
    digits = phones.str.replace_all("-", "", literal=True)
    for first in range(0, len(calls), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        count = len(calls.day[rows])
        kept = calls.call_id[rows] != NONE
        about = calls.complaint[rows] != NONE
        complaint = np.where(about, calls.complaint[rows], 0)
        client = np.where(about, bank.population.clients.client_id[complaints.client[complaint]], NONE)
        outcome = calls.outcome[rows]
        by_agent = (outcome == AGENT) & (rng.random(count) < 0.98)  # noqa: PLR2004
        agent = np.where(by_agent, rng.integers(0, len(AGENTS), count), len(AGENTS) + ~kept)
        stranger = pl.Series(rng.integers(2_000_000_000, 9_999_999_999, count)).cast(pl.String)
        known = pl.Series(calls.client[rows] != NONE)
        priority = np.where(kept, np.array(list(CALL_PRIORITIES))[pick(rng, CALL_PRIORITIES, count)], NONE)
        kind = np.where(kept, pick(rng, CALL_TYPES, count), len(CALL_TYPES))
        line = np.where(kept, rng.integers(0, len(LINES) - 1, count), len(LINES) - 1)
        spelled_complaint = complaint_id(complaints.number[complaint]).set(pl.Series(~about), "NO_COMPLAINT")
        yield pl.DataFrame(
            {
                "date_received": crm_date(calls.day[rows], "%Y-%m-%d"),
                "complaint_id": spelled_complaint,
                "rand_client": client.astype(np.float64),
                "phonefinal": digits.gather(np.maximum(calls.client[rows], 0)).zip_with(known, stranger),
                "vru_line": pl.Series(LINES).gather(line),
                "call_id": calls.call_id[rows].astype(np.float64),
                "priority": priority.astype(np.float64),
                "type": pl.Series([*CALL_TYPES, UNKNOWN]).gather(kind),
                "outcome": pl.Series(OUTCOMES).gather(outcome),
                "server": pl.Series([*AGENTS, NO_AGENT, UNKNOWN]).gather(agent),
            }
        ).hstack(_times(calls, rows))


def _times(calls: Calls, rows: slice) -> list[pl.Series]:
    """Return the columns of times and the derived ones that follow them."""
    start, seconds = calls.start[rows], calls.seconds[rows]
    frame = pl.DataFrame(
        {
            "date": crm_date(calls.day[rows], "%Y-%m-%d"),
            "start": start,
            "exit": start + seconds,
            "seconds": seconds,
            "by_agent": (calls.outcome[rows] == AGENT).astype(np.int64),
        }
    )
    clock = {
        name: pl.from_epoch(pl.col(name), time_unit="s").dt.strftime("%H:%M:%S")
        for name in ("start", "exit", "seconds")
    }
    date = pl.col("date").str.to_date("%Y-%m-%d")
    return frame.select(
        pl.format("1900-01-01 {}", clock["start"]).alias("ser_start"),
        pl.format("1900-01-01 {}", clock["exit"]).alias("ser_exit"),
        pl.format("0 days {}", clock["seconds"]).alias("ser_time"),
        date.dt.year().alias("year"),
        date.dt.month().alias("month"),
        date.dt.day().alias("day"),
        date.dt.strftime("%A").alias("weekday"),
        pl.col("seconds").cast(pl.Float64).alias("service_seconds"),
        (pl.col("start") // 3600).alias("start_hour"),
        pl.lit("False").alias("service_outlier"),
        pl.col("by_agent").alias("agent_handled"),
    ).get_columns()
