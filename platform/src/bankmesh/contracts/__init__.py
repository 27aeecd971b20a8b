"""Data contracts: strict reading, validation, comparison, and compilation to the checks that enforce them."""
