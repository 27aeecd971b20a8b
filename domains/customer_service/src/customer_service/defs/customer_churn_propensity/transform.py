"""How likely each party's inflow is to fall away."""

import polars as pl

from customer_service.churn.experiment import known_days, prepare
from customer_service.churn.model import train_churn
from customer_service.churn.scoring import SCHEMA, scores


def customer_churn_propensity(
    transactions: pl.LazyFrame, accounts: pl.LazyFrame, parties: pl.LazyFrame, interactions: pl.LazyFrame
) -> pl.LazyFrame:
    """One row per party; none while no day of bookings is complete.

    The features are one lazy plan for each cut-off; the model that they go through is opaque.
    """
    days = known_days(transactions)
    if days is None:
        return pl.LazyFrame(schema=SCHEMA)
    experiment = prepare(transactions, accounts, parties, interactions, days)
    return scores(experiment, train_churn(experiment.training)).lazy()
