"""Delivery of alerts: messages, routes, and the outbox of what is due and what was sent."""
