"""Loans and cards: holders, start dates, and terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from demo_bank import published
from demo_bank.calendar_days import LAST_DAY, day_number, month_of
from demo_bank.draws import BoolArray, IntArray, pick, shares, stream
from demo_bank.population import Accounts, Population, scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_GRANT = 185  # 1993-07-05
LAST_GRANT = LAST_DAY - 23  # 1998-12-08
SHORTEST_HISTORY = 100  # days between opening and grant; 102 in the published data


@dataclass(frozen=True, slots=True)
class Loans:
    """Loans by day of grant; `account` is a position in `Accounts`, `payment` whole CZK a month."""

    loan_id: IntArray
    account: IntArray
    granted: IntArray
    duration: IntArray
    payment: IntArray
    status: list[str]


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards by day of issue, at most one for an account, each for the owner's disposition."""

    card_id: IntArray
    account: IntArray
    kind: list[str]
    issued: IntArray


def make_loans(population: Population, scale: float, seed: int) -> Loans:
    """Draw loans; duration and status have the published joint distribution, so A to D have theirs."""
    rng = stream(seed, "loans")
    terms = shares(published.LOAN_STATUS_BY_DURATION, scaled(published.LOANS, scale))
    duration = np.repeat(np.array([d for d, _ in terms]), list(terms.values())).astype(np.int64)
    status = np.repeat(np.array([s for _, s in terms]), list(terms.values()))
    granted = _grant_days(rng, duration, np.isin(status, ["A", "B"]))
    order = np.argsort(granted, kind="stable")
    granted, duration, status = granted[order], duration[order], status[order]
    account = _take_accounts(rng, population.accounts.opened, granted)
    payment = np.exp(rng.normal(8.25, 0.62, len(granted))).clip(304, 9910).astype(np.int64)
    return Loans(
        loan_id=_shuffled_ids(rng, len(granted), 4959, 3.44),
        account=account,
        granted=granted,
        duration=duration,
        payment=payment,
        status=[str(code) for code in status],
    )


def _grant_days(rng: np.random.Generator, duration: IntArray, finished: BoolArray) -> IntArray:
    """Draw grants: a finished loan's at least its duration before the export, a running one's after that."""
    paid_by = LAST_DAY - np.ceil(duration * 30.5).astype(np.int64)
    low = np.where(finished, FIRST_GRANT, np.maximum(FIRST_GRANT, paid_by + 31))
    high = np.where(finished, np.maximum(paid_by, FIRST_GRANT + 1), LAST_GRANT)
    granted: IntArray = low + (rng.random(len(duration)) * (high - low)).astype(np.int64)
    return granted


def _take_accounts(rng: np.random.Generator, opened: IntArray, granted: IntArray) -> IntArray:
    """Give each loan, by day of grant, an account of its own that is old enough then."""
    by_age = np.argsort(opened, kind="stable")
    old_enough = np.searchsorted(opened[by_age], granted - SHORTEST_HISTORY, side="right")
    taken = np.zeros(len(opened) + 1, dtype=np.bool_)
    chosen = np.empty(len(granted), dtype=np.int64)
    for loan, limit in enumerate(old_enough.tolist()):
        place = int(rng.random() * limit)
        while taken[place]:
            place = (place + 1) % max(limit, loan + 1)
        taken[place] = True
        chosen[loan] = by_age[place]
    return chosen


def make_cards(population: Population, scale: float, seed: int) -> Cards:
    """Draw cards; the years of issue and the three types have the published proportions."""
    rng = stream(seed, "cards")
    accounts = population.accounts
    count = scaled(published.CARDS, scale)
    issued = _issue_days(rng, count)
    chosen = _accounts_for_cards(rng, accounts, issued)
    kinds = shares(published.CARD_TYPES, count)
    owner_born = population.clients.birth_year[accounts.owner[chosen]]
    youngest_first = np.argsort(-owner_born, kind="stable")
    names = np.full(count, "classic", dtype=object)
    names[youngest_first[: kinds["junior"]]] = "junior"
    names[rng.permutation(youngest_first[kinds["junior"] :])[: kinds["gold"]]] = "gold"
    return Cards(_shuffled_ids(rng, count, 1, 1.4), chosen, [str(name) for name in names], issued)


def _issue_days(rng: np.random.Generator, count: int) -> IntArray:
    years: Sequence[int] = list(published.CARDS_ISSUED)
    year = np.array(years)[pick(rng, published.CARDS_ISSUED, count)]
    starts = day_number(year, np.ones_like(year), np.ones_like(year))
    return np.sort(
        np.minimum(starts + 180 * (year == years[0]) + rng.integers(0, 183, count) * 2, LAST_DAY - 2)
    )


def _accounts_for_cards(rng: np.random.Generator, accounts: Accounts, issued: IntArray) -> IntArray:
    return _take_accounts(rng, accounts.opened, issued)


def _shuffled_ids(rng: np.random.Generator, count: int, first: int, mean_gap: float) -> IntArray:
    ids: IntArray = first + np.cumsum(rng.geometric(1 / mean_gap, count))
    return rng.permutation(ids)


def first_payment_month(loans: Loans) -> IntArray:
    """Return the month number of each loan's first payment, the month after the grant."""
    return month_of(loans.granted) + 1
