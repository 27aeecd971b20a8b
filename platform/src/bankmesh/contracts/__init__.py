"""Data contracts: read strictly, validated, compared, and compiled to what enforces them."""
