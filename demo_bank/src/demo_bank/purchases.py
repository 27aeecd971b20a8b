"""Purchases at merchants, settled by the card scheme: they are not in the transaction file.

Merchant category codes are of ISO 18245; the merchants are made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from demo_bank.calendar_days import MONTH_STARTS, MONTHS, yymmdd
from demo_bank.draws import FloatArray, IntArray, stream
from demo_bank.permutation import IdPermutation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo_bank.lending import Cards

PURCHASES_A_MONTH: Final = 5.0
IDS_FOR_A_CARD: Final = 72 * 40


@dataclass(frozen=True, slots=True)
class Category:
    """A merchant category: its code, frequency, median amount in crowns, and merchants."""

    mcc: str
    weight: float
    median: float
    merchants: tuple[str, ...]


CATEGORIES: Final = (
    Category("5411", 22, 320, ("Potraviny U Lipy", "Samoobsluha Jablko", "Vesna Market", "Trh Na Rohu")),
    Category("5462", 5, 70, ("Pekarna Zlaty Klas", "Pekarstvi Houska")),
    Category("5499", 4, 150, ("Zdravy Kout", "Lahudky Pod Vezi")),
    Category("5812", 9, 310, ("Hostinec U Tri Ryb", "Restaurace Modry Dvur", "Jidelna Na Kopci")),
    Category("5813", 4, 180, ("Pivnice Stary Sud", "Vinarna U Reky")),
    Category("5814", 4, 110, ("Rychle Sousto", "Bistro Nadrazi")),
    Category("5541", 9, 620, ("Cerpaci Stanice Sever", "Benzina Luh", "Pumpa Na Krizovatce")),
    Category("4111", 4, 60, ("Mestska Doprava Lanov", "Autobusy Podhori")),
    Category("4112", 3, 190, ("Drahy Stredozemi", "Lokalka Horni Udoli")),
    Category("4121", 2, 170, ("Taxi Kometa",)),
    Category("4511", 0.5, 5200, ("Aerolinie Vlastovka",)),
    Category("7011", 1.5, 1400, ("Hotel Pod Lesem", "Penzion Sluneta")),
    Category("5311", 5, 780, ("Obchodni Dum Korunka", "Dum Nakupu Orion")),
    Category("5651", 5, 890, ("Odevy Jasna", "Moda Pro Vsechny")),
    Category("5661", 3, 740, ("Obuv Krok", "Boty Pelikan")),
    Category("5712", 1, 4300, ("Nabytek Dubina",)),
    Category("5732", 2, 3100, ("Elektro Jiskra", "Radio Televize Tesar")),
    Category("5251", 2, 420, ("Zelezarstvi Kladivo",)),
    Category("5912", 4, 160, ("Lekarna U Labute", "Lekarna Na Namesti")),
    Category("5942", 2, 240, ("Knihy Zalozka",)),
    Category("5977", 2, 210, ("Drogerie Kopretina",)),
    Category("7230", 1, 260, ("Kadernictvi Ladena",)),
    Category("7832", 2, 90, ("Kino Hvezdarna",)),
    Category("7997", 1, 450, ("Sportovni Klub Vichr",)),
    Category("8011", 0.7, 350, ("Ordinace Dr. Javorova",)),
    Category("4814", 2, 540, ("Telefony Ozvena",)),
    Category("6300", 0.8, 1150, ("Pojistovna Stit",)),
)


def _merchants() -> tuple[FloatArray, FloatArray, pl.Series, pl.Series]:
    """Return, per merchant: cumulative weight, median, code and name."""
    rows = [(c.weight / len(c.merchants), c.median, c.mcc, name) for c in CATEGORIES for name in c.merchants]
    weight = np.array([row[0] for row in rows])
    codes, names = pl.Series([row[2] for row in rows]), pl.Series([row[3] for row in rows])
    return np.cumsum(weight / weight.sum()), np.array([row[1] for row in rows]), codes, names


def purchase_months(seed: int, cards: Cards) -> Iterator[pl.DataFrame]:
    """Yield each month's purchases by day: purchase_id, card_id, date, amount in crowns, mcc, merchant."""
    likely, median, codes, names = _merchants()
    habit = stream(seed, "purchase habits").gamma(2.5, PURCHASES_A_MONTH / 2.5, len(cards.card_id))
    ids = IdPermutation(len(cards.card_id) * IDS_FOR_A_CARD, seed + 1)
    given = 0
    for month in range(MONTHS):
        rng = stream(seed, f"purchases {month}")
        card, day = _when(rng, cards, habit, month)
        merchant = np.searchsorted(likely, rng.random(len(card))).clip(0, len(median) - 1)
        amount = np.maximum(median[merchant] * rng.lognormal(0.0, 0.6, len(card)), 5.0)
        yield pl.DataFrame(
            {
                "purchase_id": ids(np.arange(given, given + len(card), dtype=np.int64)),
                "card_id": cards.card_id[card],
                "date": yymmdd(day),
                "amount": np.round(amount * 10) / 10,
                "mcc": codes.gather(merchant),
                "merchant": names.gather(merchant),
            }
        )
        given += len(card)


def _when(rng: np.random.Generator, cards: Cards, habit: FloatArray, month: int) -> tuple[IntArray, IntArray]:
    """Return card positions and days of the month's purchases, by day; none on or before the day of issue."""
    times = np.where(cards.issued < MONTH_STARTS[month + 1], np.minimum(rng.poisson(habit), 40), 0)
    card = np.repeat(np.arange(len(habit), dtype=np.int64), times)
    day = rng.integers(MONTH_STARTS[month], MONTH_STARTS[month + 1], len(card))
    after_issue = day > cards.issued[card]
    card, day = card[after_issue], day[after_issue]
    order = np.argsort(day << 20 | rng.integers(0, 1 << 20, len(day)), kind="stable")
    return card[order], day[order]
