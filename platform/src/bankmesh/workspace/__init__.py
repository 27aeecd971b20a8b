"""The workspace as files: domains, contracts, references between products, and stages of life."""
