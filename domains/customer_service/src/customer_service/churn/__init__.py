"""Inflow attrition: cut-off days, features of parties on these days, and a model of the outcome."""
