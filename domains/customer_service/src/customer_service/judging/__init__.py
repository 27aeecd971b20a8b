"""How good a model is, in figures with their uncertainty: pure functions, and the rows that publish them."""
