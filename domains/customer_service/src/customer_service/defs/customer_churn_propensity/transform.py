"""How likely each party's inflow is to fall away."""

import polars as pl

from customer_service.churn.experiment import known_days, prepare
from customer_service.churn.model import train_churn
from customer_service.churn.scoring import SCHEMA, scores


def customer_churn_propensity(
    transactions: pl.LazyFrame, accounts: pl.LazyFrame, parties: pl.LazyFrame, interactions: pl.LazyFrame
) -> pl.LazyFrame:
    """One row per party; none while no day of bookings is complete.

    The features are one lazy plan for each cut-off; the model that they go through is opaque. Parties are joined to
    what it says, so that lineage knows whose scores they are.
    """
    days = known_days(transactions)
    if days is None:
        return pl.LazyFrame(schema=SCHEMA)
    experiment = prepare(transactions, accounts, parties, interactions, days)
    found = scores(experiment, train_churn(experiment.training)).lazy()
    return parties.select("party_id").join(found, on="party_id", how="inner", validate="1:1").sort("party_id")
