"""Propensity of each party to inflow attrition."""

import polars as pl

from customer_service.churn.experiment import known_days, prepare
from customer_service.churn.model import train_churn
from customer_service.churn.scoring import SCHEMA, scores


def customer_churn_propensity(
    transactions: pl.LazyFrame, accounts: pl.LazyFrame, parties: pl.LazyFrame, interactions: pl.LazyFrame
) -> pl.LazyFrame:
    """Return one row per party; none while no day of bookings is complete.

    The features are one lazy plan for each cut-off; the model is opaque. Parties are joined to its scores in the plan,
    so that the lineage of the party's own columns is known.
    """
    days = known_days(transactions)
    if days is None:
        return pl.LazyFrame(schema=SCHEMA)
    experiment = prepare(transactions, accounts, parties, interactions, days)
    found = scores(experiment, train_churn(experiment.training)).lazy()
    return parties.select("party_id").join(found, on="party_id", how="inner", validate="1:1").sort("party_id")
