"""Accuracy of models, in figures with their uncertainty: pure functions, and the rows that publish the figures."""
