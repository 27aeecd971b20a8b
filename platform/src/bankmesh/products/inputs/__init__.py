"""Inputs of a product: declared, pinned to one version, and compared by partition."""
