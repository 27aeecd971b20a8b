"""Scaffolding of new products: contract, transform and test, ready to materialise and to extend."""
