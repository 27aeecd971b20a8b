"""New products: contract, transform and test in the right places, ready to materialise and to grow."""
