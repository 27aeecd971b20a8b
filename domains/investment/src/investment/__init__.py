"""The investment domain: market prices, trade executions, portfolio holdings and market risk."""
