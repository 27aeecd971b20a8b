"""Full-text search over the index: query, matching, ranking and highlighting."""
