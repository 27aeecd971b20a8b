"""Masks: how the values of a masked column are replaced, and the keys of pseudonyms."""
