"""The bank that every export is written from: what does not grow with time."""

from __future__ import annotations

from dataclasses import dataclass

from demo_bank.lending import Cards, Loans, make_cards, make_loans
from demo_bank.population import Population, make_population
from demo_bank.standing import Habits, Orders, make_habits, make_orders


@dataclass(frozen=True, slots=True)
class Bank:
    """The parts of a bank that do not grow with time."""

    population: Population
    loans: Loans
    cards: Cards
    orders: Orders
    habits: Habits


def make_bank(*, scale: float, seed: int) -> Bank:
    """Draw the bank; scale 1 is 4,500 accounts."""
    population = make_population(scale, seed)
    loans = make_loans(population, scale, seed)
    orders = make_orders(population, loans, seed)
    habits = make_habits(population, loans, orders, seed)
    return Bank(population, loans, make_cards(population, scale, seed), orders, habits)
