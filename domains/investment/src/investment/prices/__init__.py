"""How market prices are put together: quotes of each kind, vintages, returns, flags and names."""
