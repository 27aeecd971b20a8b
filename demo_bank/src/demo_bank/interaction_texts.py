"""Texts of customers and notes of agents: `crm_interaction_texts.csv.gz`, which the real export lacks.

The key is that of the interaction: the complaint's own, or `CALL-` and the number of the call. A text's
mood matches the outcome and whether the customer is leaving; its topic matches the complaint's issue.
Some texts have a line break inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank.call_centre import AGENT, NONE, Calls
from demo_bank.draws import FloatArray, IntArray, stream
from demo_bank.phrases import CLOSINGS, DETAILS, NEGATIVE, NEUTRAL, OPENINGS, POSITIVE, TOPICS
from demo_bank.published_service import RESPONSES
from demo_bank.service_desk import ISSUES, Complaints, complaint_id
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WITH_NARRATIVE: Final = 0.3  # of complaints
WITH_NOTE: Final = 0.6  # of calls that an agent took
WITH_LINE_BREAK: Final = 0.06
ROWS_AT_ONCE: Final = 100_000
TOPIC_OF_ISSUE: Final = {
    "Account opening, closing, or management": "account", "Deposits and withdrawals": "cash",
    "Problems caused by my funds being low": "low_funds",
    "Making/receiving payments, sending money": "payment",
    "Using a debit or ATM card": "card", "Billing disputes": "billing", "Billing statement": "billing",
    "Transaction issue": "billing", "Identity theft / Fraud / Embezzlement": "fraud", "Privacy": "fraud",
    "Unsolicited issuance of credit card": "fraud", "Closing/Cancelling account": "account",
    "Sale of account": "account", "APR or interest rate": "rates", "Late fee": "rates", "Other fee": "rates",
    "Overlimit fee": "rates", "Balance transfer fee": "rates", "Cash advance fee": "rates",
    "Cash advance": "cash", "Convenience checks": "cash", "Credit reporting": "credit",
    "Credit line increase/decrease": "credit", "Credit determination": "credit",
    "Application processing delay": "credit", "Payoff process": "collection",
    "Delinquent account": "collection",
    "Collection debt dispute": "collection", "Collection practices": "collection", "Bankruptcy": "collection",
    "Forbearance / Workout plans": "collection", "Rewards": "rewards", "Balance transfer": "rewards",
    "Advertising and marketing": "rewards",
}  # fmt: skip
OTHER_TOPIC: Final = "service"
# Probability of NEGATIVE, NEUTRAL, POSITIVE by the company's response.
MOODS: Final = {
    "Closed with explanation": (0.68, 0.27, 0.05),
    "Closed with monetary relief": (0.45, 0.3, 0.25),
    "Closed with non-monetary relief": (0.5, 0.32, 0.18),
    "Closed with relief": (0.45, 0.3, 0.25),
    "Closed without relief": (0.9, 0.1, 0.0),
    "Closed": (0.6, 0.38, 0.02),
    "Untimely response": (0.95, 0.05, 0.0),
    "In progress": (0.6, 0.4, 0.0),
}
MOODS_OF_CALLS: Final = (0.3, 0.35, 0.35)  # about no complaint
LEAVING_IS_WORSE: Final = 0.5  # of the texts of leaving customers are negative, whatever the response


def write_files(folder: Path, complaints: Complaints, calls: Calls, seed: int) -> dict[str, int]:
    """Write the texts of complaints, then those of calls; return the rows."""
    frames = _texts(complaints, calls, seed)
    name = "crm_interaction_texts"
    return {name: write_csv(folder / f"{name}.csv.gz", frames, line_end="\r\n")}


def _texts(complaints: Complaints, calls: Calls, seed: int) -> Iterator[pl.DataFrame]:
    rng = stream(seed, "interaction texts")
    topic_of = _topics()
    likely = np.array([MOODS[response] for response in RESPONSES])
    written = np.flatnonzero(rng.random(len(complaints)) < WITH_NARRATIVE)
    for some in _slices(written):
        key = complaint_id(complaints.number[some])
        mood = _mood(rng, likely[complaints.response[some]])
        worse = complaints.leaving[some] & (rng.random(len(some)) < LEAVING_IS_WORSE)
        text = compose(rng, np.where(worse, NEGATIVE, mood), topic_of[complaints.issue[some]])
        yield pl.DataFrame({"interaction_id": key, "text": text})
    taken = (calls.outcome == AGENT) & (calls.call_id != NONE)
    for some in _slices(np.flatnonzero(taken & (rng.random(len(calls)) < WITH_NOTE))):
        about = calls.complaint[some]
        known = np.where(about == NONE, 0, about)
        expected = np.where((about == NONE)[:, None], MOODS_OF_CALLS, likely[complaints.response[known]])
        topic = np.where(
            about == NONE, rng.integers(0, len(TOPICS), len(some)), topic_of[complaints.issue[known]]
        )
        key = "CALL-" + pl.Series(calls.call_id[some]).cast(pl.String)
        yield pl.DataFrame({"interaction_id": key, "text": compose(rng, _mood(rng, expected), topic)})


def _slices(positions: IntArray) -> Iterator[IntArray]:
    for first in range(0, len(positions), ROWS_AT_ONCE):
        yield positions[first : first + ROWS_AT_ONCE]


def _topics() -> IntArray:
    names = list(TOPICS)
    return np.array([names.index(TOPIC_OF_ISSUE.get(issue, OTHER_TOPIC)) for issue in ISSUES], dtype=np.int64)


def _mood(rng: np.random.Generator, likely: FloatArray) -> IntArray:
    draw = rng.random(len(likely))[:, None]
    mood: IntArray = np.minimum((draw > np.cumsum(likely, axis=1)).sum(axis=1), POSITIVE).astype(np.int64)
    return mood


def compose(rng: np.random.Generator, mood: IntArray, topic: IntArray) -> pl.Series:
    """Put an opening, a topic, a detail and a closing together, each drawn from its phrases."""
    count = len(mood)
    detail = pl.Series(DETAILS).gather(rng.integers(0, len(DETAILS), count))
    has_detail = pl.Series(rng.random(count) < 0.6)  # noqa: PLR2004
    gap = pl.Series(np.where(rng.random(count) < WITH_LINE_BREAK, "\n", " ").tolist(), dtype=pl.String)
    frame = pl.DataFrame(
        {
            "opening": _drawn(rng, OPENINGS, mood),
            "gap": gap,
            "topic": _drawn(rng, tuple(TOPICS.values()), topic),
            "detail": (" " + detail).zip_with(
                has_detail, pl.Series([""]).gather(np.zeros(count, dtype=np.int64))
            ),
            "closing": _drawn(rng, CLOSINGS, mood),
            "n": pl.Series(rng.integers(4, 21, count)).cast(pl.String),
        }
    )
    text = pl.concat_str("opening", "gap", "topic", "detail", pl.lit(" "), "closing")
    return frame.select(text.str.replace("{n}", pl.col("n"), literal=True).alias("text")).to_series()


def _drawn(rng: np.random.Generator, groups: tuple[tuple[str, ...], ...], group: IntArray) -> pl.Series:
    """Return one phrase of the group at each position."""
    sizes = np.array([len(phrases) for phrases in groups])
    starts = np.cumsum(sizes) - sizes
    at = starts[group] + (rng.random(len(group)) * sizes[group]).astype(np.int64)
    return pl.Series([phrase for phrases in groups for phrase in phrases]).gather(at)


__all__ = ["NEGATIVE", "NEUTRAL", "POSITIVE", "compose", "write_files"]
