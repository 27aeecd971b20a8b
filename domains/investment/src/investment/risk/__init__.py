"""Risk of instruments and portfolios: features as lazy plans, methods as plain functions of arrays."""
