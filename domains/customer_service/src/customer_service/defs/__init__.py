"""The components of the customer service domain."""
