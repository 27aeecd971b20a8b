"""Governed reading: who may read which columns and rows of a product, for which purpose, and the one way to them."""
