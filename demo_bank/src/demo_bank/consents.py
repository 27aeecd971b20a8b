"""Consents of customers in the CRM: one row for each answer, of which the latest counts; some gave none."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from demo_bank.draws import IntArray, stream

PURPOSES: Final = ("marketing_email", "marketing_phone", "profiling")
GRANTED: Final = (0.55, 0.35, 0.65)
NEVER_ASKED: Final = 0.15  # of clients have no row
ASKED_ABOUT: Final = 0.85  # of purposes, for the others
MOST_ANSWERS: Final = 3
FIRST_ANSWER: Final = np.datetime64(
    "2013-01-01T08:00:00", "s"
)  # CRM dates are twenty years after the core system's
SECONDS: Final = 6 * 365 * 86_400


def consents(client_id: IntArray, seed: int) -> pl.DataFrame:
    """Return client_id, purpose, granted, updated_at; ids in the three spellings found in CRM files."""
    rng = stream(seed, "consents")
    clients, kinds = len(client_id), len(PURPOSES)
    asked = (rng.random(clients) >= NEVER_ASKED)[:, None] & (rng.random((clients, kinds)) < ASKED_ABOUT)
    answers = np.where(asked, rng.choice([1, 2, 3], (clients, kinds), p=[0.6, 0.3, 0.1]), 0).ravel()
    pair = np.repeat(np.arange(clients * kinds, dtype=np.int64), answers)
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(answers) - answers, answers)
    stretch = SECONDS // MOST_ANSWERS  # each answer of a pair is in a period of its own, so there are no ties
    moment = FIRST_ANSWER + nth * stretch + rng.integers(0, stretch, len(pair))
    purpose = pair % kinds
    frame = pl.DataFrame(
        {
            "client_id": _spelled(rng, client_id[pair // kinds]),
            "purpose": pl.Series(PURPOSES).gather(purpose),
            "granted": rng.random(len(pair)) < np.array(GRANTED)[purpose],
            "updated_at": pl.Series(moment.astype("datetime64[ms]")).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
    shuffled: pl.DataFrame = frame[rng.permutation(len(pair)).tolist()]
    return shuffled


def _spelled(rng: np.random.Generator, client_id: IntArray) -> pl.Series:
    """Spell most ids in full, others as a bare number, a few as a float, as after a spreadsheet."""
    number = pl.Series("n", client_id).cast(pl.String)
    frame = pl.DataFrame({"n": number, "draw": rng.random(len(client_id))})
    return frame.select(
        pl.when(pl.col("draw") < 0.6)  # noqa: PLR2004
        .then("C" + pl.col("n").str.zfill(8))
        .when(pl.col("draw") < 0.9)  # noqa: PLR2004
        .then("n")
        .otherwise(pl.col("n") + ".0")
        .alias("client_id")
    ).to_series()
