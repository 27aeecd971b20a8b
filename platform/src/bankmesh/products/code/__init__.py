"""Versions of the code that makes a product, and whether that code is repeatable."""
