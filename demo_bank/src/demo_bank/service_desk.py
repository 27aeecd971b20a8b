"""The service desk's exports: complaints and product reviews, on the CRM's calendar twenty years ahead.

Quirks of the real files: dates as DD-MM-YYYY, complaints dated a day after they were sent on, some from
before the account was opened, client numbers without letter or zeros, `No Review` as text. Counts and
shares are those of the real files in proportion. Customers whose income is moving away complain a little
more in those months.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank import phrases, published
from demo_bank.attrition import NEVER
from demo_bank.calendar_days import CRM_SHIFT_YEARS, FIRST_DAY, LAST_DAY, MONTH_STARTS, parts
from demo_bank.draws import BoolArray, IntArray, pick, shares, shuffled_shares, stream
from demo_bank.permutation import IdPermutation
from demo_bank.population import scaled
from demo_bank.published_service import (
    BANK_ISSUES,
    BANK_SUB_PRODUCTS,
    CARD_ISSUES,
    CARD_SUB_PRODUCT,
    COMPLAINTS,
    DAYS_TO_SEND,
    IN_PROGRESS,
    NOT_TIMELY,
    PRODUCTS,
    RESPONSES,
    REVIEW_PRODUCTS,
    REVIEW_STARS,
    REVIEWS,
    SUBMITTED,
)
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo_bank.bank import Bank

FEWEST, MOST = 40, 2_000_000
ABOUT_LEAVING: Final = (
    0.05  # of complaints, from those whose income moves away, in the months around its beginning
)
MONTHS_BEFORE, MONTHS_AFTER = 3, 1
BEFORE_OPENING: Final = 0.03
COMPLAINT_IDS: Final = 9_999_999
ROWS_AT_ONCE: Final = 100_000
LAST_DAYS: Final = 25  # complaints of these are still in progress
FEWEST_REVIEWS: Final = 30
GOOD: Final = 4  # stars
WITH_TEXT: Final = 0.4  # of reviews; the real file has a seventh


@dataclass(frozen=True, slots=True)
class Complaints:
    """Complaints, latest first: positions in the published tables, days of core banking's calendar."""

    number: IntArray
    client: IntArray
    day: IntArray
    sent: IntArray
    product: IntArray
    sub_product: IntArray
    issue: IntArray
    submitted: IntArray
    response: IntArray
    timely: BoolArray
    leaving: BoolArray

    def __len__(self) -> int:
        """Return the number of complaints."""
        return len(self.number)


SUB_PRODUCTS: Final = (*BANK_SUB_PRODUCTS, CARD_SUB_PRODUCT)
ISSUES: Final = (*BANK_ISSUES, *CARD_ISSUES)
PHONE: Final = list(SUBMITTED).index("Phone")


def write_files(folder: Path, bank: Bank, complaints: Complaints, scale: float, seed: int) -> dict[str, int]:
    """Write complaints and reviews; return rows by file."""
    return {
        "crm_events": write_csv(folder / "crm_events.csv.gz", _spelled(bank, complaints), line_end="\r\n"),
        "crm_reviews": write_csv(folder / "crm_reviews.csv.gz", [reviews(scale, seed)], line_end="\r\n"),
    }


def make_complaints(bank: Bank, scale: float, seed: int) -> Complaints:
    """Draw the complaints of six years, in proportion to the published number."""
    rng = stream(seed, "complaints")
    count = min(max(FEWEST, scaled(COMPLAINTS, scale)), MOST)
    client, day, leaving = _who_and_when(rng, bank, count)
    order = np.argsort(-day, kind="stable")
    client, day, leaving = client[order], day[order], leaving[order]
    is_card = shuffled_shares(rng, dict(enumerate(PRODUCTS.values())), count) == 1
    bank_issue, card_issue = pick(rng, BANK_ISSUES, count), pick(rng, CARD_ISSUES, count)
    untimely = list(RESPONSES).index("Untimely response")
    response = np.where(
        day > LAST_DAY - LAST_DAYS, list(RESPONSES).index(IN_PROGRESS), pick(rng, RESPONSES, count)
    )
    lag = np.array(list(DAYS_TO_SEND))[pick(rng, DAYS_TO_SEND, count)]
    return Complaints(
        number=IdPermutation(COMPLAINT_IDS, seed + 3)(np.arange(count, dtype=np.int64)),
        client=client,
        day=day,
        sent=np.clip(day + lag, 0, None),
        product=is_card.astype(np.int64),
        sub_product=np.where(is_card, len(BANK_SUB_PRODUCTS), pick(rng, BANK_SUB_PRODUCTS, count)),
        issue=np.where(is_card, len(BANK_ISSUES) + card_issue, bank_issue),
        submitted=shuffled_shares(rng, dict(enumerate(SUBMITTED.values())), count),
        response=response,
        timely=(response != untimely) & (rng.random(count) >= NOT_TIMELY / COMPLAINTS),
        leaving=leaving,
    )


def _who_and_when(rng: np.random.Generator, bank: Bank, count: int) -> tuple[IntArray, IntArray, BoolArray]:
    """Return client positions, days, and whether income was moving away."""
    accounts, clients = bank.population.accounts, bank.population.clients
    client = rng.integers(0, len(clients), count)
    opened = accounts.opened[clients.account[client]]
    since = np.where(rng.random(count) < BEFORE_OPENING, 0, opened)
    day = since + (rng.random(count) * (LAST_DAY - since)).astype(np.int64)
    leavers = np.flatnonzero(bank.habits.leaves < NEVER)
    leaving = rng.random(count) < (ABOUT_LEAVING if len(leavers) else 0)
    if len(leavers):
        account = leavers[rng.integers(0, len(leavers), count)]
        first = MONTH_STARTS[np.maximum(bank.habits.leaves[account] - MONTHS_BEFORE, 0)]
        end = MONTH_STARTS[np.minimum(bank.habits.leaves[account] + MONTHS_AFTER, len(MONTH_STARTS) - 1)]
        moment = first + (rng.random(count) * (end - first)).astype(np.int64)
        client, day = np.where(leaving, accounts.owner[account], client), np.where(leaving, moment, day)
    return client.astype(np.int64), day.astype(np.int64), leaving


def crm_date(days: IntArray, pattern: str) -> pl.Series:
    """Spell days of core banking's calendar on the CRM's, twenty years later."""
    year, month, day = parts(days)
    frame = pl.DataFrame({"y": year + CRM_SHIFT_YEARS, "m": month, "d": day})
    return frame.select(pl.date("y", "m", "d").dt.strftime(pattern)).to_series()


def complaint_id(number: IntArray) -> pl.Series:
    """Spell complaint numbers: `CR` and seven digits."""
    return "CR" + pl.Series(number).cast(pl.String).str.zfill(7)


def _spelled(bank: Bank, complaints: Complaints) -> Iterator[pl.DataFrame]:
    for start in range(0, len(complaints), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        yield pl.DataFrame(
            {
                "date_received": crm_date(complaints.day[rows], "%d-%m-%Y"),
                "product": pl.Series(list(PRODUCTS)).gather(complaints.product[rows]),
                "sub_product": pl.Series(SUB_PRODUCTS).gather(complaints.sub_product[rows]),
                "issue": pl.Series(ISSUES).gather(complaints.issue[rows]),
                "submitted_via": pl.Series(list(SUBMITTED)).gather(complaints.submitted[rows]),
                "date_sent_to_company": crm_date(complaints.sent[rows], "%d-%m-%Y"),
                "company_response_to_consumer": pl.Series(list(RESPONSES)).gather(complaints.response[rows]),
                "timely_response": pl.Series(["No", "Yes"]).gather(complaints.timely[rows].astype(np.int64)),
                "complaint_id": complaint_id(complaints.number[rows]),
                "client_id": bank.population.clients.client_id[complaints.client[rows]],
            }
        )


def reviews(scale: float, seed: int) -> pl.DataFrame:
    """Return date, stars, reviews, product, district_id; most have no text."""
    rng = stream(seed, "reviews")
    count = min(max(FEWEST_REVIEWS, scaled(REVIEWS, scale)), MOST)
    stars = np.array(list(REVIEW_STARS))[shuffled_shares(rng, dict(enumerate(REVIEW_STARS.values())), count)]
    texts = _review_texts(rng, stars)
    product = pick(rng, REVIEW_PRODUCTS, count)
    silent = np.ones(count, dtype=np.bool_)
    for alike in (stars >= GOOD, stars < GOOD):  # even a small export has texts of either kind
        some = rng.permutation(np.flatnonzero(alike))
        silent[some[: int(np.ceil(WITH_TEXT * len(some)))]] = False
    days = rng.integers(FIRST_REVIEW, LAST_DAY + 330, count)
    frame = pl.DataFrame(
        {
            "date": crm_date(days, "%Y-%m-%d"),
            "stars": stars,
            "reviews": texts.set(pl.Series(silent), "No Review"),
            "product": pl.Series(list(REVIEW_PRODUCTS)).gather(product),
            "district_id": rng.integers(1, published.DISTRICTS + 1, count),
        }
    )
    return pl.concat([frame.filter(~pl.Series(silent)), frame.filter(pl.Series(silent))])


FIRST_REVIEW: Final = int((np.datetime64("1994-06-01") - FIRST_DAY).astype(np.int64))


def _review_texts(rng: np.random.Generator, stars: IntArray) -> pl.Series:
    """Compose three sentences: praise for many stars, criticism for few; some with a line break."""
    good = stars >= GOOD
    columns = {}
    for place, (praise, blame) in enumerate(
        (
            (phrases.PRAISE, phrases.BLAME),
            (phrases.PRAISE_MORE, phrases.BLAME_MORE),
            (phrases.PRAISE_END, phrases.BLAME_END),
        )
    ):
        at = np.where(
            good,
            rng.integers(0, len(praise), len(stars)),
            len(praise) + rng.integers(0, len(blame), len(stars)),
        )
        columns[str(place)] = pl.Series([*praise, *blame]).gather(at)
    gap = pl.Series(np.where(rng.random(len(stars)) < 0.1, "\n", " ").tolist())  # noqa: PLR2004
    frame = pl.DataFrame(
        columns | {"gap": gap, "n": pl.Series(rng.integers(2, 30, len(stars))).cast(pl.String)}
    )
    text = pl.concat_str(pl.col("0"), pl.col("gap"), pl.col("1"), pl.lit(" "), pl.col("2"))
    named = text.str.replace_all("{b}", next(iter(REVIEW_PRODUCTS)), literal=True)
    return frame.select(named.str.replace("{n}", pl.col("n"), literal=True).alias("text")).to_series()


def counts_by_way(count: int) -> dict[str, int]:
    """Return how many of `count` complaints use each channel."""
    return shares(SUBMITTED, count)
