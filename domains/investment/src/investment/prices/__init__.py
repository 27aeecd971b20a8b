"""Parts of market prices: quotes of each kind, vintages, returns, flags and names."""
