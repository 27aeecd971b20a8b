"""What changed between two versions of a product: counts, schema, partitions, and examples that hide what they must."""
