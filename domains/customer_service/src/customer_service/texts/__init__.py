"""Sentiment and intent of texts."""
