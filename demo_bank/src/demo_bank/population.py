"""Population of the bank: accounts, the clients that own them or may dispose of them, and their districts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_bank import published
from demo_bank.calendar_days import day_number
from demo_bank.draws import BoolArray, IntArray, gapped_ids, pick, shares, shuffled_shares, stream

SMALLEST = 20  # accounts; with fewer, there is no account old enough for loans and cards of the first years
OFFSET_SHARE = 0.93  # of dispositions bear the number of their client; later ones differ by a constant
ID_OFFSET = 308


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts in the order of their ids; `owner` and `disponent` are positions in `Clients`, -1 for none."""

    account_id: IntArray
    district: IntArray
    frequency: IntArray  # position in published.FREQUENCIES
    opened: IntArray  # day number
    owner: IntArray

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.account_id)


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients by id, each with its one disposition, of the account at position `account`."""

    client_id: IntArray
    disp_id: IntArray
    account: IntArray
    is_owner: BoolArray
    female: BoolArray
    birth_year: IntArray
    birth_month: IntArray
    birth_day: IntArray
    district: IntArray

    def __len__(self) -> int:
        """Return the number of clients."""
        return len(self.client_id)


@dataclass(frozen=True, slots=True)
class Population:
    """Accounts and clients of one bank."""

    accounts: Accounts
    clients: Clients


def scaled(figure: int, scale: float) -> int:
    """Return a published count at a scale."""
    return max(1, round(figure * scale))


def make_population(scale: float, seed: int) -> Population:
    """Draw the bank's accounts and clients; scale 1 is 4,500 accounts and 5,369 clients."""
    rng = stream(seed, "population")
    count = max(SMALLEST, scaled(published.ACCOUNTS, scale))
    shared = rng.permutation(count)[: max(1, round(published.DISPONENTS * count / published.ACCOUNTS))]
    clients_of = np.ones(count, dtype=np.int64)
    clients_of[shared] = 2
    account_of = np.repeat(np.arange(count, dtype=np.int64), clients_of)
    is_owner = np.ones(len(account_of), dtype=np.bool_)
    is_owner[1:] = account_of[1:] != account_of[:-1]
    district = _branch_districts(rng, count)
    accounts = Accounts(
        account_id=gapped_ids(rng, count, 2.53),
        district=district,
        frequency=_frequencies(rng, count),
        opened=_opening_days(rng, count),
        owner=np.flatnonzero(is_owner).astype(np.int64),
    )
    return Population(accounts, _clients(rng, account_of, is_owner, district))


def _frequencies(rng: np.random.Generator, count: int) -> IntArray:
    return shuffled_shares(rng, dict(enumerate(published.FREQUENCIES.values())), count)


def _branch_districts(rng: np.random.Generator, count: int) -> IntArray:
    """Draw districts: Prague has an eighth of the accounts, the others unequal parts of the rest."""
    others = np.random.default_rng(77).gamma(6.0, 1.0, published.DISTRICTS - 1)
    weight = np.concatenate([[published.PRAGUE], (1 - published.PRAGUE) * others / others.sum()])
    return (rng.choice(published.DISTRICTS, count, p=weight) + 1).astype(np.int64)


def _opening_days(rng: np.random.Generator, count: int) -> IntArray:
    """Draw openings year by year in the published proportion, spread evenly over each year."""
    days: list[IntArray] = []
    for year, opened in shares(published.ACCOUNTS_OPENED, count).items():
        length = 363
        spread = ((np.arange(opened) + rng.random(opened)) / max(opened, 1) * length).astype(np.int64)
        days.append(int(day_number(np.array([year]), np.array([1]), np.array([1]))[0]) + spread)
    every = np.concatenate(days)
    every[0] = 0  # the first line of the oldest day
    return rng.permutation(every)


def _clients(
    rng: np.random.Generator, account_of: IntArray, is_owner: BoolArray, district: IntArray
) -> Clients:
    count = len(account_of)
    decades = list(published.OWNERS_BORN_BY_DECADE)
    ends = [*decades[1:], published.LAST_BIRTH_YEAR + 1]
    decade = pick(rng, published.OWNERS_BORN_BY_DECADE, count)
    first, end = np.array(decades)[decade], np.array(ends)[decade]
    disp_id = gapped_ids(rng, count, 2.55)
    lives_elsewhere = rng.random(count) >= published.OWNER_LIVES_AT_THE_BRANCH
    elsewhere = rng.integers(1, published.DISTRICTS + 1, count)
    return Clients(
        client_id=disp_id + np.where(np.arange(count) < OFFSET_SHARE * count, 0, ID_OFFSET),
        disp_id=disp_id,
        account=account_of,
        is_owner=is_owner,
        female=rng.random(count) < published.WOMEN,
        birth_year=rng.integers(first, end).astype(np.int64),
        birth_month=rng.integers(1, 13, count),
        birth_day=rng.integers(1, 29, count),
        district=np.where(lives_elsewhere, elsewhere, district[account_of]).astype(np.int64),
    )
